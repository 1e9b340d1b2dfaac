/** A first-time run, timed: the sources into an empty folder, the README's commands and no others, until an entry comes alive in a browser. */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, release, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { freePort, PATH, root } from '../doors/children.js';
import { launch } from './browser.js';

/** Most milliseconds for all of it: where SQLite's binding must be compiled that alone takes minutes. */
const PATIENCE = 30 * 60_000;

const readme = readFileSync(join(root, 'README.md'), 'utf8');
const [, start = ''] = /^## Start\n([\s\S]*?)^## /m.exec(readme) ?? [];
const blocks = [...start.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, text]) => text!.trim());
const [install, begin] = blocks.find((text) => /^npm install && npm start$/.test(text))?.split(' && ') ?? [];
const publish = blocks.flatMap((text) => text.split('\n')).find((line) => line.startsWith('curl -d'));
if (install === undefined || begin === undefined || publish === undefined)
  throw new Error('the README starts otherwise');

const folder = mkdtempSync(join(tmpdir(), 'atommq-first-'));
const port = await freePort();
// As on a machine that has never heard of us: no packages that npm keeps, nothing of ours configured.
const others = Object.entries(process.env).filter(([name]) => !name.startsWith('ATOMMQ_'));
const own = { PATH, ATOMMQ_PORT: String(port), npm_config_cache: join(folder, 'cache') };
const environment = { ...Object.fromEntries(others), ...own };
const clone = join(folder, 'atommq');

let total = 0;
async function step(name: string, run: () => unknown): Promise<void> {
  const since = performance.now();
  await run();
  const seconds = (performance.now() - since) / 1000;
  total += seconds;
  process.stdout.write(`${seconds.toFixed(1).padStart(7)} s  ${name}\n`);
}

const shell = (command: string, cwd: string) =>
  execFileSync('sh', ['-c', command], {
    cwd,
    env: environment,
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: PATIENCE,
  });

async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + PATIENCE;
  while (!(await holds().catch(() => false))) {
    if (Date.now() > deadline) throw new Error('it does not happen');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim();
const memory = Math.round(totalmem() / 2 ** 30);
process.stdout.write(
  `${new Date().toISOString().slice(0, 10)}, ${commit}, ${cpus().length} × ${cpus()[0]?.model}, ${memory} GiB, Linux ${release()}, Node ${process.version}\n`,
);
let server: ReturnType<typeof spawn> | undefined;
try {
  await step('a clone of the sources', () => shell(`git clone --quiet --no-hardlinks '${root}' atommq`, folder));
  await step(install, () => shell(install, clone));
  const compiled = existsSync(join(clone, 'node_modules/sqlite3/build/Makefile'));
  if (compiled) process.stdout.write('           (no prebuilt binding of SQLite could be had: it was compiled)\n');
  await step(`${begin}, until it answers`, async () => {
    server = spawn('sh', ['-c', `exec ${begin}`], { cwd: clone, env: environment, stdio: 'ignore' });
    await until(async () => (await fetch(`http://127.0.0.1:${port}/atommq/health/ready`)).ok);
  });
  const send = () => shell(publish.replaceAll('8080', String(port)), folder);
  await step('curl publishes', send);
  const browser = await launch();
  try {
    const page = await browser.newPage();
    await step('the page of the feed, open in Chromium', async () => {
      await page.goto(`http://localhost:${port}/atommq/feed=widgets`);
      await page.locator('.live.on').waitFor();
    });
    await step('curl publishes once more, and the entry is on the page, live', async () => {
      send();
      await page.locator('.entry', { hasText: 'allo' }).nth(1).waitFor();
    });
  } finally {
    await browser.close();
  }
  process.stdout.write(`${total.toFixed(1).padStart(7)} s  from an empty folder to a live entry in the browser\n`);
} finally {
  if (server !== undefined) {
    server.kill('SIGTERM');
    await new Promise((resolve) => server!.once('exit', resolve));
  }
  rmSync(folder, { recursive: true, force: true });
}
