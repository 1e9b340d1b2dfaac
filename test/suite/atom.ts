/** What the suite's cases say over and over: entries to publish, and what answers are looked at for. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { parseStringPromise } from 'xml2js';
import type { Answered } from '../client.js';
import type { Door } from '../doors/all.js';
import { missing, PATH } from '../doors/children.js';

export const ATOM = 'http://www.w3.org/2005/Atom';
export const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
export const TYPE = { 'content-type': 'application/atom+xml' };

/** An Atom entry with these children. */
export function entry(children = ''): string {
  return `<entry xmlns="${ATOM}">${children}</entry>`;
}

/** The path, with its query, of an address that the application gave out. */
export function pathOf(url: string | undefined): string {
  assert.ok(url, 'an address is missing');
  return url.replace(/^https?:\/\/[^/]*/, '');
}

/** Publishes an entry with this title, and gives its answer, which must be a 201. */
export async function publish(door: Door, feed: string, children: string, headers = {}): Promise<Answered> {
  const answer = await door.ask('POST', `/atommq/feed=${feed}`, {
    body: entry(children),
    headers: { ...TYPE, ...headers },
  });
  assert.equal(answer.status, 201, answer.text);
  return answer;
}

/** An element as far as the suite looks at it. */
export interface SeenEntry {
  id: string;
  title: string;
  published: string;
  updated: string;
  edited: string;
  links: Record<string, string>;
}

export interface SeenFeed {
  links: Record<string, string>;
  entries: SeenEntry[];
  /** `ref` and `when` of each `at:deleted-entry`. */
  deleted: { ref: string; when: string }[];
}

/** A document as xml2js sees it. */
// biome-ignore lint/suspicious/noExplicitAny: xml2js gives whatever the document holds
type Seen = any;

/** A feed document that is what it should be: served as Atom, and accepted by xmllint. */
export async function feedOf(answer: Answered): Promise<SeenFeed> {
  assert.equal(answer.status, 200, answer.text);
  assert.match(answer.headers['content-type'] ?? '', /^application\/atom\+xml; ?type=feed\b/);
  lint(answer.text);
  const { feed } = (await parseStringPromise(answer.text)) as Seen;
  assert.equal(feed.$.xmlns, ATOM);
  for (const needed of ['id', 'title', 'updated', 'author']) assert.equal(feed[needed]?.length, 1, `one ${needed}`);
  return {
    links: linksOf(feed),
    entries: (feed.entry ?? []).map(seenEntry),
    deleted: (feed['at:deleted-entry'] ?? []).map((element: Seen) => element.$),
  };
}

/** An entry document. */
export async function entryOf(answer: Answered): Promise<SeenEntry> {
  assert.match(answer.headers['content-type'] ?? '', /^application\/atom\+xml; ?type=entry\b/);
  lint(answer.text);
  return seenEntry(((await parseStringPromise(answer.text)) as Seen).entry);
}

function seenEntry(element: Seen): SeenEntry {
  const text = (name: string): string => {
    assert.equal(element[name]?.length, 1, `an entry has one ${name}`);
    const [child] = element[name];
    return typeof child === 'string' ? child : (child._ ?? '');
  };
  return {
    id: text('id'),
    title: text('title'),
    published: text('published'),
    updated: text('updated'),
    edited: text('app:edited'),
    links: linksOf(element),
  };
}

function linksOf(element: Seen): Record<string, string> {
  return Object.fromEntries((element.link ?? []).map(({ $ }: Seen) => [$.rel, $.href]));
}

/** The `Link` header fields by relation. */
export function linkHeader(answer: Answered): Record<string, string> {
  const links = (answer.headers.link ?? '').matchAll(/<([^>]*)>; ?rel="?([^",;]*)"?/g);
  return Object.fromEntries([...links].map(([, href, rel]) => [rel!, href!]));
}

export async function titlesOf(answer: Answered): Promise<string[]> {
  return (await feedOf(answer)).entries.map(({ title }) => title);
}

/** Fails where libxml2 does not accept a document. Without xmllint nothing is looked at: `xmllint.test.ts` says so. */
export function lint(document: string | Uint8Array): void {
  if (missing(['xmllint']).length > 0) return;
  const { status, stderr } = xmllint(['--noout'], document);
  assert.equal(status, 0, `${stderr}\n${document}`);
}

export function xmllint(flags: string[], document: string | Uint8Array) {
  const { error, ...result } = spawnSync('xmllint', ['--nonet', ...flags, '-'], {
    input: document,
    encoding: 'utf8',
    env: { ...process.env, PATH },
  });
  if (error !== undefined) throw error;
  return result;
}

/** What would tell a client how we are made: a line of a stack, a path of this machine, a module's name. */
const INSIDE =
  /\n\s+at |node_modules|node:internal|\.[jt]s:\d+|SQLITE_|Knex|(^|[\s"'(])\/(tmp|home|root|opt|usr|var|work)\//;

/** An error in the form that the contract's section 5 gives it; returns the problem document. */
export function problemOf(answer: Answered, status: number): Record<string, unknown> {
  assert.equal(answer.status, status, answer.text.slice(0, 500));
  assert.match(answer.headers['content-type'] ?? '', /^application\/problem\+json/, answer.text.slice(0, 500));
  assert.ok(answer.headers['cache-control'], 'explicit Cache-Control on every answer, errors included');
  assert.doesNotMatch(answer.text, INSIDE);
  const problem = JSON.parse(answer.text) as Record<string, unknown>;
  assert.equal(problem.status, status);
  for (const member of ['type', 'title', 'detail']) assert.equal(typeof problem[member], 'string', member);
  return problem;
}

/** The fields by which caches go, which every page, entry and 304 has. */
export function revalidated({ headers }: Answered): void {
  assert.match(headers['cache-control'] ?? '', /^no-cache$/);
  assert.match(headers.etag ?? '', /^(W\/)?"[^"]+"$/);
  for (const field of ['Accept', 'Accept-Encoding']) {
    assert.ok((headers.vary ?? '').split(/,\s*/).includes(field), `Vary: ${headers.vary} lacks ${field}`);
  }
}
