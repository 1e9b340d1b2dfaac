/** A small HTTP client that sends what it is told to, to the letter: no normalised address, no header of its own choice. */
import { Agent, request as httpRequest } from 'node:http';
import { connect } from 'node:net';

export interface Asked {
  headers?: Record<string, string>;
  /** An array is sent in these pieces, without a length that is known before: chunked, over HTTP. */
  body?: string | Uint8Array | Uint8Array[];
}

export interface Answered {
  status: number;
  /** By lower-case name; several fields of one name are joined with `, `. */
  headers: Record<string, string>;
  body: Buffer;
  /** The body as UTF-8. */
  text: string;
}

/** @param path raw, from the root of the server, with its query */
export type Ask = (method: string, path: string, asked?: Asked) => Promise<Answered>;

/** Requests to `http://127.0.0.1:PORT`, each over a connection of its own. */
export function httpClient(port: number): Ask {
  return (method, path, { headers = {}, body } = {}) =>
    new Promise((resolve, reject) => {
      // Kept alive until we have the answer: a server that answers early must not be made to cut the connection.
      const agent = new Agent({ keepAlive: true });
      const length = body === undefined || Array.isArray(body) ? {} : { 'content-length': Buffer.byteLength(body) };
      const outgoing = httpRequest({
        agent,
        host: '127.0.0.1',
        port,
        method,
        path,
        headers: { ...length, ...headers },
        timeout: 60_000,
      });
      outgoing.on('response', async (incoming) => {
        try {
          const pieces: Buffer[] = [];
          for await (const piece of incoming) pieces.push(piece);
          resolve(answered(incoming.statusCode ?? 0, incoming.headers, Buffer.concat(pieces)));
        } catch (error) {
          reject(error);
        } finally {
          agent.destroy();
        }
      });
      outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer to ${method} ${path} in 60 s`)));
      outgoing.on('error', (error) => {
        agent.destroy();
        reject(error);
      });
      if (Array.isArray(body)) for (const piece of body) outgoing.write(piece);
      outgoing.end(Array.isArray(body) ? undefined : body);
    });
}

/** An answer in the form that tests look at, from whatever a door has for headers. */
export function answered(
  status: number,
  fields: Record<string, string | string[] | undefined>,
  body: Uint8Array,
): Answered {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) headers[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value;
  }
  const bytes = Buffer.from(body);
  return { status, headers, body: bytes, text: bytes.toString('utf8') };
}

/** Sends these bytes and reads until the server closes: for what `node:http` would not send. */
export function rawExchange(port: number, ...pieces: (string | Uint8Array)[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let received = '';
    socket.setEncoding('latin1');
    socket.setTimeout(60_000, () =>
      socket.destroy(new Error(`the server kept the connection open; it sent: ${received}`)),
    );
    socket.on('data', (text: string) => {
      received += text;
    });
    socket.on('end', () => socket.end());
    socket.on('close', () => resolve(received));
    socket.on('error', reject);
    for (const piece of pieces) socket.write(piece);
  });
}
