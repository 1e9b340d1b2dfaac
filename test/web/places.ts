/** Where a browser meets the pages: our HTTP server, and nginx with FastCGI; both go away and come back. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Server } from '../client/server.js';
import { openFolder, openSubfolder, type Server as Process, root, startServer } from '../doors/children.js';
import { untilItListens } from '../doors/gateways.js';
import { fastCgiAt, open } from '../doors/nginx.js';

export interface Place {
  /** The mount point. */
  url: string;
  /** Ends the program and starts it again. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface PlaceKind {
  name: string;
  needs: string[];
  start(): Promise<Place>;
}

const http: PlaceKind = { name: 'HTTP', needs: [], start: () => Server.start() };

const nginx: PlaceKind = {
  name: 'nginx, FastCGI',
  needs: ['nginx'],
  async start() {
    const folder = openFolder();
    const socket = join(folder, 'fcgi.sock');
    const database = join(openSubfolder(folder, 'data'), 'bus.db');
    let atommq: Process;
    const start = async () => {
      rmSync(socket, { force: true });
      atommq = startServer({
        command: join(root, 'bin/atommq'),
        arguments: ['--gateway', 'fastcgi', '--socket', socket, '--socket-mode', '0666', '--workers', '2'],
        environment: { ATOMMQ_DATABASE: database },
        cwd: folder,
      });
      await untilItListens(socket, atommq);
    };
    await start();
    const door = await open('nginx, FastCGI', 'nginx-fastcgi.conf', fastCgiAt(socket), atommq!);
    return {
      url: door.base,
      async restart() {
        await atommq.stop();
        await start();
      },
      async stop() {
        await door.stop();
        await atommq.stop();
      },
    };
  },
};

export const places = [http, nginx];
