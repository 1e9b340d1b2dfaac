/** Values of commands' own flags. */
import { nearest } from '../config/nearest.js';
import { ConfigError } from '../config.js';

/** @throws ConfigError */
export function wholeNumber(name: string, value: unknown, least: number): number | undefined {
  if (value === undefined) return undefined;
  const number = /^\d{1,9}$/.test(String(value)) ? Number(value) : Number.NaN;
  if (!(number >= least))
    throw new ConfigError(`--${name} ${JSON.stringify(value)} must be a whole number from ${least}`);
  return number;
}

/** @throws ConfigError */
export function oneOfFlag<T extends string>(name: string, value: unknown, known: T[]): T | undefined {
  if (value === undefined) return undefined;
  const found = known.find((one) => one === value);
  if (found !== undefined) return found;
  throw new ConfigError(
    `--${name} ${JSON.stringify(value)} is none of ${known.join(', ')}; the nearest one is ${nearest(String(value), known)}`,
  );
}

export function textFlag(value: unknown): string | undefined {
  return value === undefined ? undefined : String(value);
}
