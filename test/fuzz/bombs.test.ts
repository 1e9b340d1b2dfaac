/** What is made to fill memory, again and again, to a server of its own: refused each time, nothing stored, memory flat. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type Ask, httpClient } from '../client.js';
import { root } from '../doors/children.js';
import { temporaryFolder } from '../fixture.js';
import { endAll, freePort, start, stop } from '../server.js';

const MIB = 1024 * 1024;
const ATOM = 'xmlns="http://www.w3.org/2005/Atom"';
const entities = Array.from({ length: 9 }, (_, i) => `<!ENTITY e${i + 1} "${`&e${i};`.repeat(10)}">`).join('');
const large = Buffer.alloc(50 * MIB, 'x');
const many = (text: (n: number) => string) => Array.from({ length: 100_000 }, (_, n) => text(n)).join('');

const BOMBS: [string, number, string | Uint8Array | Uint8Array[]][] = [
  ['50 MB', 413, large],
  ['50 MB without a length', 413, Array.from({ length: 50 }, (_, i) => large.subarray(i * MIB, (i + 1) * MIB))],
  ['an entity bomb', 400, `<!DOCTYPE a [<!ENTITY e0 "ha">${entities}]><entry><title>&e9;</title></entry>`],
  ['an external entity', 400, '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///dev/zero">]><entry><title>&e;</title></entry>'],
  ['100,000 levels', 400, `<entry>${'<a>'.repeat(100_000)}${'</a>'.repeat(100_000)}</entry>`],
  ['100,000 levels that each declare', 400, `<entry>${'<a xmlns:b="c">'.repeat(100_000)}`],
  ['100,000 attributes', 400, `<entry ${many((n) => `a${n}="" `)}/>`],
  ['100,000 namespaces', 400, `<entry ${many((n) => `xmlns:a${n}="u" `)}/>`],
  ['a long name', 400, `<entry><${'a'.repeat(3 * MIB)}/></entry>`],
  ['9,999 entries and no end', 400, `<feed ${ATOM}>${'<entry/>'.repeat(9_999)}`],
  ['100,000 entries', 413, `<feed ${ATOM}>${'<entry/>'.repeat(100_000)}</feed>`],
  ['what is not UTF-8, at the end of much that is', 400, Buffer.concat([large.subarray(0, 3 * MIB), Buffer.of(0xff)])],
];

after(endAll);

test('what is made to fill memory does not', async (t) => {
  const port = await freePort();
  const ask = httpClient(port);
  const database = join(temporaryFolder(), 'bus.db');
  const server = start(join(root, 'bin/atommq'), ['--port', String(port), '--database', database]);
  for (let i = 0; (await ask('GET', '/atommq/health/ready').catch(() => undefined))?.status !== 200; i += 1) {
    assert.ok(i < 200, server.said());
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  // The first rounds show how much room the collector of garbage takes to itself.
  for (let i = 0; i < 4; i += 1) await throwAll(ask);
  const before = mostMemory(server.pid!);
  for (let i = 0; i < 6; i += 1) await throwAll(ask);
  const grown = mostMemory(server.pid!) - before;
  t.diagnostic(`at most ${Math.round(before / MIB)} MiB, and ${Math.round(grown / MIB)} more after as many again`);
  assert.ok(grown < 200 * MIB, `${grown} bytes`);
  assert.equal((await ask('GET', '/atommq/feed=bombs')).status, 404, 'nothing is stored');
  assert.equal((await ask('POST', '/atommq/feed=good', { body: '<entry/>' })).status, 201);
  assert.equal(await stop(server), 0, server.said());
});

async function throwAll(ask: Ask): Promise<void> {
  for (const [what, status, body] of BOMBS) {
    const headers = { 'content-type': 'application/atom+xml' };
    const answer = await ask('POST', '/atommq/feed=bombs', { body, headers });
    assert.equal(answer.status, status, `${what}: ${answer.text}`);
    assert.equal(answer.headers['content-type'], 'application/problem+json', what);
  }
}

/** The most memory that a process has had so far, in bytes. */
function mostMemory(pid: number): number {
  return Number(/^VmHWM:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
}
