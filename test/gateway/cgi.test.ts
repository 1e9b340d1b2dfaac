/** CGI processes, by a parent that is a poor web server. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('./program.js', import.meta.url));

interface Outcome {
  code: number | null;
  output: string;
  error: string;
  /** How much of the body was taken. */
  taken: number;
}

/** Runs the script; the body is written whole before anything is read, as Apache does. */
async function run(env: Record<string, string>, body: Buffer | string = '', end = true): Promise<Outcome> {
  const child = spawn(process.execPath, [PROGRAM, 'cgi'], {
    env: {
      REQUEST_METHOD: 'GET',
      REQUEST_URI: '/atommq/x',
      SCRIPT_NAME: '/atommq',
      SERVER_NAME: 'h',
      SERVER_PORT: '80',
      GATEWAY_INTERFACE: 'CGI/1.1',
      ...env,
    },
    stdio: 'pipe',
  });
  let output = '';
  let error = '';
  child.stderr.on('data', (chunk) => {
    error += chunk;
  });
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
  child.stdin.on('error', () => {});
  if (body.length > 0) await new Promise((resolve) => child.stdin.write(body, resolve));
  if (end) child.stdin.end();
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString('latin1');
  });
  const code = await exited;
  return { code, output, error, taken: (child.stdin as Socket).bytesWritten };
}

test('one request, one answer, nothing else, exit code 0', async () => {
  const { code, output, error } = await run({ HTTP_X_NAME: 'é' });
  assert.equal(code, 0);
  assert.equal(error, '');
  // Two characters, here in UTF-8 once more: the gateway hands bytes on as `node:http` does.
  assert.match(output, /^Status: 200 OK\r\ncontent-type: text\/plain\r\ncontent-length: \d+\r\n\r\n\d+ 0 "Ã\x83Â©"$/s);
});

test('a body of an announced length is read to that length, though standard input stays open', async () => {
  const { code, output } = await run({ REQUEST_METHOD: 'POST', CONTENT_LENGTH: '3' }, 'abc', false);
  assert.equal(code, 0);
  assert.match(output, /\d+ 3 undefined$/);
});

test('a body without a length is read to its end; without a body nothing is waited for', async () => {
  assert.match((await run({ REQUEST_METHOD: 'POST', CONTENT_LENGTH: '' }, 'abcde')).output, /\d+ 5 undefined$/);
  assert.match((await run({ CONTENT_LENGTH: '' }, '', false)).output, /\d+ 0 undefined$/);
});

test('a body that is short of its length is a 400, and so is a length that is none', async () => {
  for (const CONTENT_LENGTH of ['10', 'ten', '-1']) {
    const { code, output } = await run({ REQUEST_METHOD: 'POST', CONTENT_LENGTH }, 'abc');
    assert.equal(code, 0);
    assert.match(output, /^Status: 400 [\s\S]*application\/problem\+json/, CONTENT_LENGTH);
  }
});

test('an early refusal comes after the whole body was taken', async () => {
  const body = Buffer.alloc(5_000_000, 'x');
  const { code, output, taken } = await run(
    { REQUEST_METHOD: 'POST', REQUEST_URI: '/atommq/413', CONTENT_LENGTH: String(body.length) },
    body,
  );
  assert.equal(code, 0);
  assert.equal(taken, body.length);
  assert.match(output, /^Status: 413 [\s\S]*"status":413/);
});

test('large answers and streams come whole; HEAD has no body', async () => {
  assert.equal((await run({ REQUEST_URI: '/atommq/large' })).output.split('\r\n\r\n')[1]?.length, 3_000_000);
  assert.match((await run({ REQUEST_URI: '/atommq/stream' })).output, /^Status: 200 OK\r\n[\s\S]*\r\n\r\none two$/);
  assert.match((await run({ REQUEST_METHOD: 'HEAD' })).output, /content-length: \d+\r\n\r\n$/);
});

test('random variables never end in anything but an answer', async (t) => {
  const seed = Number(process.env.ATOMMQ_SEED ?? Date.now() % 1_000_000);
  t.diagnostic(`ATOMMQ_SEED=${seed}`);
  let state = seed;
  const random = (n: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (state >> 8) % n;
  };
  const names = [
    'REQUEST_URI',
    'SCRIPT_NAME',
    'PATH_INFO',
    'QUERY_STRING',
    'HTTP_HOST',
    'SERVER_PORT',
    'CONTENT_LENGTH',
  ];
  for (let i = 0; i < 12; i += 1) {
    const env: Record<string, string> = { REQUEST_METHOD: ['GET', 'POST', 'HEAD', 'X'][random(4)]! };
    for (const name of names) {
      if (random(2) === 0) continue;
      env[name] = Array.from({ length: random(12) }, () => String.fromCharCode(1 + random(300))).join('');
    }
    const { code, output, error } = await run(env, 'abc');
    assert.equal(code, 0, JSON.stringify(env) + error);
    assert.match(output, /^Status: (200|400|404|500) /, JSON.stringify(env));
  }
});
