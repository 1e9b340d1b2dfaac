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
    const text = `${new Date().toISOString()} ${level} [${process.pid}] ${visible(line)}`;
    also(text);
    if (LEVELS[level] < LEVELS[log]) return;
    if (logger !== 'file' || !append(logFile, text)) process.stderr.write(`${text}\n`);
  };
}

/**
 * What somebody sent may be in a line: it must not steer a terminal, nor look like a line of its own. So control characters
 * are written as escapes, and what follows a line break, as in a stack, is set in.
 */
export function visible(line: string): string {
  return line
    .replace(/[\0-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, escapeOf)
    .replace(/\n(?! {4})/g, '\n    ');
}

function escapeOf(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
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
