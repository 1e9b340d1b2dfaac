/** `atommq serve`: a bus behind the gateway that was chosen. */
import cluster from 'node:cluster';
import { AtomMQ } from '../bus.js';
import { maskDatabase } from '../config/database.js';
import type { Resolved, Settings } from '../config.js';
import type { Listener } from '../gateway/listener.js';
import { detach, starter } from './detach.js';
import { makeLog } from './log.js';
import { holdPidFile, PidFileError } from './pid-file.js';

/** Exit code for what is in the way but neither usage nor the socket: the database, the pid file. */
const FAILED = 1;

/** @returns the exit code */
export async function serve({ settings, warnings }: Resolved, argv: string[], version: string): Promise<number> {
  const started = starter();
  if (settings.detach && started === undefined && cluster.isPrimary) return detach(settings, argv);
  const log = makeLog(settings, started?.tell);
  const open = () => openBus(settings, (error) => log('error', String((error as Error)?.stack ?? error)));
  if (settings.gateway === 'cgi') return (await import('./cgi.js')).serveOne(settings);
  let bus: AtomMQ | undefined;
  try {
    if (cluster.isPrimary) {
      for (const warning of warnings) log('warning', warning);
      if (settings.pidFile !== undefined) holdPidFile(settings.pidFile);
      // Before any worker is started: one line about the database is better than one from each.
      if (settings.workers > 1) await (await open()).close();
    }
    if (cluster.isWorker || settings.workers === 1) bus = await open();
  } catch (error) {
    if (!(error instanceof CannotOpen || error instanceof PidFileError)) throw error;
    log('error', error.message);
    return FAILED;
  }
  let isReady = false;
  const { runPool } = await import('../gateway/pool.js');
  const code = await runPool({
    workers: settings.workers,
    drainSeconds: settings.drainTimeout,
    start: () => listen(settings, bus!.app),
    // Until it listens every line is about why it does not, and must not be lost with `log: errors`.
    log: (line) => log(isReady ? 'warning' : 'error', line),
    onReady: (address) => {
      isReady = true;
      log('info', `AtomMQ ${version} listening on ${address} (database ${maskDatabase(settings.databaseName)})`);
      started?.ready();
    },
  });
  await bus?.close();
  return code;
}

/** The database does not open. */
class CannotOpen extends Error {}

async function openBus(settings: Settings, onError: (error: unknown) => void): Promise<AtomMQ> {
  try {
    return await AtomMQ.from(settings, onError);
  } catch (error) {
    throw new CannotOpen(
      `cannot open the database ${maskDatabase(settings.databaseName)}: ${(error as Error).message}`,
    );
  }
}

async function listen(settings: Settings, app: AtomMQ['app']): Promise<Listener> {
  const { hostRule } = await import('../gateway/hosts.js');
  if (settings.gateway === 'fastcgi') {
    const { fastCgiSocket } = await import('../gateway/socket.js');
    const { serveFastCgi } = await import('../gateway/fastcgi.js');
    const allowsHost = hostRule({ ...settings, host: undefined });
    return serveFastCgi(app, { ...settings, allowsHost, socket: fastCgiSocket(settings.socket, process.env) });
  }
  const { serveHttp } = await import('../gateway/http.js');
  return serveHttp(app, { ...settings, allowsHost: hostRule(settings) });
}
