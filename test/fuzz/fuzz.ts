/** What fuzzing shares: a bound in seconds, a seed that is printed, and ways to damage bytes. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import fc from 'fast-check';

/** How long each test goes on. */
const SECONDS = Number(process.env.ATOMMQ_FUZZ_SECONDS ?? 5);

/**
 * Tries inputs until the time is over; the one that fails is made as small as the time allows.
 * `ATOMMQ_SEED` gives the same inputs again.
 */
export async function fuzz<T>(
  t: TestContext,
  input: fc.Arbitrary<T>,
  holds: (value: T) => Promise<void>,
): Promise<void> {
  const seed = Number(process.env.ATOMMQ_SEED ?? Date.now() % 2 ** 31);
  let runs = 0;
  const property = fc.asyncProperty(input, async (value) => {
    runs += 1;
    await holds(value);
  });
  t.diagnostic(`ATOMMQ_SEED=${seed}`);
  await fc.assert(property, {
    seed,
    numRuns: 1_000_000_000,
    interruptAfterTimeLimit: SECONDS * 1000,
    markInterruptAsFailure: false,
  });
  t.diagnostic(`${runs} inputs in ${SECONDS} s`);
  assert.ok(runs > 0);
}

/** One thing done to a piece of bytes; places count from wherever the piece ends. */
export interface Damage {
  how: 'set' | 'insert' | 'cut' | 'repeat';
  at: number;
  length: number;
  bytes: Uint8Array;
}

/** @param tokens what is put in beside random bytes: what means something in the language at hand */
export function damages(tokens: string[]): fc.Arbitrary<Damage[]> {
  const bytes = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...tokens).map((token) => Buffer.from(token, 'latin1') as Uint8Array) },
    { weight: 1, arbitrary: fc.uint8Array({ minLength: 1, maxLength: 4 }) },
  );
  const how = fc.constantFrom('set', 'insert', 'cut', 'repeat');
  return fc.array(fc.record({ how, at: fc.nat(1 << 20), length: fc.integer({ min: 1, max: 40 }), bytes }), {
    maxLength: 6,
  });
}

export function damaged(whole: Buffer, done: Damage[]): Buffer {
  let result = whole;
  for (const { how, at, length, bytes } of done) {
    const from = at % (result.length + 1);
    const rest = { set: from + bytes.length, insert: from, cut: from + length, repeat: from }[how];
    const between = how === 'cut' ? [] : how === 'repeat' ? [result.subarray(from, from + length)] : [bytes];
    result = Buffer.concat([result.subarray(0, from), ...between, result.subarray(rest)]);
  }
  return result;
}

/** Cuts bytes at these places, for a sender that does not send all at once. */
export function pieces(whole: Buffer, cuts: number[]): Buffer[] {
  const places = [0, ...cuts.map((cut) => cut % (whole.length + 1)), whole.length].sort((a, b) => a - b);
  return places.slice(1).map((place, i) => whole.subarray(places[i], place));
}
