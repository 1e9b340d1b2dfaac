/** Answers on a kept connection, read as cheaply as can be: a head, a length, and bytes that are counted. */
import { connect, type Socket } from 'node:net';

export interface AnswerHead {
  status: number;
  /** The head as it came. */
  head: string;
  /** Of the body, in bytes. */
  length: number;
}

/** One connection; one request at a time. Answers must have a length. */
export class Connection {
  #socket: Socket;
  #head = '';
  #left = 0;
  #answer: AnswerHead | undefined;
  #resolve: (answer: AnswerHead) => void = () => {};
  #reject: (error: Error) => void = () => {};

  constructor(port: number) {
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.on('data', (bytes) => this.#take(bytes));
    this.#socket.on('error', (error) => this.#reject(error));
    this.#socket.on('close', () => this.#reject(new Error('the server closed the connection')));
  }

  /** Sends a request, as it is, and resolves when all of its answer has come. */
  ask(request: string | Buffer): Promise<AnswerHead> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      this.#socket.write(request);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(bytes: Buffer): void {
    if (this.#answer === undefined) {
      this.#head += bytes.toString('latin1', 0, Math.min(bytes.length, 16_384));
      const end = this.#head.indexOf('\r\n\r\n');
      if (end === -1) return;
      const inThis = end + 4 - (this.#head.length - Math.min(bytes.length, 16_384));
      const head = this.#head.slice(0, end + 2);
      const status = Number(head.slice(9, 12));
      const given = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
      if (given === undefined && status !== 304) throw new Error(`an answer without a length: ${head}`);
      this.#head = '';
      this.#answer = { status, head, length: status === 304 ? 0 : Number(given) };
      this.#left = this.#answer.length - (bytes.length - inThis);
    } else this.#left -= bytes.length;
    if (this.#left > 0) return;
    const answer = this.#answer;
    this.#answer = undefined;
    this.#resolve(answer);
  }
}
