/** Pools of FastCGI and HTTP workers on every kind of socket, as real processes. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../fixture.js';
import { freePort, overHttp } from '../server.js';
import { FastCgiClient, request } from './fastcgi-client.js';

const PROGRAM = fileURLToPath(new URL('./program.js', import.meta.url));
const started: Running[] = [];

interface Running {
  child: ChildProcess;
  said: () => string;
  exited: Promise<number | string | null>;
}

type Stdio = ('ignore' | 'inherit' | 'pipe' | { fd: number } | Server)[];

function run(
  args: string[],
  stdin: unknown = 'ignore',
  env: Record<string, string> = {},
  more: unknown[] = [],
): Running {
  const stdio = [stdin, 'pipe', 'pipe', ...more] as Stdio;
  // Only the process itself knows the number that systemd would have given it.
  const script = 'if [ -n "$LISTEN_FDS" ]; then export LISTEN_PID=$$; fi; exec "$0" "$@"';
  const child = spawn('/bin/sh', ['-c', script, process.execPath, PROGRAM, ...args], {
    stdio: stdio as never,
    env: { ...process.env, ...env },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      said += chunk;
    });
  }
  const exited = new Promise<number | string | null>((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ?? code));
  });
  const running = { child, said: () => said, exited };
  started.push(running);
  return running;
}

afterEach(async () => {
  for (const { child, exited } of started.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await exited;
  }
});

async function until(holds: () => boolean | Promise<boolean>, what: () => string = () => ''): Promise<void> {
  for (let i = 0; i < 600; i += 1) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(`waited in vain: ${what()}`);
}

const says = (running: Running, what: RegExp) => until(() => what.test(running.said()), running.said);

function childrenOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return children === '' ? [] : children.split(' ').map(Number);
}

/** The worker that answers: over FastCGI, unless the gateway is another. */
async function ask(where: string | number, uri = '/atommq/x', gateway = 'fastcgi'): Promise<number> {
  if (gateway === 'http')
    return Number.parseInt((await overHttp(Number(where))('GET', uri.slice('/atommq'.length))).body, 10);

  const client = new FastCgiClient(where);
  const { output } = await client.send(request(1, false, { REQUEST_URI: uri })).answer(1);
  return Number(/\r\n\r\n(\d+)/.exec(output)?.[1]);
}

test('a path: mode, workers of their own, SIGHUP without a lost request, SIGTERM without a leftover', async () => {
  const path = join(temporaryFolder(), 's');
  const pool = run(['fastcgi', path]);
  await says(pool, /ready at fastcgi:/);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  await until(() => childrenOf(pool.child.pid!).length === 2);
  const before = childrenOf(pool.child.pid!);
  let running = true;
  let served = 0;
  const load = Array.from({ length: 3 }, async () => {
    while (running) {
      assert.ok((await ask(path)) > 0);
      served += 1;
    }
  });
  // Twice: the second one waits for the first.
  pool.child.kill('SIGHUP');
  await says(pool, /all workers replaced/);
  pool.child.kill('SIGHUP');
  await until(() => (pool.said().match(/all workers replaced/g) ?? []).length === 2, pool.said);
  running = false;
  await Promise.all(load);
  assert.ok(served > 0);
  assert.deepEqual(
    childrenOf(pool.child.pid!).filter((pid) => before.includes(pid)),
    [],
  );
  assert.equal(childrenOf(pool.child.pid!).length, 2);
  pool.child.kill('SIGTERM');
  assert.equal(await pool.exited, 0);
  assert.equal(existsSync(path), false);
});

test('a worker that is starting when SIGHUP comes is replaced as well', async () => {
  const path = join(temporaryFolder(), 's');
  const pool = run(['fastcgi', path]);
  await says(pool, /ready at fastcgi:/);
  // The second one has begun, and does not go on until the signal has been heard.
  await until(() => childrenOf(pool.child.pid!).length === 2);
  const before = childrenOf(pool.child.pid!);
  process.kill(before[1]!, 'SIGSTOP');
  pool.child.kill('SIGHUP');
  await new Promise((resolve) => setTimeout(resolve, 200));
  process.kill(before[1]!, 'SIGCONT');
  await says(pool, /all workers replaced/);
  assert.equal(childrenOf(pool.child.pid!).filter((pid) => before.includes(pid)).length, 0);
  assert.equal(childrenOf(pool.child.pid!).length, 2);
  pool.child.kill('SIGTERM');
  assert.equal(await pool.exited, 0);
});

test('workers that are killed are replaced, all at once as well', async () => {
  const path = join(temporaryFolder(), 's');
  const pool = run(['fastcgi', path]);
  await says(pool, /ready/);
  await until(() => childrenOf(pool.child.pid!).length === 2);
  const before = childrenOf(pool.child.pid!);
  for (const pid of before) process.kill(pid, 'SIGKILL');
  await until(async () => {
    try {
      return !before.includes(await ask(path));
    } catch {
      return false;
    }
  }, pool.said);
  assert.match(pool.said(), /ended \(SIGKILL\); starting another/);
  pool.child.kill('SIGINT');
  assert.equal(await pool.exited, 0);
});

test('a running request ends before its worker does; a second signal ends it at once', async () => {
  const path = join(temporaryFolder(), 's');
  const pool = run(['fastcgi', path]);
  await says(pool, /ready/);
  const slow = new FastCgiClient(path).send(request(1, true, { REQUEST_URI: '/atommq/slow' }));
  await until(() => slow.socket.bytesWritten > 0 && !slow.socket.connecting);
  await ask(path);
  pool.child.kill('SIGTERM');
  assert.match((await slow.answer(1)).output, /200/);
  assert.equal(await pool.exited, 0);
  const second = run(['fastcgi', path]);
  await says(second, /ready/);
  const forever = new FastCgiClient(path).send(request(1, true, { REQUEST_URI: '/atommq/forever' }));
  await until(() => forever.socket.bytesWritten > 0 && !forever.socket.connecting);
  await ask(path);
  const workers = childrenOf(second.child.pid!);
  second.child.kill('SIGTERM');
  await new Promise((resolve) => setTimeout(resolve, 300));
  second.child.kill('SIGTERM');
  assert.equal(await second.exited, 1);
  await until(() => workers.every((pid) => !existsSync(`/proc/${pid}`)));
});

test('a request that does not end in time makes the exit code 1', async () => {
  const path = join(temporaryFolder(), 's');
  const alone = run(['fastcgi', path, '1', '0.2']);
  await says(alone, /ready/);
  const forever = new FastCgiClient(path).send(request(1, true, { REQUEST_URI: '/atommq/forever' }));
  await until(() => forever.socket.bytesWritten > 0 && !forever.socket.connecting);
  await ask(path);
  alone.child.kill('SIGTERM');
  assert.equal(await alone.exited, 1);
});

for (const [gateway, name, descriptor] of [
  ['fastcgi', 'a web server (0)', 0],
  ['fastcgi', 'systemd (3)', 3],
  ['http', 'systemd (3)', 3],
] as const) {
  test(`${gateway} on the descriptor of ${name}: served, reloaded, and let go when the parent is killed`, async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const handle = (server as unknown as { _handle: object })._handle;
    const pool = descriptor === 0 ? run([gateway], handle) : run([gateway], 'ignore', { LISTEN_FDS: '1' }, [handle]);
    // Only the pool has it now: connections that came here would wait for ever.
    server.close();
    const address = gateway === 'http' ? `http://127.0.0.1:${port}/atommq` : `fastcgi:descriptor ${descriptor}`;
    await says(pool, new RegExp(`ready at ${address}`));
    await until(() => childrenOf(pool.child.pid!).length === 2);
    const before = childrenOf(pool.child.pid!);
    assert.ok(before.includes(await ask(port, undefined, gateway)));
    pool.child.kill('SIGHUP');
    await says(pool, /all workers replaced/);
    const after = childrenOf(pool.child.pid!);
    assert.ok(after.includes(await ask(port, undefined, gateway)));
    pool.child.kill('SIGKILL');
    await until(() => after.every((pid) => !existsSync(`/proc/${pid}`)));
  });
}

test('told to stop while workers are starting', async () => {
  for (const wait of [0, 100, 300]) {
    const pool = run(['http', String(await freePort())]);
    await says(pool, /ready/);
    await new Promise((resolve) => setTimeout(resolve, wait));
    pool.child.kill('SIGTERM');
    assert.equal(await pool.exited, 0);
  }
});

test('workers that never live end the pool with 1', async () => {
  const pool = run(['crash', '0']);
  assert.equal(await pool.exited, 1);
  assert.match(pool.said(), /giving up/);
});

test('one process: SIGHUP changes nothing, SIGTERM drains', async () => {
  const port = await freePort();
  const alone = run(['http', String(port), '1']);
  await says(alone, /ready/);
  assert.deepEqual(childrenOf(alone.child.pid!), []);
  alone.child.kill('SIGHUP');
  await says(alone, /SIGHUP/);
  const slow = overHttp(port)('GET', '/slow');
  assert.equal((await overHttp(port)('GET', '/x')).status, 200);
  alone.child.kill('SIGTERM');
  assert.equal((await slow).status, 200);
  assert.equal(await alone.exited, 0);
});
