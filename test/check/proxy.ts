/** A reverse proxy that does to requests and answers what web servers do that were set up badly. */
import { createServer, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Meddling {
  /** Changes what goes on to the server. */
  request?: (headers: IncomingHttpHeaders, path: string) => { headers?: IncomingHttpHeaders; path?: string };
  /** Changes the head of an answer; undefined passes it on. */
  response?: (headers: IncomingHttpHeaders, path: string) => IncomingHttpHeaders | undefined;
  /** Answers itself, with a status and a page. */
  answer?: (method: string, headers: IncomingHttpHeaders, path: string) => number | undefined;
  /** Hands an answer on only when it is complete. */
  buffer?: boolean;
  /** Cuts answers that wait for something off after so many milliseconds with 504. */
  cut?: number;
}

export interface Proxy {
  url: string;
  stop(): Promise<void>;
}

export async function meddlingProxy(port: number, meddling: Meddling): Promise<Proxy> {
  const server = createServer((incoming, outgoing) => {
    const { method = '', url = '', headers } = incoming;
    const own = meddling.answer?.(method, headers, url);
    if (own !== undefined) {
      incoming.resume();
      outgoing.writeHead(own, { 'content-type': 'text/html', server: 'meddler' }).end(`<h1>${own}</h1>`);
      return;
    }
    const changed = { headers, path: url, ...meddling.request?.(headers, url) };
    const onward = httpRequest({ host: '127.0.0.1', port, method, ...changed, agent: false });
    // By what is asked: on a machine that is busy any answer may take as long.
    const waits = /\bwait=/.test(String(headers.prefer)) || headers.accept?.includes('text/event-stream');
    const cut = waits ? meddling.cut : undefined;
    const timer = cut === undefined ? undefined : setTimeout(() => onward.destroy(new Error('cut')), cut);
    onward.on('response', async (response) => {
      const fields = meddling.response?.(response.headers, url) ?? response.headers;
      try {
        if (meddling.buffer === true || cut !== undefined) {
          const pieces: Buffer[] = [];
          for await (const piece of response) pieces.push(piece);
          outgoing.writeHead(response.statusCode!, fields).end(Buffer.concat(pieces));
        } else {
          outgoing.writeHead(response.statusCode!, fields);
          for await (const piece of response) outgoing.write(piece);
          outgoing.end();
        }
      } catch {
        outgoing.destroy();
      } finally {
        clearTimeout(timer);
      }
    });
    onward.on('error', () => {
      clearTimeout(timer);
      if (outgoing.headersSent) outgoing.destroy();
      else outgoing.writeHead(504, { 'content-type': 'text/html' }).end('too late');
    });
    outgoing.on('close', () => onward.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/atommq`,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
