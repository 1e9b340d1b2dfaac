/** Our own long-running servers: the HTTP gateway, and the FastCGI pool that web servers are put in front of. */
import { connect } from 'node:net';
import { join } from 'node:path';
import { httpClient } from '../client.js';
import { freePort, openFolder, root, type Server, startServer, untilItAnswers } from './children.js';
import { type DoorKind, type DoorOptions, variables } from './door.js';

export const httpGateway: DoorKind = {
  name: 'HTTP gateway',
  needs: [],
  overHttp: true,
  async start(options) {
    const port = await freePort();
    const server = startHttp(options, port);
    const ask = httpClient(port);
    await untilItAnswers(ask, { atommq: server });
    return {
      name: 'HTTP gateway',
      base: `http://127.0.0.1:${port}/atommq`,
      port,
      ask,
      stop: () => server.stop(),
    };
  },
};

/** `atommq --gateway http`, which may still be about to listen. */
export function startHttp(options: DoorOptions, port: number): Server {
  return atommq(options, ['--gateway', 'http', '--host', '127.0.0.1', '--port', String(port)]);
}

/** `atommq --gateway fastcgi` on a socket that every user may write to; it is there, unless the start has failed. */
export async function startFastCgi(options: DoorOptions): Promise<{ server: Server; socket: string }> {
  const socket = join(openFolder(), 'fcgi.sock');
  const server = atommq(options, [
    '--gateway',
    'fastcgi',
    '--socket',
    socket,
    '--socket-mode',
    '0666',
    '--workers',
    '2',
  ]);
  await untilItListens(socket, server);
  return { server, socket };
}

/** Resolves when somebody takes connections on a socket, or when its server has ended: the file is there before that. */
export async function untilItListens(path: string, server: Server): Promise<void> {
  let over = false;
  void server.ended.then(() => {
    over = true;
  });
  const isTaken = () =>
    new Promise<boolean>((resolve) => {
      const socket = connect(path, () => {
        socket.destroy();
        resolve(true);
      }).on('error', () => resolve(false));
    });
  while (!over && !(await isTaken())) await new Promise((resolve) => setTimeout(resolve, 20));
}

function atommq(options: DoorOptions, flags: string[]): Server {
  return startServer({
    command: join(root, 'bin/atommq'),
    arguments: flags,
    environment: variables(options),
    cwd: openFolder(),
  });
}
