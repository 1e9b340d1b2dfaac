/** The benchmark: ratios against a bare `node:http` server in the same run, alternating, medians of several rounds. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { Agent, request as httpRequest } from 'node:http';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { missing, openFolder, type Server, startServer } from '../doors/children.js';
import { fastCgiAt, open as openNginx } from '../doors/nginx.js';
import { temporaryFolder } from '../fixture.js';
import { freePort, overHttp, start, stop } from '../server.js';

const BIN = fileURLToPath(new URL('../../../bin/atommq', import.meta.url));
const SECONDS = Number(process.env.ATOMMQ_BENCH_SECONDS ?? 3);
const ROUNDS = Number(process.env.ATOMMQ_BENCH_ROUNDS ?? 3);
const ENTRY = `<entry xmlns="http://www.w3.org/2005/Atom"><title>t</title><content>${'y'.repeat(410)}</content></entry>`;

/** One load: so many clients that ask one after another. */
interface Load {
  port: number;
  path: string;
  method: 'GET' | 'POST';
  body?: string;
  clients: number;
}

/** Requests a second, by a load generator in a thread of its own. */
function measure(load: Load): Promise<number> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: load, argv: ['load'] });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

/** The load generator: keep-alive connections, every answer read and its status checked. */
async function generate({ port, path, method, body, clients }: Load): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const one = () =>
    new Promise<void>((resolve, reject) => {
      const headers: Record<string, string | number> =
        body === undefined ? {} : { 'content-type': 'application/atom+xml', 'content-length': Buffer.byteLength(body) };
      const request = httpRequest({ host: '127.0.0.1', port, path, method, headers, agent }, (response) => {
        if ((response.statusCode ?? 500) >= 400) reject(new Error(`status ${response.statusCode}`));
        response.resume();
        response.once('end', resolve);
      });
      request.once('error', reject);
      request.end(body);
    });
  const begin = performance.now();
  const end = begin + SECONDS * 1000;
  let count = 0;
  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (performance.now() < end) {
        await one();
        count += 1;
      }
    }),
  );
  agent.destroy();
  return (count * 1000) / (performance.now() - begin);
}

/** The ceiling: reads the request and writes fixed bytes. */
const BARE = `
const bodies = { small: Buffer.alloc(1000, 120), page: Buffer.alloc(Number(process.argv[1]), 120), entry: Buffer.alloc(1100, 120) };
require('node:http').createServer((request, response) => {
  request.on('data', () => {});
  request.on('end', () => {
    const body = bodies[request.url.split('/').at(-1)] ?? bodies.small;
    response.writeHead(request.method === 'POST' ? 201 : 200, { 'content-type': 'application/atom+xml', 'content-length': body.length });
    response.end(body);
  });
}).listen(Number(process.argv[2]), '127.0.0.1');
`;

function median(values: number[]): number {
  return values.slice().sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

/** Alternates between the two, so that what else the machine does meets both. */
async function compare(ours: Load, bare: Load) {
  const [rates, ceilings, ratios]: number[][] = [[], [], []];
  for (let round = 0; round < ROUNDS; round += 1) {
    ceilings!.push(await measure(bare));
    rates!.push(await measure(ours));
    ratios!.push(rates!.at(-1)! / ceilings!.at(-1)!);
  }
  return {
    rate: Math.round(median(rates!)),
    bare: Math.round(median(ceilings!)),
    ratio: median(ratios!),
    ratios: ratios!,
  };
}

/** nginx twice, by the files of deploy/: in front of one FastCGI process, and of the bare server. */
async function behindNginx(database: string, barePort: number) {
  if (missing(['nginx']).length > 0) return undefined;
  const socket = join(openFolder(), 's');
  const flags = ['--gateway', 'fastcgi', '--socket', socket, '--socket-mode', '0666', '--database', database];
  const fastCgi = await openNginx(
    'FastCGI',
    'nginx-fastcgi.conf',
    fastCgiAt(socket),
    startServer({ command: BIN, arguments: flags }),
  );
  const elsewhere: Server = { pid: 0, log: () => '', ended: new Promise(() => {}), stop: async () => {} };
  const at = { '127.0.0.1:8080': `127.0.0.1:${barePort}` };
  return { fastCgi, bare: await openNginx('bare', 'nginx-proxy.conf', at, elsewhere) };
}

function milliseconds(command: string, args: string[], env: NodeJS.ProcessEnv): number {
  const times = Array.from({ length: 15 }, () => {
    const begin = performance.now();
    spawnSync(command, args, { env, stdio: 'ignore' });
    return performance.now() - begin;
  });
  return median(times);
}

async function main(): Promise<void> {
  const database = join(temporaryFolder(), 'bench.db');
  const [port, barePort] = [await freePort(), await freePort()];
  const server = start(BIN, ['--port', String(port), '--database', database, '--page-size', '1000']);
  const client = overHttp(port);
  while ((await client('GET', '/health/ready').catch(() => undefined))?.status !== 200) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  for (let i = 0; i < 1200; i += 100) {
    const batch = `<feed xmlns="http://www.w3.org/2005/Atom">${ENTRY.repeat(100)}</feed>`;
    await client('POST', '/feed=full', { body: batch });
  }
  const page = await client('GET', '/feed=full');
  const bare = start(process.execPath, ['-e', BARE, String(page.body.length), String(barePort)]);
  await new Promise((resolve) => setTimeout(resolve, 500));
  const last = /<id>(urn:uuid:[^<]*)<\/id>(?![\s\S]*<id>)/.exec(
    (await client('GET', '/feed=full?start_at=last')).body,
  )?.[1];

  const works: { name: string; path: string; bare: string; method: 'GET' | 'POST'; clients: number; mark?: number }[] =
    [
      { name: 'publish, 64 clients', path: '/feed=load', bare: '/entry', method: 'POST', clients: 64, mark: 0.3 },
      { name: 'publish, 1 client', path: '/feed=load', bare: '/entry', method: 'POST', clients: 1 },
      {
        name: 'poll, nothing new, 64 clients',
        path: `/feed=full?start_after=${last}`,
        bare: '/small',
        method: 'GET',
        clients: 64,
        mark: 0.5,
      },
      {
        name: 'page of 1,000 entries, 8 clients',
        path: '/feed=full',
        bare: '/page',
        method: 'GET',
        clients: 8,
        mark: 0.5,
      },
    ];
  const results: object[] = [];
  const front = await behindNginx(database, barePort);
  for (const { name, path, method, clients, mark, ...work } of works) {
    const body = method === 'POST' ? { body: ENTRY } : {};
    const bareLoad = { port: barePort, path: work.bare, method, clients, ...body };
    results.push({
      name,
      ...(await compare({ port, path: `/atommq${path}`, method, clients, ...body }, bareLoad)),
      mark,
    });
  }
  if (front === undefined) process.stdout.write('nginx is not installed: FastCGI behind it is not measured\n');
  else {
    const poll = { path: `/atommq/feed=full?start_after=${last}`, method: 'GET', clients: 64 } as const;
    const bareLoad = { ...poll, port: front.bare.port!, path: '/atommq/small' };
    const name = 'poll by FastCGI behind nginx, 64 clients';
    results.push({ name, ...(await compare({ ...poll, port: front.fastCgi.port! }, bareLoad)), mark: 0.4 });
    await front.fastCgi.stop();
    await front.bare.stop();
  }
  const environment = {
    ATOMMQ_DATABASE: database,
    REQUEST_METHOD: 'GET',
    REQUEST_URI: '/atommq/feed=full?page_size=1',
    SCRIPT_NAME: '/atommq',
    SERVER_NAME: 'localhost',
  };
  const node = milliseconds(process.execPath, ['-e', '0'], {});
  const cgi = milliseconds(`${BIN}.cgi`, [], { ...environment, PATH: process.env.PATH });
  results.push({
    name: 'CGI, one GET (ms; bare is node -e 0)',
    rate: Math.round(cgi),
    bare: Math.round(node),
    ratio: cgi / node,
    mark: 2.5,
  });
  await stop(server);
  await stop(bare);
  const machine = `${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}`;
  writeFileSync(
    'bench-results.json',
    `${JSON.stringify({ date: new Date().toISOString(), machine, results }, null, 2)}\n`,
  );
  process.stdout.write(`${machine}\n`);
  for (const row of results as { name: string; rate: number; bare: number; ratio: number; mark?: number }[]) {
    const mark = row.mark === undefined ? '' : ` (mark ${row.mark})`;
    process.stdout.write(
      `${row.name.padEnd(40)} ${String(row.rate).padStart(7)} / ${String(row.bare).padStart(7)} = ${row.ratio.toFixed(2)}${mark}\n`,
    );
  }
}

if (process.argv.includes('load')) {
  const { parentPort, workerData } = await import('node:worker_threads');
  parentPort?.postMessage(await generate(workerData as Load));
} else await main();
