/** The benchmark's parts work: a row of each kind yields figures. No time is asserted. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from '../doors/children.js';
import { temporaryFolder } from '../fixture.js';
import { growth, peers, type Report, throughput } from './chart.js';
import { inReadme, tables } from './report.js';
import type { Result } from './row.js';

test('rows yield figures, and charts are made of them', () => {
  const file = join(temporaryFolder(), 'results.json');
  const rows = ['publish, 64 clients, one', 'batch of 1,000 entries,', 'by start_after', 'replay by', 'not in cache'];
  const flags = ['--rounds', '1', '--seconds', '0.2', '--entries', '5000', '--json', file];
  execFileSync(process.execPath, [join(root, 'dist/test/bench/bench.js'), ...rows, ...flags], { timeout: 600_000 });
  const report: Report = JSON.parse(readFileSync(file, 'utf8'));
  // Both drivers read pages; and a row for memory.
  assert.equal(report.results.length, rows.length + 2);
  for (const { name, ours } of report.results) assert.ok(ours.median > 0, name);
  assert.match(throughput(report), /^<svg [\s\S]*publish, 64 clients[\s\S]*<\/svg>\n$/);
  assert.match(growth({ ...report, results: [] }), /<\/svg>\n$/);
  assert.match(tables(report), /\| replay by one consumer \|/);
  const readme = inReadme('before\n\nMeasured on a day\nlong ago.\n\nafter\n', report);
  assert.match(readme, /^before\n\nMeasured on \d{4}-.*`npm run bench -- publish.*`\.\n\nafter\n$/s);
});

test('brokers are compared by a table and a chart that say what each acknowledges', () => {
  const row = (name: string, median: number, acknowledges: string): Result => {
    const ours = { median, min: median, max: median };
    return { name: `peer ${name}`, against: '', unit: 'messages/s', less: false, ours, acknowledges };
  };
  const results = [
    row('A, fsync: publish', 10, 'fsynced'),
    row('A, fsync: replay', 20, 'fsynced'),
    row('B, default: publish', 30, 'not fsynced'),
  ];
  const report: Report = { date: '2026-01-01', command: '', machine: {}, results };
  assert.match(
    tables(report),
    /\| A, fsync \| 10\.0 \| 20\.0 \| fsynced \|\n\| B, default \| 30\.0 \| {2}\| not fsynced \|/,
  );
  assert.equal(peers(report).match(/opacity/g)?.length, 1);
});
