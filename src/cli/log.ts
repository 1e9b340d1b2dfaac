/** The log: lines on standard error, or in a file as the original's `logger: file` had it. */
import { appendFileSync } from 'node:fs';
import type { Settings } from '../config.js';

const LEVELS = { debug: 0, info: 1, warning: 2, error: 3 } as const;

export type Level = keyof typeof LEVELS;
export type Log = (level: Level, line: string) => void;

/** @param also gets every line as well, whatever its level */
export function makeLog(
  { log, logger, logFile }: Pick<Settings, 'log' | 'logger' | 'logFile'>,
  also: (line: string) => void = () => {},
): Log {
  return (level, line) => {
    const text = `${new Date().toISOString()} ${level} [${process.pid}] ${line}`;
    also(text);
    if (LEVELS[level] < LEVELS[log]) return;
    if (logger !== 'file' || !append(logFile, text)) process.stderr.write(`${text}\n`);
  };
}

/** A full disk must not stop the server for want of a line. */
function append(file: string, text: string): boolean {
  try {
    appendFileSync(file, `${text}\n`);
    return true;
  } catch {
    return false;
  }
}
