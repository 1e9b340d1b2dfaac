/** The log: lines on standard error, or in a file as the original's `logger: file` had it. */
import { appendFileSync } from 'node:fs';
import type { Settings } from '../config.js';

const LEVELS = { debug: 0, info: 1, warning: 2, error: 3 } as const;

export type Log = (level: keyof typeof LEVELS, line: string) => void;

export function makeLog({ log, logger, logFile }: Pick<Settings, 'log' | 'logger' | 'logFile'>): Log {
  return (level, line) => {
    if (LEVELS[level] < LEVELS[log]) return;
    const text = `${new Date().toISOString()} ${level} [${process.pid}] ${line}\n`;
    if (logger === 'file') appendFileSync(logFile, text);
    else process.stderr.write(text);
  };
}
