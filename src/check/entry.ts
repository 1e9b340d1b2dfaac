/** One entry as the database has it: whether it still is what was stored. */
import { hash } from 'node:crypto';
import { keyOfAtomId } from '../atom/ids.js';
import { parseDocument, WIDEST } from '../atom/parse.js';
import { sentParts } from '../atom/unstamp.js';
import { xmlDigest } from '../store/rows.js';
import { CHUNK } from '../store/store.js';
import { categoriesByKey } from '../store/tags.js';
import type { RawBus, RawEntry } from '../store/transfer.js';

/** What was found of an entry. */
export interface EntryFindings {
  /** What is wrong, for people. */
  faults: string[];
  /** A digest tells of each byte of its XML. */
  covered: boolean;
}

/** @param categories the keys of those that the feed knows */
export async function inspectEntry(bus: RawBus, entry: RawEntry, categories: Set<string>): Promise<EntryFindings> {
  const faults: string[] = [];
  if (keyOfAtomId(entry.atomId) !== entry.key) faults.push('it is not found by its id: its key is of another one');
  const size = Buffer.byteLength(entry.xml);
  if (size !== entry.size) faults.push(`its XML has ${size} bytes, not ${entry.size}`);
  const unknown = entry.tags.filter((key) => !categories.has(key));
  if (unknown.length > 0) faults.push(`${unknown.length} of its categories are not those of the feed`);
  if (entry.deleted === 1) {
    if (entry.xml !== '' || entry.blobId !== null || entry.tags.length > 0)
      faults.push('it is deleted, yet has content');
    return { faults, covered: true };
  }
  const digest = digestFault(entry);
  if (typeof digest === 'string') faults.push(digest);
  faults.push(...documentFaults(entry));
  if (entry.mediaType !== null) faults.push(...(await mediaFaults(bus, entry)));
  return { faults, covered: digest !== undefined };
}

/** What the digest says against the XML: a sentence, or false for nothing; undefined where no digest covers it. */
function digestFault({ xml, atomId, digest, xmlDigest: own, ...entry }: RawEntry): string | false | undefined {
  if (own !== null) return xmlDigest(xml) === own ? false : 'its XML is not what its digest says';
  // Revised, or a media link entry, before there were digests of those.
  if (entry.editedAt !== entry.publishedAt || entry.mediaType !== null) return undefined;
  // Other programs that append give a digest of the XML as it is, or something of their own.
  if (!/^[\w-]{43}$/.test(digest)) return undefined;
  const sent = sentParts(xml, { atomId, published: entry.publishedAt, edited: entry.editedAt });
  if (xmlDigest(xml) === digest) return false;
  if (sent === undefined) return 'its XML is not what the server makes of an entry with its id and times';
  const { open, inner } = sent;
  return hash('sha256', `${open}\n${inner}`, 'base64url') === digest ? false : 'its XML is not what its digest says';
}

/** What the document itself says against its row. */
function documentFaults({ xml, atomId, hasAuthor, tags }: RawEntry): string[] {
  try {
    const document = parseDocument(xml, WIDEST);
    const [sent] = document.entries;
    if (sent === undefined || document.kind !== 'entry') return ['its XML is not an entry'];
    const faults = [];
    if (sent.id !== atomId) faults.push('the id in its XML is another one');
    if (sent.hasAuthor !== (hasAuthor === 1)) faults.push('whether it has an author is noted wrongly');
    if ([...categoriesByKey(sent.categories).keys()].sort().join() !== tags.join()) {
      faults.push('its categories are not those of its XML');
    }
    return faults;
  } catch (error) {
    return [`its XML is not well-formed: ${(error as Error).message}`];
  }
}

async function mediaFaults(bus: RawBus, entry: RawEntry): Promise<string[]> {
  const { blobId, mediaType, mediaSize, mediaDigest } = entry;
  if (blobId === null || mediaDigest === null || mediaSize === null) return ['its media resource is noted by half'];
  const faults = [];
  const { digest, size, chunks, even } = await bus.blobExtent(blobId);
  const wanted = Math.ceil(mediaSize / CHUNK);
  if (chunks !== wanted || !even)
    faults.push(`its media resource is in ${chunks} chunks, not in ${wanted} of ${CHUNK} bytes`);
  if (size !== mediaSize) faults.push(`its media resource has ${size} bytes, not ${mediaSize}`);
  if (digest !== mediaDigest) faults.push('its media resource is not what its digest says');
  // What was sent first is known by its type and its bytes.
  const first = entry.editedAt === entry.publishedAt;
  if (first && hash('sha256', `${mediaType}\n${mediaDigest}`, 'base64url') !== entry.digest) {
    faults.push('its digest is not that of its media resource');
  }
  return faults;
}
