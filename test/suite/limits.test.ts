/** What is too large, too deep or too much: the same refusal through every door, with the limit's name and value. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { doors, eachDoor } from '../doors/all.js';
import { cgiChild } from '../doors/cgi-child.js';
import { ATOM, entry, problemOf, TYPE } from './atom.js';

const environment = {
  ATOMMQ_MAX_ENTRY_BYTES: '4096',
  ATOMMQ_MAX_MEDIA_BYTES: '8192',
  ATOMMQ_MAX_BATCH_ENTRIES: '3',
  ATOMMQ_MAX_XML_DEPTH: '10',
  ATOMMQ_MAX_XML_ATTRIBUTES: '5',
  ATOMMQ_MAX_QUERY_BYTES: '512',
  ATOMMQ_MAX_HEADER_BYTES: '4096',
};

eachDoor(
  (at, { name }) => {
    const post = (body: string | Uint8Array | Uint8Array[], headers: Record<string, string> = TYPE) =>
      at().ask('POST', '/atommq/feed=limited', { body, headers });
    const refused = (answer: Parameters<typeof problemOf>[0], status: number, limit: number, option: string) => {
      const { detail } = problemOf(answer, status);
      assert.match(String(detail), new RegExp(`\\b${limit}\\b.*\\(${option}\\)`));
      assert.equal(answer.headers['x-content-type-options'], 'nosniff');
    };

    test('an entry, whether its length is known or not', async () => {
      const large = entry(`<title>${'x'.repeat(5000)}</title>`);
      refused(await post(large), 413, 4096, 'max-entry-bytes');
      refused(
        await post([Buffer.from(large.slice(0, 1000)), Buffer.from(large.slice(1000))]),
        413,
        4096,
        'max-entry-bytes',
      );
      assert.equal((await post(entry('<title>x</title>'))).status, 201);
    });

    test('media', async () => {
      const headers = { 'content-type': 'text/csv' };
      refused(await post('x'.repeat(9000), headers), 413, 8192, 'max-media-bytes');
      refused(await post(Array(9).fill(Buffer.alloc(1000, 'x')), headers), 413, 8192, 'max-media-bytes');
      assert.equal((await post('x'.repeat(8000), headers)).status, 201);
    });

    test('a batch', async () => {
      const batch = (count: number) => `<feed xmlns="${ATOM}">${'<entry/>'.repeat(count)}</feed>`;
      refused(await post(batch(4)), 413, 3, 'max-batch-entries');
      assert.equal((await post(batch(3))).status, 201);
    });

    test('elements in elements, and attributes of one', async () => {
      const deep = (levels: number) => entry(`${'<x xmlns="urn:x">'.repeat(levels)}${'</x>'.repeat(levels)}`);
      refused(await post(deep(10)), 400, 10, 'max-xml-depth');
      assert.equal((await post(deep(9))).status, 201);
      const wide = (count: number) =>
        entry(`<x xmlns="urn:x"${Array.from({ length: count - 1 }, (_, i) => ` a${i}="1"`).join('')}/>`);
      refused(await post(wide(6)), 400, 5, 'max-xml-attributes');
      assert.equal((await post(wide(5))).status, 201);
    });

    // In process there is no gateway that could look at them.
    if (name === 'in process') return;

    test('the query', async () => {
      refused(await at().ask('GET', `/atommq/?x=${'y'.repeat(600)}`), 414, 512, 'max-query-bytes');
      assert.equal((await at().ask('GET', `/atommq/?x=${'y'.repeat(500)}`)).status, 200);
    });

    test('the header', async () => {
      const answer = await at().ask('GET', '/atommq/', { headers: { 'x-long': 'x'.repeat(5000) } });
      assert.match(String(problemOf(answer, 431).detail), /\(max-header-bytes\)/);
      assert.equal((await at().ask('GET', '/atommq/', { headers: { 'x-long': 'x'.repeat(2000) } })).status, 200);
    });
  },
  { environment },
);

// A process for each request has nothing to count by.
const lasting = doors.filter((kind) => kind !== cgiChild && !/CGI$/.test(kind.name.replace('FastCGI', '')));

eachDoor(
  (at) => {
    test('more requests than one may have are told when to try again', async () => {
      const ask = () => at().ask('GET', '/atommq/');
      const answers = await Promise.all(Array.from({ length: 40 }, ask));
      const refused = answers.filter(({ status }) => status !== 200);
      assert.ok(refused.length > 0 && refused.length < 40, String(refused.length));
      for (const answer of refused) {
        assert.match(String(problemOf(answer, 429).detail), /2 requests a second \(rate\)/);
        assert.match(answer.headers['retry-after'] ?? '', /^[12]$/);
      }
      for (let i = 0; i < 10; i += 1) assert.equal((await at().ask('GET', '/atommq/health/live')).status, 200);
    });
  },
  { environment: { ATOMMQ_RATE: '2', ATOMMQ_RATE_BURST: '4' } },
  lasting,
);

eachDoor(
  (at) => {
    test('what changes something has a rate of its own', async () => {
      const answers = await Promise.all(
        Array.from({ length: 40 }, () => at().ask('POST', '/atommq/feed=a', { body: entry(), headers: TYPE })),
      );
      const refused = answers.filter(({ status }) => status !== 201);
      assert.ok(refused.length > 0 && refused.length < 40, String(refused.length));
      for (const answer of refused) assert.match(String(problemOf(answer, 429).detail), /\(publish-rate\)/);
      for (let i = 0; i < 10; i += 1) assert.equal((await at().ask('GET', '/atommq/feed=a')).status, 200);
    });
  },
  { environment: { ATOMMQ_PUBLISH_RATE: '2', ATOMMQ_PUBLISH_BURST: '4' } },
  lasting,
);
