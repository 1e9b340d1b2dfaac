/** What a row of the table is, and what it says when it was measured. */
import type { Figures, Stage } from './stage.js';

export interface Row {
  name: string;
  /** What ours is compared with. */
  against: string;
  /** Ours by bare; at least, or at most where less is better. */
  mark?: number;
  /** What ours must be by itself, in its unit. */
  floor?: number;
  /** Of a broker: what has happened when it acknowledges. */
  acknowledges?: string;
  /** Less is better: milliseconds. */
  less?: true;
  /** Only where it is asked for by its name, or all is: it takes long. */
  byName?: true;
  /** A sentence where something is missing that it needs. */
  measure(stage: Stage): Promise<Figures | string>;
}

/** A row with its figures, as the JSON file has it. */
export interface Result {
  name: string;
  against: string;
  unit: string;
  less: boolean;
  ours: Spread;
  bare?: Spread;
  ratio?: Spread;
  mark?: number;
  floor?: number;
  met?: boolean;
  peakMiB?: number;
  busy?: number;
  p99ms?: number;
  series?: number[][];
  acknowledges?: string;
}

/** Of several runs. */
export interface Spread {
  median: number;
  min: number;
  max: number;
}

function spread(values: number[]): Spread {
  const sorted = values.slice().sort((a, b) => a - b);
  const median = (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
  return { median: rounded(median), min: rounded(sorted[0]!), max: rounded(sorted.at(-1)!) };
}

/** Three digits are more than such figures can bear. */
const rounded = (value: number) => (value >= 1000 ? Math.round(value) : Number(value.toPrecision(4)));

export function resultOf(row: Row, figures: Figures): Result {
  const { name, against, mark, floor, acknowledges } = row;
  const less = row.less === true;
  const { unit, ours, bare, peak, busy, p99, series } = figures;
  const ratio = bare === undefined ? undefined : spread(ours.map((value, i) => value / bare[i]!));
  const own = spread(ours);
  const reaches = (value: number, wanted: number) => (less ? value <= wanted : value >= wanted);
  const met =
    (mark === undefined || ratio === undefined || reaches(ratio.median, mark)) &&
    (floor === undefined || reaches(own.median, floor));
  return {
    name,
    against: figures.against ?? against,
    unit,
    less,
    ours: own,
    ...(bare === undefined ? {} : { bare: spread(bare) }),
    ...(ratio === undefined ? {} : { ratio }),
    ...(mark === undefined ? {} : { mark }),
    ...(floor === undefined ? {} : { floor }),
    ...(mark === undefined && floor === undefined ? {} : { met }),
    ...(peak ? { peakMiB: Math.round(peak) } : {}),
    ...(busy ? { busy: Number(busy.toFixed(2)) } : {}),
    ...(p99 === undefined ? {} : { p99ms: rounded(p99) }),
    ...(acknowledges === undefined ? {} : { acknowledges }),
    ...(series === undefined ? {} : { series: series.map(([size, value]) => [size, rounded(value)]) }),
  };
}

/** The line of the table on a terminal. */
export function lineOf({ name, unit, ours, bare, ratio, mark, floor, met, less, peakMiB }: Result): string {
  const than = less ? '≤' : '≥';
  const marks = [
    ...(mark === undefined ? [] : [`${than} ${mark}`]),
    ...(floor === undefined ? [] : [`${than} ${floor.toLocaleString('en')} ${unit}`]),
  ].join(', ');
  const verdict = met === undefined ? '' : ` ${met ? 'met' : 'MISSED'} (${marks})`;
  const ratios =
    ratio === undefined ? '' : ` = ${ratio.median.toFixed(2)} [${ratio.min.toFixed(2)}–${ratio.max.toFixed(2)}]`;
  const against = bare === undefined ? '' : ` / ${figure(bare.median)}`;
  const memory = peakMiB === undefined ? '' : `, ${peakMiB} MiB`;
  return `${name.padEnd(44)} ${figure(ours.median).padStart(9)}${against.padEnd(12)} ${unit}${ratios}${verdict}${memory}`;
}

const figure = (value: number) => (value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3));
