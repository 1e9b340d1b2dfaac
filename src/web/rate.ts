/** How fast a feed grew in the last hour, told from a few samples of when its entries came, however many there are. */
import type { EntryTime, Feed, Store } from '../store/store.js';
import { Html } from './html.js';

/** The last hour, in buckets of two minutes. */
const SPAN = 3600e6;
const BUCKETS = 30;
/** How long a bucket is. */
export const SECONDS = SPAN / BUCKETS / 1e6;
/** Positions of one question: what one prepared statement takes. */
const SAMPLES = 64;

export interface Rate {
  /** Entries by bucket, the latest last; with many entries an estimate. */
  counts: number[];
  /** When the last entry came, microseconds since 1970; undefined while there is none. */
  last: number | undefined;
}

/**
 * Two questions a feed, for 64 entries by their keys each: the first finds where the hour begins by steps that double, the
 * second divides what came since.
 * @param now microseconds since 1970
 */
export async function rateOf(store: Pick<Store, 'times'>, feed: Feed, now: number): Promise<Rate> {
  const { feedId, head, floor } = feed;
  if (head <= floor) return { counts: Array<number>(BUCKETS).fill(0), last: undefined };
  const back = new Set<number>();
  for (let step = 1; back.size < SAMPLES - 1 && head - step + 1 > floor; step *= 2) back.add(head - step + 1);
  back.add(floor + 1);
  const coarse = await store.times(feedId, [...back]);
  const start = now - SPAN;
  const before = coarse.findLast(({ publishedAt }) => publishedAt < start)?.position ?? floor + 1;
  const fine = new Set<number>();
  for (let i = 0; i < SAMPLES; i += 1) fine.add(Math.round(before + ((head - before) * i) / (SAMPLES - 1)));
  const samples = coarse.length === head - floor ? coarse : await store.times(feedId, [...fine]);
  return { counts: countsOf(samples, start), last: coarse.at(-1)?.publishedAt };
}

/** What came between two samples is spread evenly over the time between them. */
export function countsOf(samples: EntryTime[], start: number): number[] {
  const counts = Array<number>(BUCKETS).fill(0);
  const width = SPAN / BUCKETS;
  const add = (at: number, number: number) => {
    if (at >= start) counts[Math.min(BUCKETS - 1, Math.floor((at - start) / width))]! += number;
  };
  let previous: EntryTime | undefined;
  for (const { position, publishedAt } of samples) {
    const between = previous === undefined ? 0 : position - previous.position - 1;
    // A clock that was set back makes no time between them.
    const from = Math.min(previous?.publishedAt ?? publishedAt, publishedAt);
    const parts = Math.min(between, BUCKETS);
    for (let i = 0; i < parts; i += 1) {
      add(from + ((publishedAt - from) * (i + 0.5)) / parts, between / parts);
    }
    add(publishedAt, 1);
    previous = { position, publishedAt };
  }
  return counts.map((number) => Math.round(number * 10) / 10);
}

/** The buckets as bars; what they say stands beside them as text. */
export function sparkline(counts: number[]): Html {
  const most = Math.max(...counts, 1);
  const bars = counts.map((number, index) => {
    const height = number === 0 ? 1 : Math.max(2, Math.round((number / most) * 24));
    return `<rect x="${index * 4}" y="${24 - height}" width="3" height="${height}"/>`;
  });
  return new Html(
    `<svg class="spark" viewBox="0 0 119 24" width="119" height="24" aria-hidden="true" focusable="false">${bars.join('')}</svg>`,
  );
}
