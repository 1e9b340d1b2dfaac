/** The client's core runs where there is no Node: it imports nothing of it, and names nothing that only Node has. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { runInNewContext } from 'node:vm';
import { buildSync } from 'esbuild';
import { type Browser, chromium } from 'playwright-core';
import { unlessThere } from '../doors/all.js';
import { root } from '../doors/children.js';
import { endAll } from '../server.js';
import { newFolder, Server, until } from './server.js';

const CORE = join(root, 'src/client/client.ts');
const CHROMIUM = '/usr/bin/chromium';

after(endAll);

/** The core as one script that sets `atommq`. */
function bundle(): string {
  const { outputFiles } = buildSync({
    entryPoints: [CORE],
    bundle: true,
    write: false,
    platform: 'browser',
    format: 'iife',
    globalName: 'atommq',
    logLevel: 'silent',
  });
  return outputFiles[0]!.text;
}

/** A module and all that it imports, by path. */
function closure(file: string, found = new Map<string, string[]>()): Map<string, string[]> {
  if (found.has(file)) return found;
  const text = readFileSync(file, 'utf8');
  const imports = [...text.matchAll(/\b(?:from|import)\s*\(?\s*'([^']*)'/g)].map(([, name]) => name!);
  found.set(file, imports);
  for (const name of imports.filter((one) => one.startsWith('.'))) {
    closure(join(dirname(file), name.replace(/\.js$/, '.ts')), found);
  }
  return found;
}

test('the core imports nothing but its own modules', () => {
  const modules = closure(CORE);
  assert.ok(modules.size > 10);
  for (const [file, imports] of modules) {
    for (const name of imports) assert.match(name, /^\.\/[\w-]+\.js$/, `${file} imports ${name}`);
    assert.notEqual(file, join(root, 'src/client/node.ts'));
  }
});

test('the core compiles against what browsers have, without the types of Node', () => {
  const folder = newFolder();
  const options = {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: { lib: ['ES2023', 'DOM', 'DOM.AsyncIterable'], types: [], rootDir: root, noEmit: true },
    files: [CORE],
    include: [],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(options));
  const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' });
  assert.equal(status, 0, stdout);
});

test('the core publishes and reads in a world that has nothing of Node', async () => {
  const held: string[] = [];
  const fetch = async (url: string, init: RequestInit = {}) => {
    if (init.method === 'POST') {
      held.push(/<id>([^<]*)/.exec(String(init.body))![1]!);
      return new Response('', { status: 201 });
    }
    assert.match(url, /format=json$/);
    const items = held.map((id) => ({ id, content_text: 'allo' }));
    return new Response(JSON.stringify({ items }), { headers: { 'content-type': 'application/feed+json' } });
  };
  const world = {
    ...{ fetch, Headers, Response, ReadableStream, AbortController, TextEncoder, TextDecoder, URL, URLSearchParams },
    ...{ crypto, setTimeout, clearTimeout, Uint8Array, result: undefined as Promise<unknown> | undefined },
  };
  const program = `result = (async () => {
    const feed = atommq.connect('http://bus/atommq').feed('widgets');
    const { id } = await feed.publish({ content: 'allo' });
    const read = [];
    for await (const entry of feed.entries()) read.push(entry);
    return { id, read };
  })()`;
  runInNewContext(`${bundle()}\n${program}`, world);
  const { id, read } = (await world.result) as { id: string; read: { id: string; content: { value: string } }[] };
  assert.match(id, /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.deepEqual([read.length, read[0]?.id, read[0]?.content.value], [1, id, 'allo']);
});

test('the package gives out the core and what needs Node at addresses of their own', async () => {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    exports: Record<string, { types: string; default: string }>;
  };
  for (const [name, member] of [
    ['./client', 'connect'],
    ['./client/node', 'filePositions'],
  ] as const) {
    const { types, default: file } = exports[name]!;
    assert.match(readFileSync(join(root, types), 'utf8'), new RegExp(`\\b${member}\\b`));
    const module = (await import(pathToFileURL(join(root, file)).href)) as Record<string, unknown>;
    assert.equal(typeof module[member], 'function');
  }
});

test('in Chromium it publishes and follows, by events and by long polls, across restarts', {
  skip: unlessThere(CHROMIUM),
}, async (t) => {
  const server = await Server.start();
  let browser: Browser | undefined;
  t.after(() => browser?.close());
  browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
  });
  const page = await browser.newPage();
  // Any page of the same origin that no policy keeps from connecting.
  await page.goto(`${server.url}/health/live`);
  await page.evaluate(`${bundle()}; globalThis.feed = atommq.connect('${server.url}').feed('page');
    globalThis.seen = { sse: [], poll: [] };
    for (const mode of ['sse', 'poll']) (async () => {
      for await (const { content } of feed.entries({ live: true, mode, wait: 5 })) seen[mode].push(content.value);
    })().catch((error) => seen[mode].push(String(error)));
    0;`);
  const seen = (mode: string) => page.evaluate(`seen.${mode}`) as Promise<string[]>;
  const expected: string[] = [];
  for (const signal of ['SIGKILL', 'SIGTERM', undefined] as const) {
    for (let i = 0; i < 20; i += 1) expected.push(`${signal} ${i}`);
    await page.evaluate(
      `Promise.all(${JSON.stringify(expected.slice(-20))}.map((content) => feed.publish({ content })))`,
    );
    if (signal !== 'SIGTERM') await until(async () => (await seen('sse')).length >= expected.length);
    if (signal !== undefined) await server.restart(signal);
  }
  for (const mode of ['sse', 'poll']) {
    await until(async () => (await seen(mode)).length >= expected.length, `${mode}: entries are missing`);
    assert.deepEqual(await seen(mode), expected);
  }
  await server.stop();
});
