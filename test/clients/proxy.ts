/** A reverse proxy that passes everything on as it is and writes down what was asked and how it was answered. */
import { Agent, createServer, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream';

export interface Exchange {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  status: number;
  answer: IncomingHttpHeaders;
}

export interface RecordingProxy {
  port: number;
  /** What went through since it was last emptied, in the order of the answers. */
  exchanges: Exchange[];
  stop(): Promise<void>;
}

/** Listens on a free port of 127.0.0.1 in front of another one. `Host` stays the client's, and so do links. */
export async function recordingProxy(port: number): Promise<RecordingProxy> {
  const exchanges: Exchange[] = [];
  const agent = new Agent({ keepAlive: true });
  const server = createServer((incoming, outgoing) => {
    const { method = '', url = '', headers } = incoming;
    const onward = httpRequest({ host: '127.0.0.1', port, method, path: url, headers, agent });
    onward.on('response', (response) => {
      const { statusCode: status = 0, headers: answer } = response;
      exchanges.push({ method, url, headers, status, answer });
      outgoing.writeHead(status, response.rawHeaders);
      pipeline(response, outgoing, () => {});
    });
    onward.on('error', (error) => outgoing.destroy(error));
    pipeline(incoming, onward, () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    exchanges,
    async stop() {
      agent.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
