/** A proxy that loses answers: what it is asked gets through, and what comes back breaks off now and then. */
import { connect, createServer, type Socket } from 'node:net';

export interface LosingProxy {
  port: number;
  /** How many answers were lost. */
  lost: number;
  close(): void;
}

/** @param every which answer of so many is lost, by pieces of answers as they come from the server */
export async function losingProxy(to: number, every: number): Promise<LosingProxy> {
  const sockets = new Set<Socket>();
  let pieces = 0;
  const server = createServer((client) => {
    const upstream = connect(to, '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.once('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.pipe(upstream);
    upstream.on('data', (bytes: Buffer) => {
      pieces += 1;
      if (pieces % every !== 0) client.write(bytes);
      else {
        proxy.lost += 1;
        // Half of them break off in their midst.
        if (proxy.lost % 2 === 0) client.end(bytes.subarray(0, bytes.length >> 1));
        else client.destroy();
        upstream.destroy();
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const proxy: LosingProxy = {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    lost: 0,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
  return proxy;
}
