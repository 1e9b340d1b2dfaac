/** Entries in groups that memory and one transaction take. */

const MOST_ENTRIES = 200;
const MOST_BYTES = 8 * 1024 * 1024;

/** The positions of these, in groups: each as many as bounds allow, but one at least. */
export function groupsOf(outlines: { position: number; size: number }[]): number[][] {
  const groups: number[][] = [];
  let group: number[] = [];
  let bytes = 0;
  for (const { position, size } of outlines) {
    if (group.length === MOST_ENTRIES || (group.length > 0 && bytes + size > MOST_BYTES)) {
      groups.push(group);
      group = [];
      bytes = 0;
    }
    group.push(position);
    bytes += size;
  }
  if (group.length > 0) groups.push(group);
  return groups;
}
