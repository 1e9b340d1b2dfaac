/** A property (section 2): any well-formed entry that is accepted comes back canonically equal, wherever it is read. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Door, eachDoor, unlessThere } from '../doors/all.js';
import { pathOf } from './atom.js';
import { type CanonicalEntry, canonicalEntries, preserved } from './canonical.js';
import { bodyOf, type Encoding, type Sent, sentEntry, textOf } from './entries.js';

const without = unlessThere('xmllint');
const seed = Number(process.env.ATOMMQ_TEST_SEED ?? (Date.now() ^ process.pid) & 0x7fffffff);

/** How many cases: a CGI script starts anew for each of a case's dozen requests. */
function runsOf(door: string): number {
  const asked = process.env.ATOMMQ_TEST_RUNS;
  if (asked !== undefined) return Number(asked);
  return door === 'in process' ? 150 : /\bCGI\b/.test(door) ? 6 : 30;
}

let feeds = 0;

eachDoor((at, { name }) => {
  test('entries come back canonically equal', { skip: without }, async (t) => {
    const numRuns = runsOf(name);
    t.diagnostic(`${numRuns} cases of ATOMMQ_TEST_SEED=${seed}`);
    await fc.assert(
      fc.asyncProperty(fc.array(sentEntry, { minLength: 1, maxLength: 3 }), sentEntry, async (entries, revision) => {
        feeds += 1;
        await alone(at(), `alone-${feeds}`, entries, revision);
        await batch(at(), `batch-${feeds}`, entries);
      }),
      { seed, numRuns, ...(process.env.ATOMMQ_TEST_PATH === undefined ? {} : { path: process.env.ATOMMQ_TEST_PATH }) },
    );
  });
});

/** One by one: each as it is created, at its own address, in the feed, and the first of them revised. */
async function alone(door: Door, feed: string, entries: Sent[], revision: Sent): Promise<void> {
  const expected = entries.map((sent, index) => canonical(textOf(sent, idOf(sent, index))));
  const locations: string[] = [];
  for (const [index, sent] of entries.entries()) {
    const text = textOf(sent, idOf(sent, index));
    const { text: shown, headers } = await send(door, 'POST', `/atommq/feed=${feed}`, text, sent.encoding, 201);
    preserved(canonicalEntries(shown)[0], expected[index]!, `created: ${shown}`);
    locations.push(pathOf(headers.location));
  }
  for (const [index, path] of locations.entries()) await same(door, path, [expected[index]!]);
  await same(door, `/atommq/feed=${feed}`, expected);

  const text = textOf(revision);
  expected[0] = canonical(text);
  const { text: shown } = await send(door, 'PUT', locations[0]!, text, revision.encoding, 200);
  preserved(canonicalEntries(shown)[0], expected[0], `revised: ${shown}`);
  await same(door, locations[0]!, [expected[0]]);
  await same(door, `/atommq/feed=${feed}`, expected);
}

/** All of them in one document, which declares what the first of them uses. */
async function batch(door: Door, feed: string, all: Sent[]): Promise<void> {
  const entries = all.filter(({ root }) => root !== 'bare');
  const [first, ...others] = entries;
  if (first === undefined) return;
  const expected = entries.map((sent, index) => canonical(textOf(sent, idOf(sent, index))));
  const inherited = ' xml:lang="en"';
  for (const entry of expected) {
    if (!entry.attributes.some((attribute) => attribute.startsWith('xml:lang=')))
      entry.attributes.push(inherited.trim());
  }
  const prefix = first.root === 'prefixed' ? 'atom:' : '';
  const members = [
    textOf({ ...first, atom: '', declared: '' }, idOf(first, 0)),
    ...others.map((sent, index) => textOf({ ...sent, declared: declaredAnew(sent) }, idOf(sent, index + 1))),
  ];
  const text = `<${prefix}feed${first.atom}${first.declared}${inherited}>${members.join('\n')}</${prefix}feed>`;
  const encoding = entries.find((sent) => sent.encoding === 'iso-8859-1') === undefined ? first.encoding : 'utf-8';
  const { text: shown } = await send(
    door,
    'POST',
    `/atommq/feed=${feed}`,
    text,
    encoding === 'iso-8859-1' ? 'utf-8' : encoding,
    201,
  );
  compared(shown, expected, 'the answer to a batch');
  await same(door, `/atommq/feed=${feed}`, expected);
}

/** An entry without a default namespace has none in a feed that has one, either. */
function declaredAnew({ root, declared }: Sent): string {
  return root === 'prefixed' && !/ xmlns=/.test(declared) ? `${declared} xmlns=""` : declared;
}

function idOf({ id, name }: Sent, index: number): string {
  const element = name.replace('entry', 'id');
  return id === undefined ? '' : `<${element}>${id}${index}</${element}>`;
}

function canonical(text: string): CanonicalEntry {
  const [entry] = canonicalEntries(text);
  assert.ok(entry, text);
  const { attributes, children } = entry;
  // What the server's own elements are, it says itself (section 2).
  return { attributes, children };
}

async function send(door: Door, method: string, path: string, text: string, encoding: Encoding, status: number) {
  const { body, type } = bodyOf(text, encoding);
  const answer = await door.ask(method, path, { body, headers: { 'content-type': type } });
  assert.equal(answer.status, status, `${answer.text}\n${text}`);
  return answer;
}

async function same(door: Door, path: string, expected: CanonicalEntry[]): Promise<void> {
  const { status, text } = await door.ask('GET', path);
  assert.equal(status, 200, text);
  compared(text, expected, path);
}

function compared(document: string, expected: CanonicalEntry[], where: string): void {
  const got = canonicalEntries(document);
  assert.equal(got.length, expected.length, where);
  for (const [index, entry] of expected.entries()) preserved(got[index], entry, `${where}, ${index}: ${document}`);
}
