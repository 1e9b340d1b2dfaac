/** Redis Streams: `XADD` and `XRANGE`, with an append-only file that is synced at each write, or in memory. */
import { freePort, startServer } from '../../doors/children.js';
import { pinned } from '../machine.js';
import { entryOf } from '../stage.js';
import { Line, type PeerKind } from './peer.js';

const command = (...words: string[]) =>
  `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;

/** The size of the reply that begins at `from`, 0 while it is not whole (RESP 2). */
function reply(bytes: Buffer, from = 0): number {
  const end = bytes.indexOf('\r\n', from);
  if (end === -1) return 0;
  const kind = bytes[from];
  if (kind === 0x2d) throw new Error(bytes.toString('utf8', from, end));
  const count = Number(bytes.toString('latin1', from + 1, end));
  if (kind === 0x24) return count < 0 ? end + 2 - from : bytes.length < end + 4 + count ? 0 : end + 4 + count - from;
  if (kind !== 0x2a) return end + 2 - from;
  let at = end + 2;
  for (let i = 0; i < count; i += 1) {
    const size = reply(bytes, at);
    if (size === 0) return 0;
    at += size;
  }
  return at - from;
}

export const redis: PeerKind = {
  name: 'Redis Streams',
  needs: { 'redis-server': 'redis-server' },
  ways: [
    { name: 'fsync', acknowledges: 'written and fsynced (appendfsync always)' },
    { name: 'default', acknowledges: 'in memory (a snapshot now and then)' },
  ],
  async start(way, folder, clients) {
    const port = await freePort();
    const fsync = way.name === 'fsync' ? ['--appendonly', 'yes', '--appendfsync', 'always'] : [];
    const flags = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, ...fsync];
    const run = pinned('server', 'redis-server', flags);
    const server = startServer({ command: run.command, arguments: run.args });
    const lines = await Promise.all(Array.from({ length: clients }, () => Line.open(port, (bytes) => reply(bytes))));
    const add = command('XADD', 's', '*', 'm', entryOf());
    return {
      publish: async (client) => void (await lines[client]!.ask(add)),
      async replay(messages) {
        let after = '-';
        for (let read = 0; read < messages; read += 1000) {
          const answer = await lines[0]!.ask(command('XRANGE', 's', after, '+', 'COUNT', '1000'));
          // The id of the last entry is the last word that looks like one.
          const at = answer.lastIndexOf('-', answer.lastIndexOf('$1\r\nm'));
          const begin = answer.lastIndexOf('\n', at) + 1;
          after = `(${answer.toString('latin1', begin, answer.indexOf('\r', at))}`;
        }
      },
      async stop() {
        for (const line of lines) line.close();
        await server.stop();
      },
    };
  },
};
