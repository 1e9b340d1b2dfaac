/** Fifty clients publish the same at once, through several processes on one database: one entry, fifty equal answers. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Answered, type Ask, httpClient } from '../client.js';
import { freePort, openFolder, type Server, untilItAnswers } from '../doors/children.js';
import { startHttp } from '../doors/gateways.js';
import { entry, feedOf, linkHeader, pathOf, problemOf, TYPE } from '../suite/atom.js';

const CLIENTS = 50;
const PROCESSES = 3;
/** Each a race of its own. */
const ROUNDS = 5;
/** The same for all, since answers have links in them. */
const HOST = { host: 'bus.example' };

const servers: Server[] = [];
const asks: Ask[] = [];

before(async () => {
  const database = join(openFolder(), 'bus.db');
  for (let count = 0; count < PROCESSES; count += 1) {
    const port = await freePort();
    const server = startHttp({ database }, port);
    servers.push(server);
    asks.push(httpClient(port));
    await untilItAnswers(asks[count]!, { atommq: server });
  }
});
after(() => Promise.all(servers.map((server) => server.stop())));

/** All clients at once, through one process after the other. */
function allPublish(feed: string, body: (client: number) => string, headers = {}): Promise<Answered[]> {
  return Promise.all(
    Array.from({ length: CLIENTS }, (_, client) =>
      asks[client % PROCESSES]!('POST', `/atommq/feed=${feed}`, {
        body: body(client),
        headers: { ...TYPE, ...HOST, ...headers },
      }),
    ),
  );
}

/** What may not differ between answers; only one of them may be that of the original. */
function equalAnswers(answers: Answered[]): void {
  const [first] = answers;
  for (const { status, headers, text } of answers) {
    assert.equal(status, 201, text);
    for (const name of ['location', 'content-location', 'etag', 'content-type']) {
      assert.ok(headers[name], name);
      assert.equal(headers[name], first!.headers[name], name);
    }
    assert.equal(text, first!.text);
  }
  assert.equal(answers.filter(({ headers }) => headers['idempotency-replayed'] === undefined).length, 1);
}

/** How many entries every process sees in a feed. */
async function counts(feed: string): Promise<number[]> {
  return Promise.all(
    asks.map(async (ask) => {
      let count = 0;
      for (let path: string | undefined = `/atommq/feed=${feed}`; path !== undefined; ) {
        const page: Answered = await ask('GET', path, { headers: HOST });
        count += (await feedOf(page)).entries.length;
        const next: string | undefined = linkHeader(page).next;
        path = next === undefined ? undefined : pathOf(next);
      }
      return count;
    }),
  );
}

const everywhere = (count: number) => new Array<number>(PROCESSES).fill(count);

test('the same id', async () => {
  for (let round = 1; round <= ROUNDS; round += 1) {
    equalAnswers(await allPublish('ids', () => entry(`<id>urn:x:${round}</id><title>${round}</title>`)));
    assert.deepEqual(await counts('ids'), everywhere(round));
  }
});

test('the same Idempotency-Key', async () => {
  for (let round = 1; round <= ROUNDS; round += 1) {
    const headers = { 'idempotency-key': `"k-${round}"` };
    equalAnswers(await allPublish('keys', () => entry(`<title>${round}</title>`), headers));
    assert.deepEqual(await counts('keys'), everywhere(round));
  }
});

test('the same batch', async () => {
  const batch = `<feed xmlns="http://www.w3.org/2005/Atom">${[1, 2, 3].map((n) => entry(`<id>urn:x:${n}</id><title>${n}</title>`)).join('')}</feed>`;
  const answers = await allPublish('batches', () => batch);
  for (const { status, text } of answers) assert.equal(status, 201, text);
  assert.equal(answers.filter(({ headers }) => headers['idempotency-replayed'] === undefined).length, 1);
  assert.deepEqual(await counts('batches'), everywhere(3));
});

test('the same id for different content', async () => {
  for (let round = 1; round <= ROUNDS; round += 1) {
    const answers = await allPublish('conflicts', (client) => entry(`<id>urn:x:${round}</id><title>${client}</title>`));
    assert.equal(answers.filter(({ status }) => status === 201).length, 1);
    for (const answer of answers) if (answer.status !== 201) problemOf(answer, 409);
    assert.deepEqual(await counts('conflicts'), everywhere(round));
  }
});

test('the same expected position', async () => {
  const feed = '/atommq/feed=expected';
  await asks[0]!('POST', feed, { body: entry(''), headers: TYPE });
  for (let round = 2; round <= ROUNDS; round += 1) {
    const { headers } = await asks[0]!('GET', feed);
    const answers = await allPublish('expected', (client) => entry(`<title>${client}</title>`), {
      'if-match': headers.etag,
    });
    assert.equal(answers.filter(({ status }) => status === 201).length, 1);
    for (const answer of answers) if (answer.status !== 201) problemOf(answer, 412);
    assert.deepEqual(await counts('expected'), everywhere(round));
  }
});

test('different ids', async () => {
  const answers = await allPublish('different', (client) => entry(`<id>urn:x:${client}</id>`));
  for (const { status, text } of answers) assert.equal(status, 201, text);
  assert.deepEqual(await counts('different'), everywhere(CLIENTS));
});
