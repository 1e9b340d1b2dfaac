/** A FastCGI client that says exactly what it is told to: whole requests, or single records and bytes. */
import { connect, type Socket } from 'node:net';
import { RecordReader, TYPE, writePairs, writeRecord } from '../../src/gateway/fastcgi-records.js';

const EMPTY = Buffer.alloc(0);

export interface FastCgiAnswer {
  /** The bytes of standard output so far. */
  output: string;
  /** How it ended; undefined while it has not. */
  end?: { appStatus: number; protocolStatus: number };
}

export function begin(id: number, keep: boolean, role = 1): Buffer {
  return writeRecord(TYPE.begin, id, Buffer.from([0, role, keep ? 1 : 0, 0, 0, 0, 0, 0]));
}

/** Parameters in records of at most `size` bytes, so that pairs go on from one to the next, and the empty one. */
export function params(id: number, values: Record<string, string>, size = 65_535): Buffer {
  const pairs = writePairs({
    REQUEST_METHOD: 'GET',
    REQUEST_URI: '/atommq/x',
    SCRIPT_NAME: '/atommq',
    PATH_INFO: '/x',
    SERVER_NAME: 'example.org',
    SERVER_PORT: '80',
    ...values,
  });
  const records: Buffer[] = [];
  for (let at = 0; at < pairs.length; at += size) {
    records.push(writeRecord(TYPE.params, id, pairs.subarray(at, at + size)));
  }
  return Buffer.concat([...records, writeRecord(TYPE.params, id, EMPTY)]);
}

export function stdin(id: number, content: string | Buffer = EMPTY): Buffer {
  return writeRecord(TYPE.stdin, id, Buffer.from(content));
}

export function abort(id: number): Buffer {
  return writeRecord(TYPE.abort, id, EMPTY);
}

/** A whole request. */
export function request(id: number, keep: boolean, values: Record<string, string> = {}, body = ''): Buffer {
  const records = [begin(id, keep), params(id, values)];
  if (body !== '') records.push(stdin(id, body));
  return Buffer.concat([...records, stdin(id)]);
}

/** One connection. */
export class FastCgiClient {
  readonly socket: Socket;
  readonly answers = new Map<number, FastCgiAnswer>();
  /** Records for the connection itself: their type and content. */
  readonly management: { type: number; content: Buffer }[] = [];
  /** Ends of requests in their order. */
  readonly ended: number[] = [];
  closed = false;
  #wake: () => void = () => {};

  /** @param where a path, or a port of this machine */
  constructor(where: string | number, allowHalfOpen = false) {
    const reader = new RecordReader();
    this.socket = connect(
      typeof where === 'string' ? { path: where, allowHalfOpen } : { port: where, host: '127.0.0.1', allowHalfOpen },
    );
    this.socket.on('error', () => {});
    this.socket.on('close', () => {
      this.closed = true;
      this.#wake();
    });
    this.socket.on('data', (chunk: Buffer) => {
      for (const record of reader.read(chunk)) this.#take(record.type, record.id, Buffer.from(record.content));
      this.#wake();
    });
  }

  send(...bytes: Buffer[]): this {
    this.socket.write(Buffer.concat(bytes));
    return this;
  }

  /** The answer to a request, when it has ended. */
  async answer(id: number): Promise<FastCgiAnswer> {
    await this.until(() => this.answers.get(id)?.end !== undefined);
    return this.answers.get(id)!;
  }

  /** Resolves when something holds, and rejects when it cannot any more because the connection is gone. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      if (this.closed) throw new Error('The connection is closed.');
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async close(): Promise<void> {
    this.socket.destroy();
    await this.gone();
  }

  /** Resolves when the connection is closed, by whichever side. */
  async gone(): Promise<void> {
    await this.until(() => this.closed);
  }

  #take(type: number, id: number, content: Buffer): void {
    const answer = this.answers.get(id) ?? { output: '' };
    if (type === TYPE.stdout || type === TYPE.end) this.answers.set(id, answer);
    else this.management.push({ type, content });
    if (type === TYPE.stdout) answer.output += content.toString('latin1');
    if (type === TYPE.end) {
      answer.end = { appStatus: content.readUInt32BE(0), protocolStatus: content[4]! };
      this.ended.push(id);
    }
  }
}
