/** What documents hold besides what was published: a mark of it goes into their tags. */
import { hash } from 'node:crypto';

/** Counts up when the same entries are written in another way than by the version before. */
const WRITING = 1;

let last = { base: '', author: '', hub: '', mark: '' };

/**
 * A short mark of what the configuration puts into pages and entries, so that no cache takes a document from before a
 * change of it for the one from after.
 * @param base the address of the mount point, with which all links begin
 * @param author who stands for entries that name none
 * @param hub the address of the hub, where there is one
 * @returns eight hexadecimal digits
 */
export function variantOf(base: string, author: string, hub = ''): string {
  // One base, author and hub are what nearly all requests come with.
  if (last.base !== base || last.author !== author || last.hub !== hub) {
    const mark = hash('sha256', `${WRITING}\n${base}\n${author}\n${hub}`, 'hex').slice(0, 8);
    last = { base, author, hub, mark };
  }
  return last.mark;
}
