/** What tests share: a temporary folder, a bus in process, and requests to it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { App } from '../src/http.js';
import { HttpRequest } from '../src/http.js';

/** A folder that is gone when the test process ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'atommq-test-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

export type Client = (
  method: string,
  path: string,
  options?: { body?: string | Uint8Array; headers?: Record<string, string> },
) => Promise<Answer>;

/** A client of an application in this process; `path` is raw, below the mount point, with its query. */
export function inProcess(app: App, base = 'http://localhost/atommq'): Client {
  return async (method, path, { body, headers = {} } = {}) => {
    const [address = '', search = ''] = path.split(/\?(.*)/s);
    const response = await app(
      new HttpRequest({
        method,
        base,
        path: address,
        search,
        headers,
        body: (async function* () {
          if (body !== undefined) yield Buffer.from(body);
        })(),
        nature: { runOnce: false, multiprocess: false },
      }),
    );
    const { status, headers: answered, body: content = '' } = response;
    if (typeof content === 'string' || content instanceof Uint8Array) {
      return { status, headers: answered, body: String(content) };
    }
    const pieces: Buffer[] = [];
    for await (const piece of content) pieces.push(Buffer.from(piece));
    return { status, headers: answered, body: Buffer.concat(pieces).toString() };
  };
}
