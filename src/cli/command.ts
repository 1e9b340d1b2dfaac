/** What a command is: the rows of the table from which come the parser, the help, the completion of shells and the man page. */
import type { Resolved } from '../config.js';

/** What a shell may offer for a word: something that it knows how to look for, or these words. */
export type Completes = 'feed' | 'file' | 'command' | readonly string[];

/** A flag of a command's own. */
export interface Flag {
  name: string;
  /** What stands for its value in the help; undefined where it has none. */
  value?: string;
  completes?: Completes;
  help: string;
}

/** What a command is run with. */
export interface Input {
  /** The configuration, which is read when it is asked for. @throws ConfigError */
  readonly resolved: Resolved;
  /** What stands after the command's name. */
  words: string[];
  /** By name, without dashes. */
  flags: Record<string, unknown>;
  argv: string[];
  version: string;
}

export interface Command {
  name: string;
  /** One line. */
  summary: string;
  /** How its words are written. */
  usage?: string;
  /** How many words it takes at least and at most; none unless given. */
  words?: [number, number];
  /** What its words are, one after the other; the last is for all that follow. */
  completes?: Completes[];
  flags?: Flag[];
  /** The options that have a meaning for it; all unless given. */
  options?: string[];
  /** What more there is to say. */
  notes?: string;
  /** How it is used, with what that does. */
  examples?: [line: string, what: string][];
  /** What it ends with, beside 2 for a command line or a configuration that cannot be used. */
  exits: Record<number, string>;
  /** `atommq` alone names it: one of those to begin with. */
  first?: true;
  /** A pipe that somebody closes is its own matter; else it ends the command quietly. */
  ownOutput?: true;
  /** Its module is loaded when it is run, and not before. */
  run(input: Input): Promise<number> | number;
}

export const JSON_FLAG: Flag = { name: 'json', help: 'print the result as JSON' };

export const URL_FLAG: Flag = {
  name: 'url',
  value: 'URL',
  help: 'address of the bus [ATOMMQ_URL, default http://host:port/mount as configured]',
};

/** The options that say where a server is. */
export const SERVER = ['gateway', 'host', 'port', 'mount', 'base-url'];

export const SECRETS = 'Credentials: user:password@ in the address, or a token in ATOMMQ_TOKEN.';
export const CREDENTIALS = `FEED is a name, or the whole address of a feed. ${SECRETS}`;

/** Flags that every command takes. */
export const COMMON: Flag[] = [
  { name: 'config', value: 'FILE', completes: 'file', help: 'configuration file [ATOMMQ_CONFIG, ./config.yml]' },
  { name: 'color', help: 'colours, even where no terminal is; --no-color for none [NO_COLOR, FORCE_COLOR]' },
  { name: 'help', help: 'print the help' },
  { name: 'version', help: 'print the version' },
];

/** The number of every usage error. */
export const USAGE = 2;

/** All that a command ends with, by number. */
export function exitsOf({ exits }: Command): [code: number, what: string][] {
  const all: Record<number, string> = { ...exits, [USAGE]: 'usage, or a configuration that cannot be used' };
  return Object.entries(all).map(([code, what]) => [Number(code), what]);
}
