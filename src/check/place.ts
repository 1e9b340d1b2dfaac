/** Where an SQLite file is: whether its folder can be written to, whose the files are, the file system, the space. */
import { constants } from 'node:fs';
import { access, stat, statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Remark } from '../store/dialect.js';

/** Numbers that statfs(2) gives for file systems on which locks or shared memory do not work as SQLite needs them. */
const NETWORK: Record<number, string> = {
  ...{ 26985: 'NFS', 20859: 'SMB', 4283649346: 'CIFS', 4266872130: 'SMB 2', 16914839: '9p', 1397114950: 'AFS' },
  ...{ 12805120: 'Ceph', 198183888: 'Lustre', 1634952025: 'Coda', 22092: 'NCP' },
};
const MEMORY: Record<number, string> = { 16914836: 'tmpfs', 2240043254: 'ramfs' };
const FUSE = 1702057286;

const MIB = 1024 * 1024;

/** All there is to say of the place of a file. */
export async function inspectPlace(filename: string): Promise<Remark[]> {
  const file = resolve(filename);
  const folder = dirname(file);
  const { type, bavail, bsize } = await statfs(folder);
  return [await permissions(file, folder), await owners(file), fileSystem(type), space(bavail * bsize, folder)];
}

async function permissions(file: string, folder: string): Promise<Remark> {
  const name = 'permissions';
  const may = (path: string) =>
    access(path, constants.R_OK | constants.W_OK).then(
      () => true,
      () => false,
    );
  const closed = [];
  if (!(await may(file))) closed.push(`the file ${file}`);
  if (!(await may(folder))) closed.push(`its folder ${folder}, in which SQLite makes ${file}-wal`);
  if (closed.length > 0) {
    const text = `whoever runs this may not write to ${closed.join(' and ')}`;
    return {
      name,
      level: 'problem',
      text,
      fix: `Run this as whom the server runs as, or chown -R that user ${folder}.`,
    };
  }
  if (((await stat(file)).mode & 0o002) !== 0) {
    const text = `every user may write to ${file}`;
    return { name, level: 'warning', text, fix: `chmod o-w ${file}` };
  }
  return { name, level: 'ok', text: 'the file and its folder can be written to' };
}

/** A command that was run as another user once leaves files that the server cannot open. */
async function owners(file: string): Promise<Remark> {
  const name = 'owner';
  const { uid } = await stat(file);
  for (const part of [`${file}-wal`, `${file}-shm`]) {
    const other = await stat(part).catch(() => undefined);
    if (other === undefined || other.uid === uid) continue;
    const text = `${part} belongs to user ${other.uid}, ${file} to ${uid}: the server may not be able to open it`;
    return { name, level: 'problem', text, fix: `chown ${uid} ${part}; run commands as whom the server runs as.` };
  }
  return { name, level: 'ok', text: 'the files of the database have one owner' };
}

/** @param type what statfs(2) has for it */
export function fileSystem(type: number): Remark {
  const name = 'file system';
  // Some are negative as a 32-bit number.
  const known = type < 0 ? type + 2 ** 32 : type;
  if (NETWORK[known] !== undefined) {
    return {
      name,
      level: 'problem',
      text: `the file is on ${NETWORK[known]}: WAL needs memory that all processes share, and locks of the network lose what two write`,
      fix: 'Put the file on a disk of this machine; for several machines use PostgreSQL or MariaDB.',
    };
  }
  if (MEMORY[known] !== undefined) {
    const text = `the file is on ${MEMORY[known]}: a restart of the machine takes everything`;
    return { name, level: 'warning', text, fix: 'Put the file on a disk.' };
  }
  if (known === FUSE) {
    const text = 'the file is on a FUSE file system, of which nobody knows what a flush is worth';
    return { name, level: 'warning', text, fix: 'Put the file on a disk of this machine.' };
  }
  return { name, level: 'ok', text: 'the file is on no file system of a network' };
}

/** @param bytes free for us */
export function space(bytes: number, folder: string): Remark {
  const name = 'space';
  const text = `${Math.floor(bytes / MIB)} MiB are free in ${folder}`;
  if (bytes >= 1024 * MIB) return { name, level: 'ok', text };
  const fix = 'Make room, or limit feeds by max_age, max_entries, max_bytes.';
  return { name, level: bytes < 64 * MIB ? 'problem' : 'warning', text, fix };
}
