/** Behind web servers: FastCGI against HTTP behind nginx, and what a CGI script takes. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { Ask } from '../../client.js';
import { apacheCgi } from '../../doors/apache.js';
import { missing, openFolder, PATH, root, type Server, startServer } from '../../doors/children.js';
import type { Door, DoorKind } from '../../doors/door.js';
import { lighttpdCgi } from '../../doors/lighttpd.js';
import { fastCgiAt, open } from '../../doors/nginx.js';
import { keyAt } from '../fill.js';
import { load } from '../load.js';
import { pin, pinned } from '../machine.js';
import type { Row } from '../row.js';
import type { Figures, Stage } from '../stage.js';
import { AT_END, large, small } from './read.js';

const lacking = (needs: string[]) => {
  const absent = missing(needs);
  return absent.length === 0 ? undefined : `not measured: apt install ${absent.join(' ')}`;
};

/** nginx with a file of `deploy/`, on the core of the load: it is not what is measured. */
async function nginx(stage: Stage, file: string, at: Record<string, string>, server: Server): Promise<Door> {
  const door = await open(file, file, at, server);
  stage.lastly(door.stop);
  pin('load', door.pid);
  return door;
}

/** The same poll through the same nginx, by FastCGI and by HTTP to a process of ours each. */
async function fastCgi(stage: Stage): Promise<Figures | string> {
  const absent = lacking(['nginx']);
  if (absent !== undefined) return absent;
  const http = await small(stage);
  const socket = join(openFolder(), 's');
  const flags = ['--gateway', 'fastcgi', '--socket', socket, '--socket-mode', '0666', '--page-size', '1000'];
  const argv = [join(root, 'bin/atommq'), ...flags, '--database', stage.database('small')];
  const { command, args } = pinned('server', process.execPath, argv);
  const server = startServer({ command, arguments: args, cwd: stage.folder });
  const ours = await nginx(stage, 'nginx-fastcgi.conf', fastCgiAt(socket), server);
  const nothing: Server = { pid: 0, log: () => '', ended: new Promise(() => {}), stop: async () => {} };
  const at = { '127.0.0.1:8080': `127.0.0.1:${http.port}` };
  const proxied = await nginx(stage, 'nginx-proxy.conf', at, nothing);
  const work = { paths: [AT_END(2000)], clients: 64 };
  const figures = await stage.compare(
    async (seconds) => (await load({ ...work, port: ours.port!, seconds })).rate,
    async (seconds) => (await load({ ...work, port: proxied.port!, seconds })).rate,
    { ...http, pid: server.pid },
  );
  return { unit: 'requests/s', ...figures };
}

const NODE = () => void spawnSync(process.execPath, ['-e', '0'], { stdio: 'ignore' });

/** Milliseconds of one thing and another, in turns. */
async function inTurns(stage: Stage, ours: () => Promise<void> | void, bare: () => Promise<void> | void) {
  const figures = { unit: 'ms', ours: [] as number[], bare: [] as number[] };
  const time = async (what: () => Promise<void> | void) => {
    const begin = performance.now();
    await what();
    return performance.now() - begin;
  };
  for (let round = -2; round < stage.settings.rounds * 4; round += 1) {
    const [b, o] = [await time(bare), await time(ours)];
    if (round < 0) continue;
    figures.bare.push(b);
    figures.ours.push(o);
  }
  return figures;
}

const ONE = (entries: number) => `/feed=full?start_after=urn:uuid:${keyAt(entries - 1)}`;

async function cgi(stage: Stage): Promise<Figures> {
  await large(stage);
  const env = {
    PATH,
    ATOMMQ_DATABASE: stage.database('large'),
    REQUEST_METHOD: 'GET',
    REQUEST_URI: `/atommq${ONE(stage.settings.entries)}`,
    SCRIPT_NAME: '/atommq',
    SERVER_NAME: 'localhost',
  };
  const run = () => spawnSync(join(root, 'bin/atommq.cgi'), [], { env, encoding: 'utf8', cwd: stage.folder });
  const said = run();
  if (!said.stdout.includes('<entry')) throw new Error(`the CGI script said ${said.stdout}${said.stderr}`);
  return inTurns(stage, () => void run(), NODE);
}

async function cgiBehind(stage: Stage, kind: DoorKind): Promise<Figures | string> {
  const absent = lacking(kind.needs);
  if (absent !== undefined) return absent;
  await large(stage);
  const door = await kind.start({ database: stage.database('large') });
  stage.lastly(door.stop);
  const get: Ask = (method, path) => door.ask(method, `/atommq${path}`);
  return inTurns(
    stage,
    async () => {
      const { status, text } = await get('GET', ONE(stage.settings.entries));
      if (status !== 200) throw new Error(`${kind.name}: ${status} ${text}`);
    },
    NODE,
  );
}

export const rows: Row[] = [
  { name: 'poll behind nginx by FastCGI', against: 'nginx proxy_pass to ours', mark: 0.7, measure: fastCgi },
  { name: 'CGI, one GET', against: 'node -e 0', mark: 1.7, less: true, measure: cgi },
  {
    name: 'CGI, one GET through Apache',
    against: 'node -e 0',
    less: true,
    measure: (stage) => cgiBehind(stage, apacheCgi),
  },
  {
    name: 'CGI, one GET through lighttpd',
    against: 'node -e 0',
    less: true,
    measure: (stage) => cgiBehind(stage, lighttpdCgi),
  },
];
