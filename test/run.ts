/** The runner behind `npm test`: every compiled test file, by Node's own runner, and what was skipped before the totals. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';

/** For one file; far more than any takes, so that only one that hangs is cut off. */
const TIMEOUT = 40 * 60_000;

process.env.PATH = `${process.env.PATH}:/usr/sbin:/sbin`;
const here = fileURLToPath(new URL('.', import.meta.url));
const only = process.argv.slice(2);
const files = readdirSync(here, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.js') && (only.length === 0 || only.some((part) => file.includes(part))))
  .map((file) => join(here, file))
  .sort();
if (files.length === 0) {
  console.error(`no test file's name holds ${only.join(' or ')}`);
  process.exit(1);
}

interface Event {
  type: string;
  data: { name?: string; skip?: string | boolean; todo?: string | boolean; message?: string; nesting?: number };
}

/** How many tests were skipped, by the reason. */
const skipped = new Map<string, number>();

/** Passes events on, with the reasons for skips before the first of the totals. */
const withSkips = new Transform({
  objectMode: true,
  transform(event: Event, _, done) {
    const { type, data } = event;
    if (type === 'test:pass' && data.skip !== undefined) {
      const reason = typeof data.skip === 'string' && data.skip !== '' ? data.skip : (data.name ?? '');
      skipped.set(reason, (skipped.get(reason) ?? 0) + 1);
    }
    if (type === 'test:fail' && data.todo === undefined) process.exitCode = 1;
    if (type === 'test:diagnostic' && data.nesting === 0 && /^tests \d/.test(data.message ?? '')) {
      for (const [reason, count] of skipped) {
        this.push({ type: 'test:diagnostic', data: { ...data, message: `skipped ${count}: ${reason}` } });
      }
    }
    done(null, event);
  },
});

run({ files, concurrency: 2, timeout: TIMEOUT }).pipe(withSkips).compose(new spec()).pipe(process.stdout);
