/** Buses that speak Atom over HTTP: ours, by the same client as all others, and AtomBus under Starman. */
import { join } from 'node:path';
import { httpClient } from '../../client.js';
import { freePort, missing, root, startServer, untilItAnswers } from '../../doors/children.js';
import { type AnswerHead, Connection } from '../answers.js';
import { pinned } from '../machine.js';
import { entryOf } from '../stage.js';
import type { Peer, PeerKind } from './peer.js';

interface Bus {
  port: number;
  feed: string;
  /** Ends each connection with its answer. */
  close?: true;
  /** Where the page after this one is. */
  next(page: AnswerHead): string | undefined;
  stop(): Promise<void>;
}

function peerOf({ port, feed, close, next, stop }: Bus, clients: number): Peer {
  const lines = Array.from({ length: close ? 0 : clients }, () => new Connection(port));
  const entry = entryOf();
  const fields = `Host: 127.0.0.1:${port}\r\n${close ? 'Connection: close\r\n' : ''}`;
  const media = `Content-Type: application/atom+xml\r\nContent-Length: ${entry.length}\r\n`;
  const ask = (client: number, request: string) => (lines[client] ?? new Connection(port)).ask(request);
  const post = `POST ${feed} HTTP/1.1\r\n${fields}${media}\r\n${entry}`;
  return {
    async publish(client) {
      const { status, head } = await ask(client, post);
      if (status !== 201) throw new Error(head);
    },
    async replay(messages) {
      let path: string | undefined = feed;
      for (let read = 0; read < messages && path !== undefined; read += 1000) {
        const page: AnswerHead = await ask(0, `GET ${path} HTTP/1.1\r\n${fields}\r\n`);
        if (page.status !== 200) throw new Error(page.head);
        path = next(page);
      }
    },
    async stop() {
      for (const line of lines) line.close();
      await stop();
    },
  };
}

export const atomMQ: PeerKind = {
  name: 'AtomMQ',
  needs: {},
  ways: [{ name: 'SQLite', acknowledges: 'committed and fsynced (the only way)' }],
  async start(_, folder, clients) {
    const port = await freePort();
    // Of pages it keeps fewer than are replayed, so that each is read from the database, as the others' are.
    const cache = ['--cache-bytes', String(4 * 1024 * 1024)];
    const flags = ['--port', `${port}`, '--database', join(folder, 'bus.db'), '--page-size', '1000', ...cache];
    const { command, args } = pinned('server', process.execPath, [join(root, 'bin/atommq'), ...flags]);
    const server = startServer({ command, arguments: args, cwd: folder });
    await untilItAnswers(httpClient(port), { server }, '/atommq/health/ready');
    const next = ({ head }: AnswerHead) => /<https?:\/\/[^/>]*([^>]*)>; *rel="?next/.exec(head)?.[1];
    return peerOf({ port, feed: '/atommq/feed=m', next, stop: () => server.stop() }, clients);
  },
};

/** Starman's own default. */
const WORKERS = 5;

interface Database {
  /** As DBI has it. */
  dsn: string;
  stop(): Promise<void>;
}

async function sqliteIn(folder: string): Promise<Database> {
  return { dsn: `dbi:SQLite:dbname=${join(folder, 'bus.db')}`, stop: async () => {} };
}

async function postgres(): Promise<Database> {
  const { startPostgres } = await import('../../store/databases.js');
  const { port, stop } = await startPostgres(['fsync=on']);
  return { dsn: `dbi:Pg:dbname=postgres;host=127.0.0.1;port=${port}`, stop };
}

async function lacksPostgres(): Promise<string | undefined> {
  const { postgresProgram } = await import('../../store/databases.js');
  const absent = [
    ...(missing([postgresProgram('postgres')]).length > 0 ? ['postgresql'] : []),
    ...(missing(['perl:DBD::Pg']).length > 0 ? ['libdbd-pg-perl'] : []),
  ];
  return absent.length > 0 ? `apt install ${absent.join(' ')}` : undefined;
}

const needs = { starman: 'starman', 'perl:AtomBus::Schema': 'libatombus-perl' };

export const atomBus: PeerKind = {
  name: 'AtomBus',
  needs: { ...needs, 'perl:DBD::SQLite': 'libdbd-sqlite3-perl' },
  ways: [
    { name: 'SQLite', acknowledges: 'committed and fsynced (its only way)' },
    { name: 'PostgreSQL', acknowledges: 'committed and fsynced (its only way)', lacks: lacksPostgres },
  ],
  async start(way, folder, clients) {
    const { dsn, stop: stopDatabase } = await (way.name === 'SQLite' ? sqliteIn(folder) : postgres());
    const { startAtomBus } = await import('../../transfer/atombus.js');
    const { port, stop: stopBus } = await startAtomBus(dsn, 'atommq', WORKERS);
    const stop = async () => {
      await stopBus();
      await stopDatabase();
    };
    const next = ({ head }: AnswerHead) => {
      const last = /\r\netag: *"([^"]*)"/i.exec(head)?.[1];
      return last && `/feeds/m?start_after=${last}`;
    };
    return peerOf({ port, feed: '/feeds/m', close: true, next, stop }, clients);
  },
};
