/** The machine that is measured on: what it is, which core does what, and what its disk does. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import { missing, PATH } from '../doors/children.js';

/** With two cores or more the load generator keeps to the second; servers, which have threads, take what they get of both. */
const pinning = availableParallelism() > 1 && missing(['taskset']).length === 0;

/** Who a process is: what is measured, or what measures. */
export type Part = 'server' | 'load' | 'any';

/** A command that runs where its part may. */
export function pinned(part: Part, command: string, args: string[]): { command: string; args: string[] } {
  if (!pinning || part !== 'load') return { command, args };
  return { command: 'taskset', args: ['-c', '1', command, ...args] };
}

/** Moves a process that runs, and its children, to the core of their part. */
export function pin(part: Part, pid: number): void {
  if (!pinning || part !== 'load') return;
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
  for (const each of [String(pid), ...children]) said('taskset', ['-acp', '1', each]);
}

/** A description for people, of what the figures depend on. */
export function describe(folder: string): Record<string, string | number> {
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    fileSystem: said('df', ['--output=fstype', folder]).split('\n').at(-1) ?? 'unknown',
    generator: missing(['wrk']).length === 0 ? 'wrk' : 'node',
    pinned: pinning ? 'load on core 1' : 'no',
  };
}

function said(command: string, args: string[]): string {
  return spawnSync(command, args, { encoding: 'utf8' }).stdout?.trim() ?? '';
}

const APPEND = `
const { openSync, writeSync, fdatasyncSync } = require('node:fs');
const [file, bytes, seconds] = process.argv.slice(1);
const [fd, piece] = [openSync(file, 'w'), Buffer.alloc(Number(bytes), 120)];
let count = 0;
const begin = performance.now();
for (const end = begin + seconds * 1000; performance.now() < end; count += 1) {
  writeSync(fd, piece);
  fdatasyncSync(fd);
}
console.log((count * 1000) / (performance.now() - begin));
`;

/** How often a second the disk of a folder takes so many bytes at the end of a file, each time with an fdatasync. */
export function diskRate(folder: string, bytes: number, seconds: number): number {
  const { command, args } = pinned('server', process.execPath, [
    '-e',
    APPEND,
    `${folder}/append`,
    `${bytes}`,
    `${seconds}`,
  ]);
  return Number(execFileSync(command, args, { encoding: 'utf8', env: { PATH } }));
}

/** Forgets the most memory that processes have had, so that what `peakMiB` says begins here. */
export function forgetPeaks(pids: number[]): void {
  for (const pid of pids) {
    try {
      writeFileSync(`/proc/${pid}/clear_refs`, '5');
    } catch {
      // Not Linux, or not ours: then the peak is that of its whole life, or unknown.
    }
  }
}

function status(pid: number, key: string): number {
  try {
    const line = new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return Number(line?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

/** The most resident memory that the largest of these processes has had, in MiB. */
export const peakMiB = (pids: number[]): number => Math.max(...pids.map((pid) => status(pid, 'VmHWM')));

/** The resident memory of the largest of these processes, in MiB. */
export const residentMiB = (pids: number[]): number => Math.max(...pids.map((pid) => status(pid, 'VmRSS')));

/** Processor time that a process has used, in seconds. */
export function processorSeconds(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return 0;
  }
}
