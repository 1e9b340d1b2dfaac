/** The two forms in which entries are read: as objects, or as Atom to the letter. */
import { type AtomEntry, type DeletedEntry, type Entry, entryOf, type Item } from './entry.js';
import { readPage } from './xml.js';

/** A page as a reader needs it. */
export interface Page<E> {
  entries: E[];
  /** The address of the page after it, while there is one. */
  next: string | undefined;
}

export interface Form<E> {
  /** The value of `format=`. */
  format: string;
  page(text: string): Page<E>;
  event(id: string, deleted: boolean, data: string): E;
}

/** By items of JSON Feed: no XML is parsed, which a browser could do and Node could not. */
export const OBJECTS: Form<Entry | DeletedEntry> = {
  format: 'json',
  page(text) {
    const { items, next_url } = JSON.parse(text) as { items: Item[]; next_url?: string };
    return { entries: items.map(entryOf), next: next_url };
  },
  event: (_id, _deleted, data) => entryOf(JSON.parse(data) as Item),
};

export const XML: Form<AtomEntry> = {
  format: 'atom',
  page: readPage,
  event: (id, deleted, xml) => ({ id, deleted, xml }),
};
