/** Standard output, which may be a pipe that somebody closes. */
import type { Writable } from 'node:stream';
import { Failed } from './failed.js';

export class Output {
  readonly #stream: Writable;
  readonly #onClosed: () => void;

  /** @param onClosed is called when nobody reads any more: no error, but a reason to end */
  constructor(stream: Writable, onClosed: () => void) {
    this.#stream = stream;
    this.#onClosed = onClosed;
    // Whoever writes is told; without a listener the process would end with a stack.
    stream.on('error', () => {});
  }

  /**
   * Resolves when the text is out of our hands: with false, when nobody takes it.
   * @throws Failed when it cannot be written: the disk is full
   */
  write(text: string): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#stream.write(text, (error: NodeJS.ErrnoException | null | undefined) => {
        if (error == null) return resolve(true);
        if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED') {
          return reject(new Failed(`cannot write the output (${error.code ?? error.message})`));
        }
        this.#onClosed();
        resolve(false);
      });
    });
  }
}
