/** How far something is: a bar on a terminal, a line at every tenth elsewhere. */

const WIDTH = 30;

/** What is written to: standard error, since standard output is for the result. */
export interface ProgressStream {
  isTTY?: boolean;
  write(text: string): unknown;
}

export class Progress {
  readonly #label: string;
  readonly #total: number;
  readonly #stream: ProgressStream;
  #done = 0;
  #shown = -1;

  /** @param total how much there is; more may come */
  constructor(label: string, total: number, stream: ProgressStream = process.stderr) {
    this.#label = label;
    this.#total = total;
    this.#stream = stream;
    this.#show();
  }

  add(count = 1): void {
    this.#done += count;
    this.#show();
  }

  /** A line of its own, between the bar's states. */
  note(line: string): void {
    this.#stream.write(this.#stream.isTTY ? `\r\x1b[K${line}\n` : `${line}\n`);
    this.#again();
  }

  /** Lines that somebody else writes, where the bar was; it comes again below them. */
  above(write: () => void): void {
    if (this.#stream.isTTY) this.#stream.write('\r\x1b[K');
    write();
    this.#again();
  }

  /** Ends the bar's line. */
  end(): void {
    if (this.#stream.isTTY) this.#stream.write('\n');
  }

  /** A bar that was written over is to be seen again, a line is not. */
  #again(): void {
    if (this.#stream.isTTY) this.#shown = -1;
    this.#show();
  }

  #show(): void {
    const share = this.#total === 0 ? 1 : Math.min(1, this.#done / this.#total);
    const step = this.#stream.isTTY ? Math.floor(share * 1000) : Math.floor(share * 10);
    if (step === this.#shown) return;
    this.#shown = step;
    const count = `${Math.floor(share * 100)} %, ${this.#done} of ${Math.max(this.#total, this.#done)}`;
    if (!this.#stream.isTTY) {
      this.#stream.write(`${this.#label}: ${count}\n`);
      return;
    }
    const bar = '#'.repeat(Math.round(share * WIDTH)).padEnd(WIDTH, '.');
    this.#stream.write(`\r\x1b[K${this.#label} [${bar}] ${count}`);
  }
}

/** How many there are by now, of nobody knows how many: a line that is written over on a terminal, nothing elsewhere. */
export class Count {
  readonly #label: string;
  readonly #what: string;
  readonly #stream: ProgressStream;
  #shown = 0;

  constructor(label: string, what: string, stream: ProgressStream = process.stderr) {
    this.#label = label;
    this.#what = what;
    this.#stream = stream;
  }

  /** Each hundredth is enough to see that it goes on. */
  show(count: number): void {
    if (!this.#stream.isTTY || count - this.#shown < 100) return;
    this.#shown = count;
    this.#stream.write(`\r\x1b[K${this.#label}: ${count} ${this.#what}`);
  }

  /** Lines that somebody else writes, where the count was; it comes again below them. */
  above(write: () => void): void {
    this.end();
    write();
    this.#shown = 0;
  }

  end(): void {
    if (this.#stream.isTTY) this.#stream.write('\r\x1b[K');
  }
}

/** Runs work that tells how much of it is done. */
export async function withProgress<T>(
  label: string,
  total: number,
  work: (add: (count: number) => void, progress: Progress) => Promise<T>,
): Promise<T> {
  const progress = new Progress(label, total);
  try {
    return await work((count) => progress.add(count), progress);
  } finally {
    progress.end();
  }
}
