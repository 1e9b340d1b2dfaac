/** One entry at its own address: read, revised, deleted (RFC 5023 §9). */
import { onlyEntry, storedXml, writeEntry, writeEntryDocument } from '../atom/entry.js';
import { atomIdOfSegment, keyOfAtomId, now } from '../atom/ids.js';
import type { SentEntry } from '../atom/model.js';
import { HttpError, type HttpRequest, type HttpResponse } from '../http.js';
import type { StoredEntry } from '../store/store.js';
import { negotiate } from './accept.js';
import { checkChange, entryTag, isFresh, lastModified } from './conditions.js';
import { ATOM_ENTRY, type Context, notModified, REVALIDATE } from './context.js';
import { prefersMinimal, readDocument } from './publish.js';

/** Which entry of which feed an address names. */
export interface Member {
  feed: string;
  /** The absolute address of the feed. */
  url: string;
  /** The decoded last segment: a bare UUID or an `atom:id`. */
  segment: string;
}

/** `GET` and `HEAD`. */
export async function readMember(context: Context, request: HttpRequest, member: Member): Promise<HttpResponse> {
  negotiate(request.headers.accept, [['application/atom+xml', 'application/xml', 'text/xml']]);
  const entry = await context.store.entry(member.feed, keyOf(member));
  if (entry === undefined) throw missing(member);
  if (entry.deleted) throw gone();
  const headers = { 'content-type': ATOM_ENTRY, etag: tagOf(entry), ...REVALIDATE };
  if (isFresh(request.headers, headers.etag, entry.editedAt)) return notModified(headers);
  return {
    status: 200,
    headers: { ...headers, ...lastModified(entry.editedAt) },
    body: writeEntryDocument(entry, member.url, context.settings.author),
  };
}

/** `PUT`: a new revision in place. */
export async function reviseMember(context: Context, request: HttpRequest, member: Member): Promise<HttpResponse> {
  const sent = onlyEntry(await readDocument(request, context.settings.maxEntryBytes));
  const entry = await context.store.revise({
    feed: member.feed,
    key: keyOf(member),
    at: now(),
    change: (current, editedAt) => {
      checkStanding(current, request);
      return { xml: revisedXml(sent, current, editedAt), hasAuthor: sent.hasAuthor };
    },
  });
  if (entry === undefined) throw missing(member);
  const minimal = prefersMinimal(request.headers.prefer);
  return {
    status: 200,
    headers: {
      'content-type': ATOM_ENTRY,
      etag: tagOf(entry),
      'cache-control': 'no-cache',
      ...(minimal ? { 'preference-applied': 'return=minimal' } : {}),
    },
    body: minimal ? '' : writeEntryDocument(entry, member.url, context.settings.author),
  };
}

/** `DELETE`: the content goes, the position stays. */
export async function deleteMember(context: Context, request: HttpRequest, member: Member): Promise<HttpResponse> {
  const entry = await context.store.revise({
    feed: member.feed,
    key: keyOf(member),
    at: now(),
    change: (current) => {
      checkStanding(current, request);
      return undefined;
    },
  });
  if (entry === undefined) throw missing(member);
  return {
    status: 200,
    headers: { 'content-type': 'application/atomdeleted+xml', 'cache-control': 'no-cache' },
    body: `<?xml version="1.0" encoding="utf-8"?>\n${writeEntry(entry, member.url)}\n`,
  };
}

function checkStanding(current: StoredEntry, request: HttpRequest): void {
  if (current.deleted) throw gone();
  checkChange(request.headers, tagOf(current), current.editedAt);
}

/** The revision keeps the entry's id: one that was sent must be the same (RFC 4287 §4.2.6). */
function revisedXml(sent: SentEntry, current: StoredEntry, editedAt: number): string {
  if (sent.id !== undefined && sent.id !== current.atomId) {
    throw new HttpError(
      422,
      `An entry keeps its id: this one is ${JSON.stringify(current.atomId)}, the document says ${JSON.stringify(sent.id.slice(0, 200))}.`,
    );
  }
  return storedXml(sent, { atomId: current.atomId, published: current.publishedAt, edited: editedAt });
}

function keyOf({ segment }: Member): string {
  return keyOfAtomId(atomIdOfSegment(segment));
}

function tagOf(entry: StoredEntry): string {
  return entryTag(keyOfAtomId(entry.atomId), entry.editedAt);
}

function missing({ feed, segment }: Member): HttpError {
  return new HttpError(404, `The feed ${JSON.stringify(feed)} has no entry ${JSON.stringify(segment.slice(0, 200))}.`);
}

function gone(): HttpError {
  return new HttpError(410, 'This entry was deleted.');
}
