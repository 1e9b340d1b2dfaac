/** Every door, and the loop that puts a suite through all of them. */
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { apacheCgi, apacheFastCgi } from './apache.js';
import { cgiChild } from './cgi-child.js';
import { missing, openFolder } from './children.js';
import type { Door, DoorKind, DoorOptions } from './door.js';
import { httpGateway } from './gateways.js';
import { inProcess } from './in-process.js';
import { lighttpdCgi, lighttpdFastCgi, lighttpdSocket } from './lighttpd.js';
import { nginxFastCgi, nginxFastCgiUnkept, nginxProxy } from './nginx.js';

export type { Door, DoorKind, DoorOptions } from './door.js';

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

/**
 * Defines the same tests for each door, which opens on a new database before and is shut after.
 * `ATOMMQ_TEST_DOORS=nginx` keeps to the doors whose names hold that.
 * @param define is given what returns the open door, for use inside a test, and which kind it is
 */
export function eachDoor(
  define: (at: () => Door, kind: DoorKind) => void,
  options: Omit<DoorOptions, 'database'> = {},
  among: DoorKind[] = doors,
): void {
  for (const kind of among.filter(({ name }) => name.includes(process.env.ATOMMQ_TEST_DOORS ?? ''))) {
    const lacking = missing(kind.needs);
    if (lacking.length > 0 && !requireAll) {
      test(kind.name, { skip: `${lacking.join(', ')} not installed (test/provision installs it)` }, () => {});
      continue;
    }
    describe(kind.name, () => {
      let door: Door | undefined;
      before(async () => {
        if (lacking.length > 0) throw new Error(`${lacking.join(', ')} not installed`);
        door = await kind.start({ ...options, database: join(openFolder(), 'bus.db') });
      });
      after(() => door?.stop());
      define(() => door!, kind);
    });
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
