/** The program that tests of processes run: a gateway of its first argument around an application of a few addresses. */
import { serveCgi } from '../../src/gateway/cgi.js';
import { serveFastCgi } from '../../src/gateway/fastcgi.js';
import { serveHttp } from '../../src/gateway/http.js';
import { passedSocket } from '../../src/gateway/passed.js';
import { runPool } from '../../src/gateway/pool.js';
import { fastCgiSocket } from '../../src/gateway/socket.js';
import { type App, HttpError } from '../../src/http.js';

const [gateway, where = '', workers = '2', drainSeconds = '20'] = process.argv.slice(2);
const OPTIONS = { mount: '/atommq', trustedProxies: [], trustRemoteUser: false };

const app: App = async (request) => {
  const headers = { 'content-type': 'text/plain' };
  if (request.path === '/slow') await new Promise((resolve) => setTimeout(resolve, 1000));
  if (request.path === '/forever') await new Promise(() => setInterval(() => {}, 1000));
  if (request.path === '/413') throw new HttpError(413, 'Too much.');
  if (request.path === '/stream') {
    const body = (async function* () {
      yield 'one ';
      yield Buffer.from('two');
    })();
    return { status: 200, headers, body };
  }
  if (request.path === '/large') return { status: 200, headers, body: Buffer.alloc(3_000_000, 'x') };
  const length = (await request.bytes(50_000_000)).length;
  return { status: 200, headers, body: `${process.pid} ${length} ${JSON.stringify(request.headers['x-name'])}` };
};

if (gateway === 'cgi') {
  await serveCgi(app, OPTIONS);
  process.exit(0);
}
const code = await runPool({
  workers: Number(workers),
  drainSeconds: Number(drainSeconds),
  log: (line) => process.stdout.write(`${line}\n`),
  onReady: (address) => process.stdout.write(`ready at ${address}\n`),
  start: () => {
    if (gateway === 'crash') process.exit(3);
    if (gateway === 'http') {
      const fd = where === '' ? passedSocket(process.env)?.fd : undefined;
      return serveHttp(app, { ...OPTIONS, host: '127.0.0.1', port: Number(where), fd });
    }
    const socket = fastCgiSocket(where === '' ? undefined : where, process.env);
    return serveFastCgi(app, { ...OPTIONS, socket, socketMode: 0o600 });
  },
});
process.exit(code);
