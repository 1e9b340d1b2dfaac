/** `atommq serve`: a bus behind the gateway that was chosen. */
import { AtomMQ } from '../bus.js';
import { maskDatabase } from '../config/database.js';
import type { Settings } from '../config.js';
import type { Listener } from '../gateway/listener.js';
import { detach } from './detach.js';
import { makeLog } from './log.js';

/** @returns the exit code */
export async function serve(settings: Settings, argv: string[], version: string): Promise<number> {
  if (settings.detach && process.env.ATOMMQ_DETACHED === undefined) return detach(settings, argv);
  const log = makeLog(settings);
  const open = () => AtomMQ.from(settings, (error) => log('error', String((error as Error)?.stack ?? error)));
  if (settings.gateway === 'cgi') {
    const { serveCgi } = await import('../gateway/cgi.js');
    const bus = await open();
    await serveCgi(bus.app, settings);
    return 0;
  }
  const { CANNOT_LISTEN, runPool } = await import('../gateway/pool.js');
  if (settings.gateway === 'fastcgi') {
    const { isPrimary } = (await import('node:cluster')).default;
    const { fastCgiSocket, removeStale } = await import('../gateway/socket.js');
    try {
      const socket = fastCgiSocket(settings.socket, process.env);
      if (isPrimary && 'path' in socket) await removeStale(socket.path);
    } catch (error) {
      log('error', (error as Error).message);
      return CANNOT_LISTEN;
    }
  }
  let bus: AtomMQ | undefined;
  const start = async (): Promise<Listener> => {
    const listener = await listen(settings, async () => {
      bus = await open();
      return bus.app;
    });
    return listener;
  };
  const code = await runPool({
    workers: settings.workers,
    drainSeconds: settings.drainTimeout,
    start,
    log: (line) => log('info', line),
    onReady: (address) => {
      log('info', `AtomMQ ${version} listening on ${address} (database ${maskDatabase(settings.databaseName)})`);
      process.send?.('ready');
    },
  });
  await bus?.close();
  return code;
}

async function listen(settings: Settings, open: () => Promise<AtomMQ['app']>): Promise<Listener> {
  if (settings.gateway === 'fastcgi') {
    const { fastCgiSocket } = await import('../gateway/socket.js');
    const { serveFastCgi } = await import('../gateway/fastcgi.js');
    const socket = fastCgiSocket(settings.socket, process.env);
    return serveFastCgi(await open(), { ...settings, socket });
  }
  const { serveHttp } = await import('../gateway/http.js');
  return serveHttp(await open(), settings);
}
