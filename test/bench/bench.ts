/**
 * The benchmark: ratios against what is bare, in the same run, alternating, medians of several rounds.
 * `npm run bench -- [WORD…] [--rounds N] [--seconds N] [--entries N] [--quick] [--json FILE] [--peers] [--readme]`; words keep to
 * the rows whose names hold one; `--readme` renews results.json, results.md and the charts beside this file and what the README says of
 * them, and runs the rows that take long, too.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../doors/children.js';
import { growth as growthChart, peers as peersChart, type Report, throughput } from './chart.js';
import { describe, diskRate } from './machine.js';
import { inReadme, tables } from './report.js';
import { lineOf, type Result, type Row, resultOf } from './row.js';
import { rows as drivers } from './rows/drivers.js';
import { rows as fronts } from './rows/front.js';
import { rows as growth } from './rows/growth.js';
import { rows as guards } from './rows/guards.js';
import { rows as live } from './rows/live.js';
import { rows as peers } from './rows/peers.js';
import { rows as processes } from './rows/processes.js';
import { rows as publishing } from './rows/publish.js';
import { rows as reading } from './rows/read.js';
import { type Figures, Stage } from './stage.js';

// The servers of test/store end with us, not with a test.
process.env.ATOMMQ_BENCH = 'yes';
// Told to end, it ends them as well.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
    entries: { type: 'string', default: '1000000' },
    peers: { type: 'boolean', default: false },
    readme: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    json: { type: 'string', default: 'bench-results.json' },
  },
});
const rows = [
  ...(values.peers ? peers : []),
  ...publishing,
  ...reading,
  ...drivers,
  ...guards,
  ...fronts,
  ...processes,
  ...live,
  ...growth,
].filter(({ name, byName }) =>
  positionals.length === 0 ? values.readme || !byName : positionals.some((word) => name.includes(word)),
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
const add = (row: Row, figures: Figures) => {
  results.push(resultOf(row, figures));
  console.log(lineOf(results.at(-1)!));
};
for (const row of rows) {
  try {
    const figures = await row.measure(stage);
    if (typeof figures === 'string') console.log(`${row.name.padEnd(44)} ${figures}`);
    else add(row, figures);
  } catch (error) {
    // One row that fails must not lose the others.
    process.exitCode = 1;
    console.error(`${row.name}: ${error instanceof Error ? error.stack : error}`);
  }
}
const peaks = results.flatMap(({ peakMiB }) => peakMiB ?? []);
if (peaks.length > 0) {
  const measure = async () => '';
  const row: Row = { name: 'memory, the most under any load above', against: '', less: true, floor: 250, measure };
  add(row, { unit: 'MiB', ours: [Math.max(...peaks)] });
}
await stage.close();
await (await import('../store/databases.js')).endServers();
const command = ['npm run bench', ...(process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : [])].join(' ');
const report: Report = { date: new Date().toISOString(), command, machine, results };
writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
if (values.readme) keep(report);
process.exit();

/** What the README shows, kept beside the benchmark. */
function keep(report: Report): void {
  const folder = join(root, 'test/bench');
  writeFileSync(join(folder, 'results.json'), `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(join(folder, 'throughput.svg'), throughput(report));
  writeFileSync(join(folder, 'growth.svg'), growthChart(report));
  if (values.peers) writeFileSync(join(folder, 'peers.svg'), peersChart(report));
  writeFileSync(join(folder, 'results.md'), tables(report));
  const readme = join(root, 'README.md');
  writeFileSync(readme, inReadme(readFileSync(readme, 'utf8'), report));
}
