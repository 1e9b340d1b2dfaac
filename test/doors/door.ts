/** What a door is: one way by which requests reach the application, the same for all tests. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Ask } from '../client.js';
import { openFolder } from './children.js';

export interface DoorOptions {
  /** The database's name; where it is a file, its folder is one that every user may write to. */
  database: string;
  pageSize?: number;
  /** Rules by feed name, as a configuration file has them. */
  feeds?: Record<string, unknown>[];
  /** What else its configuration file holds. */
  configuration?: Record<string, unknown>;
  /** Variables for the process that serves, `ATOMMQ_*` above all. */
  environment?: Record<string, string>;
}

export interface Door {
  name: string;
  /** The mount point as clients see it: `http://127.0.0.1:PORT/atommq`. */
  base: string;
  /** Where it listens; undefined where there is no socket. */
  port: number | undefined;
  ask: Ask;
  stop(): Promise<void>;
}

/** A door that can be opened. */
export interface DoorKind {
  name: string;
  /** Programs without which it cannot. */
  needs: string[];
  /** There is a socket to speak HTTP to, with a server that decides what reaches us. */
  overHttp: boolean;
  start(options: DoorOptions): Promise<Door>;
}

/** Options as the variables by which every program of ours takes them. */
export function variables({
  database,
  pageSize,
  feeds,
  configuration,
  environment = {},
}: DoorOptions): Record<string, string> {
  return {
    ATOMMQ_DATABASE: database,
    ...((feeds ?? configuration) ? { ATOMMQ_CONFIG: configFile({ ...configuration, ...(feeds && { feeds }) }) } : {}),
    ...(pageSize === undefined ? {} : { ATOMMQ_PAGE_SIZE: String(pageSize) }),
    // Tests call servers by many names; those about names say otherwise.
    ATOMMQ_ALLOWED_HOSTS: '*',
    ...environment,
  };
}

/** In a file, since rules hold quotes, which every web server wants written in another way. */
function configFile(configuration: Record<string, unknown>): string {
  const file = join(openFolder(), 'config.yml');
  writeFileSync(
    file,
    Object.entries(configuration)
      .map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`)
      .join(''),
  );
  return file;
}
