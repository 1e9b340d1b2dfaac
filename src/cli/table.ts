/** Tables, and the small texts that stand in them. */

export interface Column {
  heading: string;
  /** Numbers stand at the right. */
  right?: boolean;
}

/** Rows below one another, without spaces at their ends; the first is that of the headings. */
export function table(columns: Column[], rows: string[][]): string[] {
  const all = [columns.map(({ heading }) => heading), ...rows];
  const widths = columns.map((_, i) => Math.max(...all.map((cells) => widthOf(cells[i] ?? ''))));
  return all.map((cells) =>
    columns
      .map(({ right }, i) => {
        const cell = cells[i] ?? '';
        const space = ' '.repeat(widths[i]! - widthOf(cell));
        return right ? space + cell : cell + space;
      })
      .join('  ')
      .trimEnd(),
  );
}

/** Characters that a terminal gives two places to: of East Asia, and pictures. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}|[\u{20000}-\u{3fffd}]/u;
/** Characters that stand upon the one before them. */
const NO_WIDTH = /\p{Mn}|\p{Me}|\u200b|\u200d|[\ufe00-\ufe0f]/u;

/** How many places of a terminal a text takes. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text) width += NO_WIDTH.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  return width;
}

/** As much of a line as has room. */
export function cut(line: string, most: number): string {
  if (widthOf(line) <= most) return line;
  let width = 1;
  let kept = '';
  for (const character of line) {
    width += widthOf(character);
    if (width > most) break;
    kept += character;
  }
  return `${kept}…`;
}

/** Texts of others on one line, with nothing in them that would steer a terminal. */
export function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim();
}

const BARS = '▁▂▃▄▅▆▇█';

/** Counts as bars, two of them in each. */
export function sparkline(counts: number[]): string {
  const pairs = Array.from(
    { length: Math.ceil(counts.length / 2) },
    (_, i) => counts[2 * i]! + (counts[2 * i + 1] ?? 0),
  );
  const most = Math.max(...pairs);
  return pairs.map((count) => (count === 0 ? BARS[0] : BARS[Math.ceil((count / most) * (BARS.length - 1))])).join('');
}

const UNITS: [seconds: number, name: string][] = [
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'min'],
  [0, 's'],
];

/** How long before another a moment was. */
export function ago(moment: string | undefined, now: string): string {
  if (moment === undefined) return 'never';
  const seconds = Math.max(0, Math.round((Date.parse(now) - Date.parse(moment)) / 1000));
  const [unit, name] = UNITS.find(([least]) => seconds >= least)!;
  return `${Math.floor(seconds / Math.max(1, unit))} ${name} ago`;
}
