/**
 * The benchmark: ratios against what is bare, in the same run, alternating, medians of several rounds.
 * `npm run bench -- [WORD…] [--rounds N] [--seconds N] [--entries N] [--quick] [--json FILE]`; words keep to the rows whose names hold one.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { describe, diskRate } from './machine.js';
import { lineOf, type Result, resultOf } from './row.js';
import { rows as fronts } from './rows/front.js';
import { rows as growth } from './rows/growth.js';
import { rows as live } from './rows/live.js';
import { rows as processes } from './rows/processes.js';
import { rows as publishing } from './rows/publish.js';
import { rows as reading } from './rows/read.js';
import { Stage } from './stage.js';

// The servers of test/store end with us, not with a test.
process.env.ATOMMQ_BENCH = 'yes';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    entries: { type: 'string', default: '1000000' },
    quick: { type: 'boolean', default: false },
    json: { type: 'string', default: 'bench-results.json' },
  },
});
const rows = [...publishing, ...reading, ...fronts, ...processes, ...live, ...growth].filter(({ name, byName }) =>
  positionals.length === 0 ? !byName : positionals.some((word) => name.includes(word)),
);
const stage = new Stage({
  seconds: Number(values.seconds),
  rounds: Number(values.rounds),
  entries: Number(values.entries),
  quick: values.quick,
});
const machine = { ...describe(stage.folder), fdatasyncs: Math.round(diskRate(stage.folder, 500, 1)) };
console.log(
  Object.entries(machine)
    .map(([name, value]) => `${name}: ${value}`)
    .join(', '),
);
const results: Result[] = [];
for (const row of rows) {
  const figures = await row.measure(stage);
  if (typeof figures === 'string') console.log(`${row.name}: ${figures}`);
  else {
    results.push(resultOf(row, figures));
    console.log(lineOf(results.at(-1)!));
  }
}
await stage.close();
writeFileSync(values.json, `${JSON.stringify({ date: new Date().toISOString(), machine, results }, null, 2)}\n`);
process.exit(0);
