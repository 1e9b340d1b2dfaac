/** `atommq serve`: a bus behind the gateway that was chosen. */
import cluster from 'node:cluster';
import { AtomMQ, type OnError } from '../bus.js';
import { maskDatabase } from '../config/database.js';
import { ConfigError, type Resolved, type Settings } from '../config.js';
import type { Listener } from '../gateway/listener.js';
import { type PassedSocket, passedSocket } from '../gateway/passed.js';
import { askOthers, hearOthers, type Share, tellOthers } from '../gateway/share.js';
import { type AccessRecord, CannotLog, lineOf } from '../guard/access-log.js';
import type { Family } from '../guard/counts.js';
import type { OtherParts } from '../guard/metrics.js';
import { cannotOpen } from './databases.js';
import { detach, starter } from './detach.js';
import { refuseExposure } from './exposure.js';
import { type Log, openLog } from './log.js';
import { reuseLargePieces } from './memory.js';
import { holdPidFile, PidFileError } from './pid-file.js';

/** Exit code for what is in the way but neither usage nor the socket: the database, the pid file. */
const FAILED = 1;

/** @returns the exit code */
export async function serve({ settings, warnings }: Resolved, argv: string[], version: string): Promise<number> {
  const passed = passedTo(settings);
  refuseExposure(settings, passed);
  const started = starter();
  if (settings.detach && started === undefined && cluster.isPrimary) return detach(settings, argv);
  const log = await openLog(settings, started?.tell);
  const open = () => openBus(settings, log);
  if (settings.gateway === 'cgi') return (await import('./cgi.js')).serveOne(settings);
  reuseLargePieces();
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
    if (!(error instanceof CannotOpen || error instanceof CannotLog || error instanceof PidFileError)) throw error;
    log('error', error.message);
    return FAILED;
  }
  if (cluster.isWorker && bus?.metrics !== undefined) {
    bus.metrics.others = (own) => askOthers(own) as Promise<OtherParts>;
  }
  // A pool has new workers then, which open their logs anew.
  if (settings.workers === 1) process.on('SIGHUP', () => bus?.reopenLogs());
  let isReady = false;
  const { runPool } = await import('../gateway/pool.js');
  const code = await runPool({
    workers: settings.workers,
    drainSeconds: settings.drainTimeout,
    start: () => listen(settings, bus!, passed),
    share: settings.metrics === false ? undefined : metricsShare(() => bus),
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

async function openBus(settings: Settings, log: Log): Promise<AtomMQ> {
  const onError: OnError = (error, request) => {
    log('error', String((error as Error)?.stack ?? error), request === undefined ? {} : { request });
  };
  const onRequest = (record: AccessRecord) => {
    if (settings.logFormat === 'json') log('debug', 'request', record);
    else log('debug', lineOf(record));
  };
  try {
    return await AtomMQ.from({ ...settings, metrics: settings.metrics ?? true }, onError, {
      onRequest: settings.log === 'debug' ? onRequest : undefined,
      siblings: cluster.isWorker ? { count: settings.workers, tell: tellOthers, hear: hearOthers } : undefined,
    });
  } catch (error) {
    if (error instanceof ConfigError || error instanceof CannotLog) throw error;
    throw new CannotOpen(cannotOpen(settings.databaseName, error));
  }
}

/** What the workers of a pool have counted, each its own. */
function metricsShare(bus: () => AtomMQ | undefined): Share {
  return {
    part: async () => bus()?.metrics?.part(),
    kept: async (gone) => (await import('../guard/exposition.js')).kept(gone as Family[][]),
  };
}

/** The socket that systemd opened for us, unless the configuration names another one. */
function passedTo({ gateway, socket }: Settings): PassedSocket | undefined {
  if (gateway === 'cgi' || (gateway === 'fastcgi' && socket !== undefined)) return undefined;
  try {
    return passedSocket(process.env);
  } catch (error) {
    throw new ConfigError((error as Error).message);
  }
}

async function listen(
  settings: Settings,
  { app, refuse }: AtomMQ,
  passed: PassedSocket | undefined,
): Promise<Listener> {
  const { hostRule } = await import('../gateway/hosts.js');
  if (settings.gateway === 'fastcgi') {
    const { fastCgiSocket } = await import('../gateway/socket.js');
    const { serveFastCgi } = await import('../gateway/fastcgi.js');
    const allowsHost = hostRule({ ...settings, host: undefined });
    return serveFastCgi(app, { ...settings, allowsHost, refuse, socket: fastCgiSocket(settings.socket, process.env) });
  }
  const { serveHttp } = await import('../gateway/http.js');
  // Before a socket file stands a web server.
  const host = passed === undefined ? settings.host : passed.at?.host;
  return serveHttp(app, { ...settings, refuse, allowsHost: hostRule({ ...settings, host }), fd: passed?.fd });
}
