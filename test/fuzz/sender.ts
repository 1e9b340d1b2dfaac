/** A client of a fuzzer: sends bytes in pieces, goes away as it is told to, and says what it was answered. */
import { connect, type NetConnectOpts } from 'node:net';

/** How the client leaves: after its last byte it closes its side, or vanishes. */
export type Leaving = 'ends' | 'vanishes';

/** Resolves with what the server said by the time the connection was closed, by either side. */
export function send(to: NetConnectOpts, bytes: Buffer[], leaving: Leaving): Promise<Buffer> {
  return new Promise((resolve) => {
    const said: Buffer[] = [];
    const socket = connect(to);
    socket.on('data', (chunk: Buffer) => said.push(chunk));
    socket.on('error', () => {});
    socket.on('close', () => resolve(Buffer.concat(said)));
    socket.setNoDelay(true);
    socket.once('connect', async () => {
      for (const piece of bytes) {
        if (socket.destroyed || !socket.writable) return;
        socket.write(piece);
        await new Promise((next) => setImmediate(next));
      }
      if (leaving === 'vanishes') socket.destroy();
      // A server may take its time over a request that never ends; nobody waits for that here.
      else socket.end(() => setTimeout(() => socket.destroy(), 200).unref());
    });
  });
}
