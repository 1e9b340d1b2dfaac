/** The log: lines on standard error, or in a file as the original's `logger: file` had it; for people, or JSON by pino. */
import { appendFileSync } from 'node:fs';
import type { Settings } from '../config.js';
import { oneLine, withoutPasswords } from '../guard/plain.js';

const LEVELS = { debug: 0, info: 1, warning: 2, error: 3 } as const;

export type Level = keyof typeof LEVELS;
/** @param fields what a program that reads the log may look for; a line for people has it at its end */
export type Log = (level: Level, line: string, fields?: object) => void;

type LogSettings = Pick<Settings, 'log' | 'logger' | 'logFile' | 'logFormat'>;

/** @param also gets every line as well, for people, whatever its level */
export async function openLog(settings: LogSettings, also: (line: string) => void = () => {}): Promise<Log> {
  const { log, logger, logFile, logFormat } = settings;
  const put = (text: string) => {
    // A file is opened for each line, so that it may be moved away at any time.
    if (logger !== 'file' || !append(logFile, text)) process.stderr.write(text);
  };
  const write = logFormat === 'json' ? await json(put) : undefined;
  return (level, line, fields = {}) => {
    const plain = oneLine(withoutPasswords(line));
    const text = `${new Date().toISOString()} ${level} [${process.pid}] ${plain}${ending(fields)}`;
    also(text);
    if (LEVELS[level] < LEVELS[log]) return;
    if (write === undefined) put(`${text}\n`);
    else write(level, plain, fields);
  };
}

function ending(fields: object): string {
  const words = Object.entries(fields).map(([name, value]) => `${name}=${value}`);
  return words.length === 0 ? '' : ` (${words.join(' ')})`;
}

async function json(put: (text: string) => void): Promise<Log> {
  const { pino } = await import('pino');
  const log = pino(
    {
      level: 'debug',
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label === 'warn' ? 'warning' : label }) },
    },
    { write: put },
  );
  return (level, line, fields) => log[level === 'warning' ? 'warn' : level](fields ?? {}, line);
}

/** A full disk must not stop the server for want of a line. */
function append(file: string, text: string): boolean {
  try {
    appendFileSync(file, text);
    return true;
  } catch {
    return false;
  }
}
