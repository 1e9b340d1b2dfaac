/** The charts of the README, made of the results as SVG: throughput and peers as bars, growth as lines. They follow the reader's dark or light. */
import type { Result } from './row.js';

export interface Report {
  date: string;
  command: string;
  machine: Record<string, string | number>;
  results: Result[];
}

const WIDTH = 760;
const STYLE = `
    text { font: 13px system-ui, sans-serif; fill: #1f2328 }
    .title { font-size: 16px; font-weight: 600 }
    .small { font-size: 11px; fill: #59636e }
    .ours { fill: #0969da } .bare { fill: #d1d9e0 } .peer { fill: #8250df }
    .grid { stroke: #d1d9e0 } .mark { stroke: #bc4c00; stroke-width: 2 }
    .line { fill: none; stroke-width: 2 }
    .c0 { stroke: #0969da } .c1 { stroke: #1a7f37 } .c2 { stroke: #8250df } .c3 { stroke: #bc4c00 }
    .c4 { stroke: #bf3989 } .c5 { stroke: #116329 } .c6 { stroke: #6e7781 } .c7 { stroke: #953800 }
    @media (prefers-color-scheme: dark) {
      text { fill: #f0f6fc } .small { fill: #9198a1 }
      .ours { fill: #4493f8 } .bare { fill: #3d444d } .peer { fill: #ab7df8 }
      .grid { stroke: #3d444d } .mark { stroke: #f0883e }
      .c0 { stroke: #4493f8 } .c1 { stroke: #3fb950 } .c2 { stroke: #ab7df8 } .c3 { stroke: #f0883e }
      .c4 { stroke: #db61a2 } .c5 { stroke: #7ee787 } .c6 { stroke: #9198a1 } .c7 { stroke: #ffa657 }
    }`;

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
export const figure = (value: number) => (value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3));

function document(title: string, description: string, height: number, parts: string[]): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="t d">
  <title id="t">${escaped(title)}</title>
  <desc id="d">${escaped(description)}</desc>
  <style>${STYLE}
  </style>
  <text class="title" x="0" y="20">${escaped(title)}</text>
  ${parts.join('\n  ')}
</svg>
`;
}

const text = (x: number, y: number, words: string, attributes = '') =>
  `<text x="${x}" y="${y}"${attributes}>${escaped(words)}</text>`;

function footer({ date, machine }: Report, y: number): string {
  const { processor, cores, node, kernel } = machine;
  return text(
    0,
    y,
    `${date.slice(0, 10)}, ${processor}, ${cores} cores, Linux ${kernel}, Node ${node}`,
    ' class="small"',
  );
}

/** Each row's ceiling is as wide as the next one's: what is seen is how near ours comes. */
export function throughput(report: Report): string {
  const rows = report.results.filter(
    ({ less, ratio, name }) => !less && ratio !== undefined && !name.startsWith('peer'),
  );
  const [left, wide, high] = [290, 225, 28];
  // What beats its ceiling goes beyond it, but stays on the page.
  const most = Math.min(1.15, Math.max(1, ...rows.map(({ ratio }) => ratio!.median)));
  const parts = [
    text(
      0,
      40,
      'ours (blue) as a share of the ceiling (grey) that is measured in turns with it; orange is the mark',
      ' class="small"',
    ),
  ];
  for (const [i, { name, against, ours, bare, ratio, mark, unit }] of rows.entries()) {
    const y = 52 + i * high;
    parts.push(
      text(left - 8, y + 15, name, ' text-anchor="end"'),
      `<rect class="bare" x="${left}" y="${y}" width="${wide}" height="20" rx="2"/>`,
      `<rect class="ours" x="${left}" y="${y + 4}" width="${Math.round(wide * Math.min(most, ratio!.median))}" height="12" rx="2"/>`,
    );
    if (mark !== undefined) {
      const x = left + Math.round(wide * mark);
      parts.push(`<line class="mark" x1="${x}" x2="${x}" y1="${y - 1}" y2="${y + 21}"/>`);
    }
    const right = left + Math.round(wide * most) + 8;
    parts.push(
      text(right, y + 9, `${figure(ours.median)} ${unit}`, ' style="font-size:12px"'),
      text(
        right,
        y + 21,
        `${ratio!.median.toFixed(2)} of ${figure(bare!.median)}, ${against}`,
        ' class="small" style="font-size:10px"',
      ),
    );
  }
  const height = 52 + rows.length * high + 24;
  const words = rows.map(
    ({ name, ours, unit, ratio, against }) =>
      `${name}: ${figure(ours.median)} ${unit}, ${ratio!.median.toFixed(2)} of ${against}`,
  );
  return document('AtomMQ beside the ceiling', words.join('; '), height, [...parts, footer(report, height - 6)]);
}

/** A group of bars for each work: ours and what people would use instead, by the same client. */
export function peers({ results, ...report }: Report): string {
  const works = [...new Set(results.flatMap(({ name }) => peerOf(name)?.work ?? []))];
  const [left, wide, high] = [210, 400, 20];
  const parts = [
    text(
      0,
      40,
      'messages of 500 bytes a second, by the same client; pale bars are not on the disk when they are acknowledged',
      ' class="small"',
    ),
  ];
  const words: string[] = [];
  let y = 56;
  for (const work of works) {
    const rows = results.filter(({ name }) => peerOf(name)?.work === work);
    const most = Math.max(...rows.map(({ ours }) => ours.median));
    parts.push(text(0, y + 12, work, ' font-weight="600"'));
    y += 20;
    for (const { name, ours, acknowledges = '' } of rows) {
      const { who } = peerOf(name)!;
      const kind = who.startsWith('AtomMQ') ? 'ours' : 'peer';
      const pale = /\bfsynced\b/.test(acknowledges) && !/not fsynced/.test(acknowledges) ? '' : ' opacity="0.4"';
      const width = Math.max(1, Math.round((wide * ours.median) / most));
      parts.push(
        text(left - 8, y + 13, who, ' text-anchor="end" style="font-size:12px"'),
        `<rect class="${kind}" x="${left}" y="${y + 3}" width="${width}" height="13" rx="2"${pale}/>`,
        text(left + width + 6, y + 14, figure(ours.median), ' style="font-size:12px"'),
      );
      words.push(`${work}, ${who}: ${figure(ours.median)}`);
      y += high;
    }
    y += 10;
  }
  return document('AtomMQ beside others', words.join('; '), y + 16, [...parts, footer({ results, ...report }, y + 10)]);
}

/** Who a row of a peer's is of, and what it does. */
export function peerOf(name: string): { who: string; work: string } | undefined {
  const [, who, work] = /^peer (.*?): (.*)$/.exec(name) ?? [];
  return who === undefined || work === undefined ? undefined : { who, work };
}

/** Time by size, as a multiple of what it took at the smallest size. */
export function growth(report: Report): string {
  const rows = report.results.filter(
    ({ name, series }) => name.startsWith('growth by entries') && series !== undefined,
  );
  const [left, top, wide, tall] = [40, 56, 470, 260];
  const sizes = [...new Set(rows.flatMap(({ series }) => series!.map(([size = 0]) => size)))].sort((a, b) => a - b);
  const span = Math.log10((sizes.at(-1) ?? 10) / (sizes[0] ?? 1)) || 1;
  const x = (size: number) => left + (wide * Math.log10(size / sizes[0]!)) / span;
  const factors = rows.map(({ series }) =>
    series!.map(([size = 0, value = 0]) => [size, value / series![0]![1]!] as const),
  );
  const most = Math.max(2, ...factors.flat().map(([, factor]) => factor));
  const y = (factor: number) => top + tall - (tall * factor) / most;
  const parts = [
    text(
      0,
      40,
      'time that a work takes, as a multiple of its time on a feed of 10,000 entries; orange is the mark',
      ' class="small"',
    ),
  ];
  for (let factor = 0; factor <= most; factor += 0.5) {
    parts.push(`<line class="grid" x1="${left}" x2="${left + wide}" y1="${y(factor)}" y2="${y(factor)}"/>`);
    parts.push(text(left - 6, y(factor) + 4, factor.toFixed(1), ' text-anchor="end" class="small"'));
  }
  parts.push(
    `<line class="mark" stroke-dasharray="4 4" x1="${left}" x2="${left + wide}" y1="${y(1.25)}" y2="${y(1.25)}"/>`,
  );
  for (const size of sizes)
    parts.push(text(x(size), top + tall + 18, size.toLocaleString('en'), ' text-anchor="middle" class="small"'));
  for (const [i, points] of factors.entries()) {
    const path = points.map(([size, factor]) => `${x(size).toFixed(1)},${y(factor).toFixed(1)}`).join(' ');
    const at = top + 10 + i * 22;
    parts.push(
      `<polyline class="line c${i}" points="${path}"/>`,
      `<line class="line c${i}" x1="${left + wide + 24}" x2="${left + wide + 48}" y1="${at}" y2="${at}"/>`,
      text(
        left + wide + 54,
        at + 4,
        `${rows[i]!.name.split(': ')[1]} ${points.at(-1)![1].toFixed(2)}`,
        ' style="font-size:12px"',
      ),
    );
  }
  const height = top + tall + 52;
  const words = rows.map(({ name }, i) => `${name}: ${factors[i]!.at(-1)![1].toFixed(2)}`);
  return document('What size costs', words.join('; '), height, [...parts, footer(report, height - 6)]);
}
