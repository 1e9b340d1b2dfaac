/** Requests as they are given, through whatever stands before a bus: nothing normalised, nothing followed, nothing decoded. */
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { HttpError } from '../http.js';

export interface Asked {
  headers?: Record<string, string> | undefined;
  body?: string | undefined;
  /** Most milliseconds until the answer is there. */
  timeout?: number;
}

export interface Answer {
  status: number;
  /** By lower-case name; several fields of one name are joined with `, `. */
  headers: Record<string, string>;
  body: Buffer;
}

/** An answer that comes by and by. */
export interface Incoming {
  /** What has come, the head not counted. */
  text: string;
  /** Undefined until the head has come. */
  status: number | undefined;
  /** It has ended, by itself or broken off. */
  over: boolean;
  /** Resolves with true as soon as the condition holds, with false after so many milliseconds or when the answer is over. */
  until(condition: () => boolean, milliseconds: number): Promise<boolean>;
  close(): void;
}

const PATIENCE = 30_000;

/** A bus behind an address. */
export class Web {
  /** Without credentials, and without a slash at the end. */
  readonly base: string;
  readonly authorization: string | undefined;
  readonly #url: URL;

  /**
   * @param address of the mount point
   * @param token goes before credentials in the address
   * @throws TypeError for what is no address
   */
  constructor(address: string, token: string | undefined) {
    const url = new URL(address);
    if (!/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '')
      throw new TypeError('not an address of HTTP');
    const { username, password } = url;
    url.username = '';
    url.password = '';
    this.base = url.href.replace(/\/+$/, '');
    this.#url = new URL(this.base);
    const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    if (token !== undefined) this.authorization = `Bearer ${token}`;
    else if (pair !== ':') this.authorization = `Basic ${Buffer.from(pair).toString('base64')}`;
  }

  /** @param path raw, below the mount point */
  ask(method: string, path: string, { headers = {}, body, timeout = PATIENCE }: Asked = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const length: Record<string, string> =
        body === undefined ? {} : { 'content-length': `${Buffer.byteLength(body)}` };
      const outgoing = this.#send(method, path, { ...length, ...headers }, (incoming) => {
        const pieces: Buffer[] = [];
        incoming.on('data', (piece: Buffer) => pieces.push(piece));
        incoming.on('error', reject);
        incoming.on('end', () => resolve(answered(incoming, Buffer.concat(pieces))));
      });
      const timer = setTimeout(() => outgoing.destroy(new Error(`no answer in ${timeout / 1000} s`)), timeout);
      outgoing.on('error', reject);
      outgoing.on('close', () => clearTimeout(timer));
      outgoing.end(body);
    });
  }

  /** @throws HttpError for an answer that is not a success */
  async get(path: string, headers?: Record<string, string>): Promise<Answer> {
    const answer = await this.ask('GET', path, { headers });
    if (answer.status >= 400) throw new HttpError(answer.status, saidBy(answer));
    return answer;
  }

  /** Asks and does not wait for anything. */
  open(path: string, headers: Record<string, string>): Incoming {
    const listeners = new Set<() => void>();
    const changed = () => {
      for (const listener of listeners) listener();
    };
    const incoming: Incoming = {
      ...{ text: '', status: undefined, over: false },
      close: () => outgoing.destroy(),
      until: (condition, milliseconds) =>
        new Promise((resolve) => {
          const finish = (found: boolean) => {
            clearTimeout(timer);
            listeners.delete(look);
            resolve(found);
          };
          const timer = setTimeout(() => finish(condition()), milliseconds);
          const look = () => {
            if (condition()) finish(true);
            else if (incoming.over) finish(false);
          };
          listeners.add(look);
          look();
        }),
    };
    const over = () => {
      incoming.over = true;
      changed();
    };
    const outgoing = this.#send('GET', path, headers, (response) => {
      incoming.status = response.statusCode;
      changed();
      response.setEncoding('utf8').on('data', (text: string) => {
        incoming.text += text;
        changed();
      });
      response.on('error', over).on('close', over);
    });
    outgoing.on('error', over).end();
    return incoming;
  }

  #send(
    method: string,
    path: string,
    headers: Record<string, string>,
    onResponse: (incoming: IncomingMessage) => void,
  ) {
    const { protocol, hostname, port, pathname } = this.#url;
    const credentials: Record<string, string> =
      this.authorization === undefined ? {} : { authorization: this.authorization };
    const options: RequestOptions = {
      method,
      host: hostname.replace(/^\[|\]$/g, ''),
      port: port === '' ? undefined : Number(port),
      path: `${pathname.replace(/\/+$/, '')}${path}`,
      headers: { ...credentials, ...headers },
      agent: false,
    };
    return (protocol === 'https:' ? httpsRequest : httpRequest)(options, onResponse);
  }
}

function answered({ statusCode = 0, headers }: IncomingMessage, body: Buffer): Answer {
  const fields: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers))
    fields[name] = Array.isArray(value) ? value.join(', ') : (value ?? '');
  return { status: statusCode, headers: fields, body };
}

/** Whether an error comes from AtomMQ and not from what is before it. */
export function isOurs({ headers }: Answer): boolean {
  return headers['content-type']?.startsWith('application/problem+json') === true;
}

/** An error in a few words, and whose it is. */
export function saidBy(answer: Answer): string {
  if (!isOurs(answer)) {
    const { server } = answer.headers;
    return `${answer.status} from the web server${server === undefined ? '' : ` (${server.slice(0, 60)})`}`;
  }
  const { detail = '' } = JSON.parse(answer.body.toString()) as { detail?: string };
  return `${answer.status} ${detail}`;
}
