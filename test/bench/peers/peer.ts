/** What other brokers have in common for the benchmark: started as children on ports of their own, spoken to over raw sockets. */
import { connect, type Socket } from 'node:net';

/** A broker that runs. */
export interface Peer {
  /** Publishes one message, and resolves when it was acknowledged; `client` says over which connection. */
  publish(client: number): Promise<void>;
  /** Reads so many messages from the oldest on by one consumer. */
  replay(messages: number): Promise<void>;
  stop(): Promise<void>;
}

/** How a broker is set up. */
export interface Way {
  name: string;
  /** What has happened when it acknowledges a message. */
  acknowledges: string;
  /** What it lacks here, as a sentence's end. */
  lacks?(): Promise<string | undefined>;
}

export interface PeerKind {
  name: string;
  /** Programs and modules without which it is left out, and Debian's packages that have them. */
  needs: Record<string, string>;
  ways: Way[];
  start(way: Way, folder: string, clients: number): Promise<Peer>;
}

/**
 * A connection on which answers come in the order of the requests; `take` says how many bytes the first answer has, 0 while it is
 * not whole, and throws what the server complains of.
 */
export class Line {
  #socket: Socket;
  #buffer: Buffer = Buffer.alloc(0);
  #waiting: { resolve: (answer: Buffer) => void; reject: (error: Error) => void }[] = [];

  private constructor(socket: Socket, take: (bytes: Buffer) => number) {
    this.#socket = socket;
    socket.on('data', (bytes) => {
      this.#buffer = this.#buffer.length === 0 ? bytes : Buffer.concat([this.#buffer, bytes]);
      try {
        for (let size = take(this.#buffer); size > 0; size = take(this.#buffer)) {
          const answer = this.#buffer.subarray(0, size);
          this.#buffer = this.#buffer.subarray(size);
          this.#waiting.shift()?.resolve(answer);
        }
      } catch (error) {
        socket.destroy(error as Error);
      }
    });
    const end = (error: Error) => {
      for (const { reject } of this.#waiting.splice(0)) reject(error);
    };
    socket.on('error', end);
    socket.on('close', () => end(new Error('the connection was closed')));
  }

  /** Tries until the server listens. */
  static async open(port: number, take: (bytes: Buffer) => number): Promise<Line> {
    for (let tries = 0; ; tries += 1) {
      try {
        const socket = await new Promise<Socket>((resolve, reject) => {
          const opened = connect({ port, host: '127.0.0.1', noDelay: true }, () => resolve(opened));
          opened.once('error', reject);
        });
        return new Line(socket, take);
      } catch (error) {
        if (tries === 200) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  ask(bytes: string | Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#socket.write(bytes);
    });
  }

  close(): void {
    this.#socket.destroy();
  }
}
