/** Every door, and the loop that puts a suite through all of them. */
import { after, before, describe, test } from 'node:test';
import { type DatabaseKind, databases } from '../store/databases.js';
import { apacheCgi, apacheFastCgi } from './apache.js';
import { cgiChild } from './cgi-child.js';
import { missing } from './children.js';
import type { Door, DoorKind, DoorOptions } from './door.js';
import { httpGateway } from './gateways.js';
import { inProcess } from './in-process.js';
import { lighttpdCgi, lighttpdFastCgi, lighttpdSocket } from './lighttpd.js';
import { nginxFastCgi, nginxFastCgiUnkept, nginxProxy } from './nginx.js';

export type { Door, DoorKind, DoorOptions } from './door.js';

/** An open door, and the database behind it. */
export type OpenDoor = Door & { database: string };

export const doors: DoorKind[] = [
  inProcess,
  cgiChild,
  httpGateway,
  lighttpdFastCgi,
  lighttpdSocket,
  lighttpdCgi,
  nginxFastCgi,
  nginxFastCgiUnkept,
  nginxProxy,
  apacheCgi,
  apacheFastCgi,
];

/** With `all`, what this machine lacks is a failure; otherwise the tests that need it are skipped. */
export const requireAll = process.env.ATOMMQ_TEST_REQUIRE === 'all';

/**
 * Why tests that need these programs and modules cannot run, as their `skip`.
 * @throws Error where nothing may be skipped
 */
export function unlessThere(...needs: string[]): string | false {
  const lacking = missing(needs);
  if (lacking.length === 0) return false;
  const reason = `${lacking.join(', ')} not installed (test/provision installs it)`;
  if (requireAll) throw new Error(reason);
  return reason;
}

/** What a suite asks of its doors. */
export interface SuiteOptions extends Omit<DoorOptions, 'database'> {
  /** Is given each database before its door opens. */
  prepare?: (database: string) => Promise<void>;
}

/** The doors that are tried on every database; web servers know nothing of it, so one will do for them. */
const onEveryDatabase = [inProcess, httpGateway];

/**
 * Defines the same tests for each door, which opens on a new database before and is shut after.
 * `ATOMMQ_TEST_DOORS=nginx` keeps to the doors whose names hold that, `ATOMMQ_TEST_DATABASES` to some databases.
 * @param define is given what returns the open door, for use inside a test, and which kind it is
 */
export function eachDoor(
  define: (at: () => OpenDoor, kind: DoorKind) => void,
  options: SuiteOptions = {},
  among: DoorKind[] = doors,
): void {
  for (const database of databases) {
    const isDefault = database.name === 'SQLite';
    for (const kind of isDefault ? among : among.filter((kind) => onEveryDatabase.includes(kind))) {
      const name = isDefault ? kind.name : `${kind.name}, ${database.name}`;
      if (name.includes(process.env.ATOMMQ_TEST_DOORS ?? '')) throughDoor(name, kind, database, define, options);
    }
  }
}

/** The same for each door that programs of others can go through. */
export function eachHttpDoor(define: (at: () => Door, kind: DoorKind) => void): void {
  eachDoor(
    define,
    {},
    doors.filter(({ overHttp }) => overHttp),
  );
}

function throughDoor(
  name: string,
  kind: DoorKind,
  database: DatabaseKind,
  define: (at: () => OpenDoor, kind: DoorKind) => void,
  options: SuiteOptions,
): void {
  const lacking = missing([...kind.needs, ...database.needs]);
  if (lacking.length > 0 && !requireAll) {
    test(name, { skip: `${lacking.join(', ')} not installed (test/provision installs it)` }, () => {});
    return;
  }
  describe(name, () => {
    let door: OpenDoor | undefined;
    before(async () => {
      if (lacking.length > 0) throw new Error(`${lacking.join(', ')} not installed`);
      const name = await database.create();
      await options.prepare?.(name);
      door = { ...(await kind.start({ ...options, database: name })), database: name };
    });
    after(() => door?.stop());
    define(() => door!, kind);
  });
}
