/** The nearest of the names that are known, for whoever mistyped one. */

/** Levenshtein's distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length]!;
}

/** @param known at least one name */
export function nearest(name: string, known: string[]): string {
  const distances = known.map((one) => ({ one, distance: editDistance(name.toLowerCase(), one.toLowerCase()) }));
  return distances.reduce((best, next) => (next.distance < best.distance ? next : best)).one;
}

/** Those that somebody may have meant, the nearest first: not more than a few, and none that is far away. */
export function near(name: string, known: string[]): string[] {
  const most = Math.max(2, Math.floor(name.length / 3));
  return known
    .map((one) => ({ one, distance: editDistance(name.toLowerCase(), one.toLowerCase()) }))
    .filter(({ distance }) => distance <= most)
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ one }) => one);
}
