/** One entry at its own address: read, revised, deleted (RFC 5023 §9). */
import { asMediaLinkEntry, onlyEntry, storedXml, writeEntry, writeEntryDocument } from '../atom/entry.js';
import { atomIdOfSegment, keyOfAtomId, now, segmentOfAtomId } from '../atom/ids.js';
import type { SentEntry } from '../atom/model.js';
import { HttpError, type HttpRequest, type HttpResponse } from '../http.js';
import type { StoredEntry } from '../store/store.js';
import { prefersMinimal } from './body.js';
import { checkChange, entryTag } from './conditions.js';
import { ATOM_ENTRY, type Context, REVALIDATE, TOMBSTONE } from './context.js';
import { readDocument } from './document.js';
import { ENTRY_FORMATS, formatFor } from './formats.js';
import type { RenderedEntry } from './pages.js';
import { respond } from './representation.js';
import { variantOf } from './variant.js';

/** Which entry of which feed an address names. */
export interface Member {
  feed: string;
  /** The absolute address of the feed. */
  url: string;
  /** The decoded segment: a bare UUID or an `atom:id`. */
  segment: string;
}

/** `GET` and `HEAD`. */
export async function readMember(context: Context, request: HttpRequest, member: Member): Promise<HttpResponse> {
  const format = formatFor(request, ENTRY_FORMATS);
  const { store, pages, settings } = context;
  // The question that polls ask too, shared by all who ask it: an entry is as it was while its feed has no more edits.
  const feed = await store.feed(member.feed);
  if (feed === undefined) throw missing(member);
  const address = `${member.url} ${member.segment} ${format.contentType}`;
  const kept = pages.entry(address, feed);
  if (kept !== undefined) return respond(request, kept);
  const entry = await store.entry(member.feed, keyOf(member));
  if (entry === undefined) throw missing(member);
  if (entry.deleted) throw gone();
  const text = await format.write({ entry, url: member.url, author: settings.author });
  const representation: RenderedEntry = {
    tag: tagOf(context, request, entry, format.suffix),
    headers: { 'content-type': format.contentType, ...REVALIDATE, ...(await format.headers?.()) },
    body: Buffer.from(text),
    modified: entry.editedAt,
    position: entry.position,
    feedId: feed.feedId,
    edits: feed.edits,
  };
  pages.setEntry(address, representation);
  return respond(request, representation);
}

/** `PUT`: a new revision in place. */
export async function reviseMember(context: Context, request: HttpRequest, member: Member): Promise<HttpResponse> {
  const sent = onlyEntry(await readDocument(request, context.settings));
  const entry = await context.store.revise({
    feed: member.feed,
    key: keyOf(member),
    at: now(),
    change: (current, editedAt) => {
      checkStanding(context, request, current);
      const { hasAuthor, categories } = sent;
      return { xml: revisedXml(sent, current, editedAt), hasAuthor, categories };
    },
  });
  if (entry === undefined) throw missing(member);
  const minimal = prefersMinimal(request.headers.prefer);
  return {
    status: 200,
    headers: {
      'content-type': ATOM_ENTRY,
      'content-location': addressOf(member.url, entry.atomId),
      etag: tagOf(context, request, entry),
      'cache-control': 'no-cache',
      ...(minimal ? { 'preference-applied': 'return=minimal' } : {}),
    },
    body: minimal ? '' : writeEntryDocument(entry, member.url, context.settings.author),
  };
}

/** `DELETE`: the content goes, the position stays. */
export function deleteMember(context: Context, request: HttpRequest, member: Member): Promise<HttpResponse> {
  return removeMember(context, member, (current) => checkStanding(context, request, current));
}

/** @param check throws where the entry, as it stands under lock, must stay */
export async function removeMember(
  { store }: Context,
  member: Member,
  check: (current: StoredEntry) => void,
): Promise<HttpResponse> {
  const entry = await store.revise({
    feed: member.feed,
    key: keyOf(member),
    at: now(),
    change: (current) => {
      check(current);
      return undefined;
    },
  });
  if (entry === undefined) throw missing(member);
  return {
    status: 200,
    headers: { 'content-type': TOMBSTONE, 'cache-control': 'no-cache' },
    body: `<?xml version="1.0" encoding="utf-8"?>\n${writeEntry(entry, member.url)}\n`,
  };
}

function checkStanding(context: Context, request: HttpRequest, current: StoredEntry): void {
  if (current.deleted) throw gone();
  checkChange(request.headers, tagOf(context, request, current), current.editedAt);
}

/** The revision keeps the entry's id: one that was sent must be the same (RFC 4287 §4.2.6). */
function revisedXml(sent: SentEntry, current: StoredEntry, editedAt: number): string {
  if (sent.id !== undefined && sent.id !== current.atomId) {
    throw new HttpError(
      422,
      `An entry keeps its id: this one is ${JSON.stringify(current.atomId)}, the document says ${JSON.stringify(sent.id.slice(0, 200))}.`,
    );
  }
  const stamp = { atomId: current.atomId, published: current.publishedAt, edited: editedAt };
  return storedXml(current.media === undefined ? sent : asMediaLinkEntry(sent), stamp);
}

/** The absolute address of an entry. */
export function addressOf(feedUrl: string, atomId: string): string {
  return `${feedUrl}/entries/${segmentOfAtomId(atomId)}`;
}

export function keyOf({ segment }: Member): string {
  return keyOfAtomId(atomIdOfSegment(segment));
}

function tagOf({ settings }: Context, { base }: HttpRequest, entry: StoredEntry, suffix = ''): string {
  return entryTag(keyOfAtomId(entry.atomId), entry.editedAt, variantOf(base, settings.author), suffix);
}

export function missing({ feed, segment }: Pick<Member, 'feed' | 'segment'>): HttpError {
  return new HttpError(404, `The feed ${JSON.stringify(feed)} has no entry ${JSON.stringify(segment.slice(0, 200))}.`);
}

export function gone(): HttpError {
  return new HttpError(410, 'This entry was deleted.');
}
