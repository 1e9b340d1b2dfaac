/** The log of `disk.c`, and what a power cut at any place in it would have left of the files. */
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { missing, openFolder, root } from '../doors/children.js';

/** What a disk writes as a whole or not at all, in bytes. */
const SECTOR = 512;
const HEAD = 32;

/** Why tests with it cannot run, as their `skip`. */
export function lackingCompiler(): string | false {
  if (process.platform !== 'linux') return 'LD_PRELOAD is there on Linux only';
  if (missing(['cc', '/usr/include/dlfcn.h']).length === 0) return false;
  const reason = 'no C compiler with the headers of libc (test/provision installs both)';
  if (process.env.ATOMMQ_TEST_REQUIRE === 'all') throw new Error(reason);
  return reason;
}

let library: string | undefined;

/** The environment in which a process has files on a disk that can fail. */
export function onDisk(folder: string, options: Record<string, string> = {}): NodeJS.ProcessEnv {
  if (library === undefined) {
    library = join(openFolder(), 'disk.so');
    execFileSync('cc', ['-shared', '-fPIC', '-O1', '-o', library, join(root, 'test/faults/disk.c'), '-ldl']);
  }
  const named = Object.entries(options).map(([name, value]) => [`ATOMMQ_DISK_${name}`, value]);
  return { LD_PRELOAD: library, ATOMMQ_DISK_FOLDER: folder, ...Object.fromEntries(named) };
}

/** How long a log is: what was done so far. */
export function lengthOf(log: string): number {
  return statSync(log).size;
}

/** One thing that was done. */
interface Step {
  /** Where it stands in the log: it was done when the log was so long. */
  end: number;
  what: string;
  inode: bigint;
  /** An offset or a length. */
  at: number;
  path: string;
  data: Buffer;
}

export function readLog(log: string): Step[] {
  const bytes = readFileSync(log);
  const steps: Step[] = [];
  for (let from = 0; from + HEAD <= bytes.length; ) {
    const path = from + HEAD;
    const data = path + bytes.readUInt32LE(from + 24);
    const end = data + bytes.readUInt32LE(from + 28);
    steps.push({
      end,
      what: String.fromCharCode(bytes[from]!),
      inode: bytes.readBigUInt64LE(from + 8),
      at: Number(bytes.readBigUInt64LE(from + 16)),
      path: bytes.toString('utf8', path, data),
      data: bytes.subarray(data, end),
    });
    from = end;
  }
  return steps;
}

/** Bytes that grow as a file does. */
class Bytes {
  #room: Buffer;
  #length: number;

  constructor(from: Buffer = Buffer.alloc(0)) {
    this.#room = from;
    this.#length = from.length;
  }

  get value(): Buffer {
    return this.#room.subarray(0, this.#length);
  }

  do({ what, at, data }: Pick<Step, 'what' | 'at' | 'data'>): void {
    const length = what === 't' ? at : Math.max(this.#length, at + data.length);
    if (length > this.#room.length) {
      const room = Buffer.alloc(length * 2);
      this.value.copy(room);
      this.#room = room;
    }
    // What is cut off does not come back when it grows again.
    if (length < this.#length) this.#room.fill(0, length, this.#length);
    this.#length = length;
    if (what === 'w') data.copy(this.#room, at);
  }
}

/** One file, whatever its name: what is on the disk for sure, and what was done to it since. */
class File {
  readonly #safe = new Bytes();
  #pending: Step[] = [];
  /** How much of `#pending` was done when the sync that is under way began. */
  #syncing = 0;

  do(step: Step): void {
    if (step.what === 's') this.#syncing = this.#pending.length;
    else if (step.what !== 'e') this.#pending.push(step);
    else {
      for (const done of this.#pending.splice(0, this.#syncing)) this.#safe.do(done);
      this.#syncing = 0;
    }
  }

  /** What may be found: sectors that were not synchronized are there or not, one without regard to the other. */
  found(random: () => number): Buffer {
    const bytes = new Bytes(Buffer.from(this.#safe.value));
    // All, nothing, or a share of it; and up to some place, or anywhere.
    const share = [0, 0.1, 0.5, 0.9, 1][Math.floor(random() * 5)]!;
    const until = random() < 0.5 ? this.#pending.length : Math.floor(random() * (this.#pending.length + 1));
    for (const { what, at, data } of this.#pending.slice(0, until)) {
      if (what === 't' && random() < share) bytes.do({ what, at, data });
      for (let from = 0; from < data.length; ) {
        const to = Math.min(data.length, from + SECTOR - ((at + from) % SECTOR));
        if (random() < share) bytes.do({ what, at: at + from, data: data.subarray(from, to) });
        from = to;
      }
    }
    return bytes.value;
  }
}

/** The disk as the log goes on. */
export class Disk {
  readonly #inodes = new Map<bigint, File>();
  /** Which file has which name, as processes see it, and as it is on the disk for sure. */
  readonly #names = new Map<string, File>();
  #safe = new Map<string, File>();
  /** What was done to names since they were last on the disk for sure, in order. */
  #renamed: [string, File | undefined][] = [];
  readonly #isDeaf: (path: string) => boolean;

  /** @param isDeaf which files are never synchronized, to see what that would do */
  constructor(isDeaf: (path: string) => boolean = () => false) {
    this.#isDeaf = isDeaf;
  }

  do(step: Step): void {
    const { what, inode, path } = step;
    if (what === 'o') {
      if (this.#names.has(path)) return;
      const file = new File();
      this.#inodes.set(inode, file);
      this.#rename(path, file);
    } else if (what === 'u') this.#rename(path, undefined);
    else if (what === 'd') this.#settle(this.#renamed.length);
    else {
      const file = this.#inodes.get(inode)!;
      const isSync = what === 's' || what === 'e';
      if (isSync && [...this.#names].some(([name, one]) => one === file && this.#isDeaf(name))) return;
      file.do(step);
      // File systems that keep a journal write a new file's name with it, and what was done to names before.
      if (what === 'e') this.#settle(this.#renamed.findLastIndex(([, made]) => made === file) + 1);
    }
  }

  /** Writes what a power cut now may leave to a folder; the same for the same random numbers. */
  cut(folder: string, random: () => number): void {
    const names = new Map(this.#safe);
    const until = Math.floor(random() * (this.#renamed.length + 1));
    for (const [path, file] of this.#renamed.slice(0, until)) change(names, path, file);
    for (const [path, file] of names) writeFileSync(join(folder, basename(path)), file.found(random));
  }

  #rename(path: string, file: File | undefined): void {
    change(this.#names, path, file);
    this.#renamed.push([path, file]);
  }

  #settle(count: number): void {
    for (const [path, file] of this.#renamed.splice(0, count)) change(this.#safe, path, file);
  }
}

function change(names: Map<string, File>, path: string, file: File | undefined): void {
  if (file === undefined) names.delete(path);
  else names.set(path, file);
}

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
