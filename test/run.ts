/**
 * The runner behind `npm test`: every compiled test file, by Node's own runner; before the totals, what was skipped, and which files took
 * longest.
 */
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { Transform } from 'node:stream';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';
import { openFolder } from './doors/children.js';

/** For one file; far more than any takes, so that only one that hangs is cut off. */
const TIMEOUT = 40 * 60_000;

/** Parts of the names of the files that take longest: they begin first, so that none of them is the last to run. */
const LONG = ['suite/access', 'cluster/', 'check/verify'];

function rank(file: string): number {
  const at = LONG.findIndex((part) => file.includes(part));
  return at === -1 ? LONG.length : at;
}

// What files of tests make once for all of them.
process.env.ATOMMQ_TEST_TEMPLATES = openFolder();
process.env.PATH = `${process.env.PATH}:/usr/sbin:/sbin`;
const here = fileURLToPath(new URL('.', import.meta.url));
const only = process.argv.slice(2);
const files = readdirSync(here, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.js') && (only.length === 0 || only.some((part) => file.includes(part))))
  .sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
  .map((file) => join(here, file));
if (files.length === 0) {
  console.error(`no test file's name holds ${only.join(' or ')}`);
  process.exit(1);
}

interface Event {
  type: string;
  data: {
    name?: string;
    file?: string;
    skip?: string | boolean;
    todo?: string | boolean;
    message?: string;
    nesting?: number;
    details?: { duration_ms?: number };
  };
}

/** How many tests were skipped, by the reason. */
const skipped = new Map<string, number>();

/** Milliseconds of the tests of each file. */
const took = new Map<string, number>();

/** What is said before the totals. */
function* summary(): Generator<string> {
  for (const [reason, count] of skipped) yield `skipped ${count}: ${reason}`;
  const slowest = [...took].sort(([, a], [, b]) => b - a).slice(0, 10);
  for (const [file, ms] of slowest) yield `${(ms / 1000).toFixed(1).padStart(6)} s: ${relative(here, file)}`;
}

/** Passes events on, with the summary before the first of the totals. */
const withSummary = new Transform({
  objectMode: true,
  transform(event: Event, _, done) {
    const { type, data } = event;
    if (type === 'test:pass' && data.skip !== undefined) {
      const reason = typeof data.skip === 'string' && data.skip !== '' ? data.skip : (data.name ?? '');
      skipped.set(reason, (skipped.get(reason) ?? 0) + 1);
    }
    if (/^test:(pass|fail)$/.test(type) && data.nesting === 0 && data.file !== undefined) {
      took.set(data.file, (took.get(data.file) ?? 0) + (data.details?.duration_ms ?? 0));
    }
    if (type === 'test:fail' && data.todo === undefined) process.exitCode = 1;
    if (type === 'test:diagnostic' && data.nesting === 0 && /^tests \d/.test(data.message ?? '')) {
      for (const message of summary()) this.push({ type: 'test:diagnostic', data: { ...data, message } });
    }
    done(null, event);
  },
});

// One more than there are processors: tests wait much, for streams, clocks and disks.
run({ files, concurrency: availableParallelism() + 1, timeout: TIMEOUT })
  .pipe(withSummary)
  .compose(new spec())
  .pipe(process.stdout);
