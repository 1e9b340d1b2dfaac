/** What a publisher sent, found again in the element that is kept of it: `storedXml` backwards. */
import type { Stamp } from './entry.js';
import { formatTime } from './ids.js';
import { APP } from './model.js';
import { escapeText, prefixOf } from './xml.js';

/** The parts of a `SentEntry` that its digest is made of. */
export interface SentParts {
  open: string;
  inner: string;
}

/** A start tag; an attribute's value may hold anything but its quote. */
const START = /^<([^\s/>"]+)(?:[^>"]|"[^"]*")*>/;

/** @returns undefined when an element is not what `storedXml` makes with this stamp of anything that can be sent */
export function sentParts(xml: string, { atomId, published, edited }: Stamp): SentParts | undefined {
  const [open, name] = START.exec(xml) ?? [];
  if (open === undefined || name === undefined) return undefined;
  const p = prefixOf(name);
  const time = formatTime(edited);
  let at = open.length;
  for (const added of [
    `<${p}id>${escapeText(atomId)}</${p}id>`,
    `<${p}title></${p}title>`,
    `<${p}updated>${time}</${p}updated>`,
    `<${p}published>${formatTime(published)}</${p}published>`,
  ]) {
    if (xml.startsWith(added, at)) at += added.length;
  }
  // Whatever the publisher sent stands behind this.
  const marker = `<app:edited xmlns:app="${APP}">${time}</app:edited>`;
  const end = `</${name}>`;
  if (!xml.startsWith(marker, at) || !xml.endsWith(end)) return undefined;
  return { open, inner: xml.slice(at + marker.length, -end.length) };
}
