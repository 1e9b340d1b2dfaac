/** Records in any order, and bytes that are almost records, to a FastCGI server of its own: it goes on and answers no 500. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { root } from '../doors/children.js';
import { temporaryFolder } from '../fixture.js';
import { FastCgiClient, params, request } from '../gateway/fastcgi-client.js';
import { endAll, start, stop } from '../server.js';
import { type Damage, damaged, damages, fuzz, pieces } from './fuzz.js';
import { send } from './sender.js';

const ENTRY = '<entry xmlns="http://www.w3.org/2005/Atom"><title>a</title></entry>';
const path = join(temporaryFolder(), 's');
let server: ReturnType<typeof start>;

before(async () => {
  const database = join(temporaryFolder(), 'bus.db');
  server = start(join(root, 'bin/atommq'), ['--gateway', 'fastcgi', '--socket', path, '--database', database]);
  for (let i = 0; !/listening/.test(server.said()); i += 1) {
    assert.ok(i < 200, server.said());
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.ok(existsSync(path));
});
after(endAll);

/** One record: any type and number, any padding, sometimes of another version or with a length that is a lie. */
const record = fc
  .record({
    version: fc.oneof(
      { weight: 30, arbitrary: fc.constant(1) },
      { weight: 1, arbitrary: fc.integer({ max: 255, min: 0 }) },
    ),
    type: fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 1, max: 11 }) }, { weight: 1, arbitrary: fc.nat(255) }),
    id: fc.oneof({ weight: 9, arbitrary: fc.nat(3) }, { weight: 1, arbitrary: fc.nat(65_535) }),
    content: fc.oneof(fc.constant(Buffer.alloc(0)), fc.uint8Array({ maxLength: 40 }), fc.constant(Buffer.alloc(8, 1))),
    padding: fc.nat(9),
    lie: fc.oneof({ weight: 20, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: -5, max: 5 }) }),
  })
  .map(({ version, type, id, content, padding, lie }) => {
    const length = Math.max(0, content.length + lie);
    const header = Buffer.from([version, type, id >> 8, id & 255, length >> 8, length & 255, padding, 0]);
    return Buffer.concat([header, content, Buffer.alloc(padding)]);
  });

const VALUES: Record<string, string>[] = [
  { REQUEST_URI: '/atommq/feed=a' },
  { REQUEST_URI: '/atommq/feed=a?start_at=last', REQUEST_METHOD: 'HEAD' },
  { REQUEST_METHOD: 'POST', REQUEST_URI: '/atommq/feed=a', CONTENT_LENGTH: String(ENTRY.length) },
  { REQUEST_METHOD: 'POST', REQUEST_URI: '/atommq/feed=a', CONTENT_LENGTH: '1' },
  {
    REQUEST_METHOD: 'POST',
    REQUEST_URI: '/atommq/feed=a',
    CONTENT_LENGTH: '',
    CONTENT_TYPE: 'text/xml; charset="utf-16',
  },
  { REQUEST_METHOD: 'DELETE', REQUEST_URI: '/atommq/feed=a/entries/%', HTTP_IF_MATCH: '"' },
  { REQUEST_METHOD: '', REQUEST_URI: '', SCRIPT_NAME: '', PATH_INFO: '', SERVER_NAME: '', SERVER_PORT: '' },
  {
    REQUEST_METHOD: 'get\r\nX: y',
    REQUEST_URI: '/atommq/\r\n',
    HTTP_HOST: 'a\r\nX: y',
    HTTP_: 'x',
    HTTP___PROTO__: 'x',
  },
  { __proto__x: 'y', constructor: 'x', HTTP_CONSTRUCTOR: 'x', toString: 'x', REQUEST_URI: '/atommq/__proto__' },
];

/** A whole request, its parameters in records of any size. */
const whole = fc
  .record({
    id: fc.integer({ min: 1, max: 3 }),
    keep: fc.boolean(),
    values: fc.constantFrom(...VALUES),
    size: fc.integer({ min: 1, max: 200 }),
    body: fc.constantFrom('', ENTRY, '<entry', '<!DOCTYPE a []><a/>'),
  })
  .map(({ id, keep, values, size, body }) => {
    const all = request(id, keep, values, body);
    const some = params(id, values);
    const at = all.indexOf(some);
    return Buffer.concat([all.subarray(0, at), params(id, values, size), all.subarray(at + some.length)]);
  });

const TOKENS = [
  '\x01\x01',
  '\x01\x02\0\x01',
  '\x01\x04\0\x01\0\0\0\0',
  '\x01\x05\0\x01\0\0\0\0',
  '\xff\xff',
  '\0\0',
  '\x80',
];

test('damaged requests and records in any order', async (t) => {
  const input = fc.record({
    parts: fc.array(fc.oneof(whole, record), { minLength: 1, maxLength: 12 }),
    done: fc.oneof(fc.constant<Damage[]>([]), damages(TOKENS)),
    cuts: fc.array(fc.nat(4000), { maxLength: 4 }),
    leaving: fc.constantFrom('ends' as const, 'vanishes' as const),
  });
  await fuzz(t, input, async ({ parts, done, cuts, leaving }) => {
    const said = await send({ path }, pieces(damaged(Buffer.concat(parts), done), cuts), leaving);
    assert.equal(server.exitCode, null, server.said());
    // An answer in which a field could be smuggled would have one of these.
    assert.doesNotMatch(said.toString('latin1'), /Status: 5\d\d |^X: y/m);
  });
  await stillGood();
});

test('bytes of no kind at all, which may begin as a record does', async (t) => {
  const input = fc.tuple(fc.constantFrom('', '\x01', '\x01\x01\0\x01\0\x08\0\0'), fc.uint8Array({ maxLength: 3000 }));
  await fuzz(t, input, async ([start, bytes]) => {
    await send({ path }, [Buffer.concat([Buffer.from(start, 'latin1'), bytes])], 'ends');
    assert.equal(server.exitCode, null, server.said());
  });
  await stillGood();
  assert.equal(await stop(server), 0, 'it ends cleanly after all this');
  assert.doesNotMatch(server.said(), / (warning|error) /, 'and has not complained');
});

/** The same process stores and answers. */
async function stillGood(): Promise<void> {
  const client = new FastCgiClient(path);
  const values = { REQUEST_METHOD: 'POST', REQUEST_URI: '/atommq/feed=good', CONTENT_LENGTH: String(ENTRY.length) };
  client.send(request(1, true, values, ENTRY), request(2, true, { REQUEST_URI: '/atommq/' }));
  assert.match((await client.answer(1)).output, /^Status: 201 /);
  assert.match((await client.answer(2)).output, /^Status: 200 /);
  await client.close();
}
