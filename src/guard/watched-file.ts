/** A file that is read again when it has changed; while what it holds is of no use, the last good one counts. */
import { readFileSync, statSync } from 'node:fs';
import { BadValue } from '../config/bad-value.js';

/** So long a look at the file is good for, in milliseconds. */
const GOOD_FOR = 1000;

export class WatchedFile<T> {
  readonly #option: string;
  readonly #path: string;
  readonly #parse: (text: string) => T;
  readonly #onError: (error: unknown) => void;
  #value: T;
  #mark: string;
  #looked: number;

  /**
   * @param option the option that names the file, for errors
   * @param parse throws BadValue for what it cannot use
   * @param onError is told once of each state of the file that is of no use
   * @throws BadValue when the file cannot be used at all
   */
  constructor(option: string, path: string, parse: (text: string) => T, onError: (error: unknown) => void) {
    this.#option = option;
    this.#path = path;
    this.#parse = parse;
    this.#onError = onError;
    this.#looked = Date.now();
    // Before the content: what changes in between is then seen at the next look.
    this.#mark = this.#markNow();
    this.#value = this.#read();
  }

  /** What the file holds, as of a second ago at most. */
  get current(): T {
    const now = Date.now();
    if (now - this.#looked >= GOOD_FOR || now < this.#looked) {
      this.#looked = now;
      const mark = this.#markNow();
      if (mark !== this.#mark) {
        this.#mark = mark;
        try {
          this.#value = this.#read();
        } catch (error) {
          this.#onError(new BadValue(`${(error as Error).message}; what it held before still counts`));
        }
      }
    }
    return this.#value;
  }

  /** Tells one state of the file from the next. */
  #markNow(): string {
    try {
      const { ino, size, mtimeNs, ctimeNs } = statSync(this.#path, { bigint: true });
      return `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
    } catch (error) {
      return codeOf(error);
    }
  }

  #read(): T {
    let text: string;
    try {
      text = readFileSync(this.#path, 'utf8');
    } catch (error) {
      throw new BadValue(`${this.#option} ${this.#path}: cannot be read (${codeOf(error)})`);
    }
    try {
      return this.#parse(text);
    } catch (error) {
      if (!(error instanceof BadValue)) throw error;
      throw new BadValue(`${this.#option} ${this.#path}: ${error.message}`);
    }
  }
}

function codeOf(error: unknown): string {
  return String((error as NodeJS.ErrnoException).code);
}
