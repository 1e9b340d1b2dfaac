/** Buses with something in them, for tests of what looks for faults. */
import assert from 'node:assert/strict';
import { AtomMQ } from '../../src/bus.js';
import { parseDatabase } from '../../src/config/database.js';
import { type Database, openDatabase } from '../../src/store/dialect.js';
import { type Client, inProcess } from '../fixture.js';
import { OPTIONS } from '../store/stores.js';

const ATOM = 'xmlns="http://www.w3.org/2005/Atom"';
const HEADERS = { 'content-type': 'application/atom+xml' };
/** More than one chunk, and the last not full. */
const LARGE = Buffer.alloc(200_000, 'Grüße ');

export const entryOf = (inside: string) => `<entry ${ATOM}>${inside}</entry>`;

/** Works with a bus on a database. */
export async function withBus<T>(database: string, work: (ask: Client, bus: AtomMQ) => Promise<T>): Promise<T> {
  const bus = await AtomMQ.open({ database, feeds: [{ match: 'full', max_entries: 40 }], pruneInterval: 86_400 });
  try {
    return await work(inProcess(bus.app), bus);
  } finally {
    await bus.close();
  }
}

/** Works on the tables themselves. */
export async function withTables(database: string, work: (database: Database) => Promise<unknown>): Promise<void> {
  const open = await openDatabase(parseDatabase(database), { ...OPTIONS, asIs: true });
  try {
    await work(open);
  } finally {
    await open.close();
  }
}

/**
 * A feed `full` with one of everything, at positions 7 to 52: six were pruned, 47 was revised, 48 deleted, 49 to 51 are
 * media (of several chunks, of one, empty), 52 is media whose link entry was revised; and a feed `größe` of which
 * something is said.
 */
export function fill(database: string): Promise<void> {
  return withBus(database, async (ask, bus) => {
    const created = async (body: string | Uint8Array, type = HEADERS['content-type'], feed = 'full', more = {}) => {
      const { status, body: answer } = await ask('POST', `/feed=${feed}`, {
        body,
        headers: { 'content-type': type, ...more },
      });
      assert.equal(status, 201, answer);
      return /<(?:a:)?id>(?:urn:uuid:)?([^<]*)</.exec(answer)![1]!;
    };
    const batch = Array.from(
      { length: 45 },
      (_, i) =>
        `<entry><title>n${i}</title><category term="t${i % 3}" scheme="urn:s"/><content>n${i} &gt; 中</content></entry>`,
    );
    await created(entryOf('<title>pruned</title>'));
    await created(`<feed ${ATOM} xml:lang="de" xmlns:x="urn:a&gt;b">${batch.join('')}</feed>`);
    await bus.prune();
    const revised = await created(entryOf('<title>before</title><author><name>A</name></author>'));
    const put = { body: entryOf('<title>after</title><category term="after"/>'), headers: HEADERS };
    assert.equal((await ask('PUT', `/feed=full/entries/${revised}`, put)).status, 200);
    const deleted = await created(entryOf('<title>deleted</title>'));
    assert.equal((await ask('DELETE', `/feed=full/entries/${deleted}`)).status, 200);
    await created(LARGE, 'image/png');
    await created('{"small": true}', 'application/json');
    await created('', 'text/plain');
    const media = await created('text', 'text/plain');
    assert.equal((await ask('PUT', `/feed=full/entries/${media}`, put)).status, 200);
    const name = 'gr%C3%B6%C3%9Fe';
    const said = `<feed ${ATOM}><title>Gesagt</title></feed>`;
    assert.equal((await ask('PUT', `/feed=${name}`, { body: said, headers: HEADERS })).status, 201);
    await created(entryOf('<id>tag:example.org,2011:x&amp;y</id><title>t</title>'), undefined, name);
    await created(entryOf('<a:title xmlns:a="http://www.w3.org/2005/Atom">keyed</a:title>'), undefined, name, {
      'idempotency-key': 'k1',
    });
    const prefixed = '<a:entry xmlns:a="http://www.w3.org/2005/Atom" a="&gt;&quot;\'"><a:title>p</a:title></a:entry>';
    await created(prefixed, undefined, name);
    await created('<entry><title>bare</title><updated>2011-01-01T00:00:00Z</updated></entry>', undefined, name);
  });
}
