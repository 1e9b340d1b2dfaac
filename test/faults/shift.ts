/** Loaded into a server by `--import`: its clock is as far off as a file says, in milliseconds. */
import { readFileSync } from 'node:fs';

const file = process.env.ATOMMQ_TEST_CLOCK ?? '';
const real = Date.now;
let offset = 0;
const read = () => {
  try {
    offset = Number(readFileSync(file, 'utf8'));
  } catch {
    // Nobody has set it yet.
  }
};
read();
setInterval(read, 20).unref();

const RealDate = Date;
class ShiftedDate extends RealDate {
  constructor(...parts: [] | [number | string | Date]) {
    if (parts.length === 0) super(real() + offset);
    else super(...parts);
  }
  static override now(): number {
    return real() + offset;
  }
}
globalThis.Date = ShiftedDate as DateConstructor;

// The wall clock at the start of the process, as a process that starts now would see it.
const { timeOrigin } = performance;
Object.defineProperty(performance, 'timeOrigin', { value: timeOrigin + offset, configurable: true });
