/** Prometheus' text format (0.0.4) read as strictly as promtool does. */
import assert from 'node:assert/strict';

export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

export interface Exposed {
  types: Map<string, string>;
  samples: Sample[];
  /** The sum of all samples of a name that have these labels. */
  sum(name: string, labels?: Record<string, string>): number;
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"/y;

/** @throws AssertionError for what promtool would not take */
export function parseExposition(text: string): Exposed {
  assert.ok(text.endsWith('\n'), 'the last line ends, too');
  const types = new Map<string, string>();
  const helps = new Set<string>();
  const samples: Sample[] = [];
  const seen = new Set<string>();
  const closed = new Set<string>();
  let family = '';
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const [, word, about = '', rest = ''] = new RegExp(`^# (HELP|TYPE) (${NAME}) (.*)$`).exec(line) ?? [];
    if (word === 'HELP') {
      assert.ok(!helps.has(about), `a second HELP of ${about}`);
      assert.ok(rest.length > 0, `${about} has help`);
      helps.add(about);
    } else if (word === 'TYPE') {
      assert.ok(!types.has(about), `a second TYPE of ${about}`);
      assert.match(rest, /^(counter|gauge|histogram|summary|untyped)$/);
      types.set(about, rest);
      closed.add(family);
      family = about;
      assert.ok(!closed.has(family), `${family} stands in two places`);
    } else {
      const sample = sampleOf(line);
      const type = types.get(family);
      const suffix = sample.name.slice(family.length);
      assert.ok(sample.name.startsWith(family), `${line} is not of ${family}`);
      assert.match(
        suffix,
        type === 'histogram' ? /^_(bucket|sum|count)$/ : type === 'summary' ? /^(_sum|_count)?$/ : /^$/,
      );
      if (type === 'counter' && family.startsWith('atommq_')) assert.match(family, /_total$/);
      const series = `${sample.name} ${JSON.stringify(Object.entries(sample.labels).sort())}`;
      assert.ok(!seen.has(series), `${series} is there twice`);
      seen.add(series);
      samples.push(sample);
    }
  }
  for (const [name, type] of types) if (type === 'histogram') checkHistogram(name, samples);
  const sum = (name: string, labels: Record<string, string> = {}) =>
    samples
      .filter((one) => one.name === name && Object.entries(labels).every(([key, value]) => one.labels[key] === value))
      .reduce((total, { value }) => total + value, 0);
  return { types, samples, sum };
}

function sampleOf(line: string): Sample {
  const [, name = '', labelled = '', value = ''] =
    new RegExp(`^(${NAME})(?:\\{(.*)\\})? ([-+]?(?:\\d[\\d.e+-]*|Inf|Nan|NaN))$`).exec(line) ?? [];
  assert.ok(name !== '', `not a sample: ${line}`);
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  for (let at = 0; at < labelled.length; at = LABEL.lastIndex) {
    if (at > 0) assert.equal(labelled[at], ',', line);
    LABEL.lastIndex = at > 0 ? at + 1 : 0;
    const [, key, text] = LABEL.exec(labelled) ?? [];
    assert.ok(key !== undefined && text !== undefined, `bad labels: ${line}`);
    assert.ok(!(key in labels), line);
    labels[key] = text;
  }
  return { name, labels, value: value.endsWith('Inf') ? Number(`${value}inity`) : Number(value) };
}

/** Buckets grow, and the last one counts all. */
function checkHistogram(name: string, samples: Sample[]): void {
  const groups = new Map<string, Sample[]>();
  for (const sample of samples.filter((one) => one.name === `${name}_bucket`)) {
    const { le: _le, ...rest } = sample.labels;
    const key = JSON.stringify(rest);
    groups.set(key, [...(groups.get(key) ?? []), sample]);
  }
  for (const [key, buckets] of groups) {
    const values = buckets.map(({ value }) => value);
    assert.deepEqual(
      values,
      [...values].sort((a, b) => a - b),
      `${name}${key}`,
    );
    assert.equal(buckets.at(-1)?.labels.le, '+Inf');
    const { le: _le, ...labels } = buckets[0]!.labels;
    const of = (suffix: string) =>
      samples.filter(
        (one) => one.name === `${name}_${suffix}` && JSON.stringify(one.labels) === JSON.stringify(labels),
      );
    assert.deepEqual(
      of('count').map(({ value }) => value),
      [values.at(-1)],
    );
    assert.equal(of('sum').length, 1);
  }
}
