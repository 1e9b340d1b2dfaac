/** What documents hold besides what was published: a mark of it goes into their tags. */
import { hash } from 'node:crypto';

/** Counts up when the same entries are written in another way than by the version before. */
const WRITING = 1;

let last = { base: '', author: '', mark: '' };

/**
 * A short mark of what the configuration puts into pages and entries, so that no cache takes a document from before a
 * change of it for the one from after.
 * @param base the address of the mount point, with which all links begin
 * @param author who stands for entries that name none
 * @returns eight hexadecimal digits
 */
export function variantOf(base: string, author: string): string {
  // One base and one author are what nearly all requests come with.
  if (last.base !== base || last.author !== author) {
    last = { base, author, mark: hash('sha256', `${WRITING}\n${base}\n${author}`, 'hex').slice(0, 8) };
  }
  return last.mark;
}
