/** The write-ahead log beside an SQLite file: whether the one that is written to still has its name. */
import { statSync } from 'node:fs';

/**
 * Only the last of all that have a database open removes its log. If somebody else does, all goes on as before for those
 * who have it open, but whoever comes later does not see what it holds, and neither does anybody after a kill.
 */
export class Wal {
  readonly #path: string;
  readonly #inode: number | undefined;

  /** @param filename of a database that is open and has been read from, so that there is a log if it has any */
  constructor(filename: string) {
    this.#path = `${filename}-wal`;
    this.#inode = this.#look();
  }

  /** Whether the log that was there is no longer under its name. */
  get isGone(): boolean {
    return this.#inode !== undefined && this.#look() !== this.#inode;
  }

  /** Whether there is one under its name. */
  get isThere(): boolean {
    return this.#look() !== undefined;
  }

  #look(): number | undefined {
    return statSync(this.#path, { throwIfNoEntry: false })?.ino;
  }
}
