/** Bytes that are written one piece after the other: a long document that never is one string. */

export class Bytes {
  #buffer: Buffer;
  #length = 0;

  /** @param expected how many bytes it will be; with more it takes a larger piece of memory, and copies */
  constructor(expected: number) {
    this.#buffer = Buffer.allocUnsafeSlow(expected);
  }

  /** Writes a string, as UTF-8. */
  text(text: string): void {
    // No character takes more than three bytes for each unit of UTF-16.
    if (this.#length + text.length * 3 > this.#buffer.length) this.#reserve(Buffer.byteLength(text));
    this.#length += this.#buffer.write(text, this.#length);
  }

  copy(from: Buffer, begin: number, end: number): void {
    this.#reserve(end - begin);
    this.#length += from.copy(this.#buffer, this.#length, begin, end);
  }

  /** All that was written. */
  get written(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }
}
