/** The benchmark's parts work: a row of each kind yields figures. No time is asserted. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from '../doors/children.js';
import { temporaryFolder } from '../fixture.js';
import { growth, type Report, table, throughput } from './chart.js';

test('rows yield figures, and charts are made of them', () => {
  const file = join(temporaryFolder(), 'results.json');
  const rows = ['publish, 64 clients, one', 'batch of 1,000 entries,', 'by start_after', 'replay by', 'not in cache'];
  const flags = ['--rounds', '1', '--seconds', '0.2', '--entries', '5000', '--json', file];
  execFileSync(process.execPath, [join(root, 'dist/test/bench/bench.js'), ...rows, ...flags], { timeout: 120_000 });
  const report: Report = JSON.parse(readFileSync(file, 'utf8'));
  assert.equal(report.results.length, rows.length + 1);
  for (const { name, ours } of report.results) assert.ok(ours.median > 0, name);
  assert.match(throughput(report), /^<svg [\s\S]*publish, 64 clients[\s\S]*<\/svg>\n$/);
  assert.match(growth({ ...report, results: [] }), /<\/svg>\n$/);
  assert.match(table(report), /\| replay by one consumer \|/);
});
