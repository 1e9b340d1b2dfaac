/** A terminal that one table has for itself: drawn over in place, left as it was before, and ended by a key. */
import type { ReadStream, WriteStream } from 'node:tty';

const ENTER = '\x1b[?1049h\x1b[?25l';
const LEAVE = '\x1b[?25h\x1b[?1049l';
/** `q`, escape, and what Ctrl-C and Ctrl-D send. */
const END_KEYS = ['q', 'Q', '\x1b', '\x03', '\x04'];

export class Screen {
  readonly #out: WriteStream;
  readonly #in: ReadStream | undefined;
  readonly #onKey: (key: Buffer) => void;
  readonly #onResize: () => void;
  #lines: string[] = [];

  /** @param onEnd is called when a key ends it */
  constructor(onEnd: () => void, out: WriteStream = process.stdout, input: ReadStream = process.stdin) {
    this.#out = out;
    this.#in = input.isTTY ? input : undefined;
    this.#onKey = (key) => {
      if (END_KEYS.includes(key.toString())) onEnd();
    };
    this.#onResize = () => this.draw(this.#lines);
    this.#in?.setRawMode(true);
    this.#in?.on('data', this.#onKey);
    out.on('resize', this.#onResize);
    out.write(ENTER);
  }

  get columns(): number {
    return this.#out.columns || 80;
  }

  get rows(): number {
    return this.#out.rows || 24;
  }

  /** Lines in place of those that were there: each is written over, so that nothing flickers. */
  draw(lines: string[]): void {
    this.#lines = lines;
    const shown = lines.slice(0, this.rows).map((line) => `${line}\x1b[K`);
    this.#out.write(`\x1b[H${shown.join('\r\n')}\x1b[J`);
  }

  close(): void {
    this.#out.off('resize', this.#onResize);
    this.#in?.off('data', this.#onKey);
    this.#in?.setRawMode(false);
    this.#in?.pause();
    this.#out.write(LEAVE);
  }
}
