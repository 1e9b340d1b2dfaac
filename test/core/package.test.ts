/** What `npm pack` gives out: nothing but what it needs, and whoever installs it can run, import and type-check it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { build } from 'esbuild';
import { httpClient } from '../client.js';
import { freePort, openFolder, PATH, root, startServer, untilItAnswers } from '../doors/children.js';
import { install, type Packed, pack } from './packed.js';

/** What each file must be one of. */
const WANTED = [
  /^(README|CHANGELOG|SECURITY|PROTOCOL)\.md$|^LICENSE$|^package\.json$/,
  /^bin\/(atommq|atommq\.cgi|atommq\.fcgi|cgi-bundle\.js|warm-cgi\.js|package\.json)$/,
  /^deploy\/([a-z]+\/)?[\w.-]+$/,
  /^dist\/cgi\/atommq\.cjs$/,
  /^dist\/man\/[\w.-]+\.\d$/,
  /^dist\/src\/.+\.(js|d\.ts)$/,
];

let packed: Packed;
let folder: string;
before(() => {
  packed = pack(openFolder());
  folder = openFolder();
  install(packed, folder);
});

test('the package has nothing but programs, their types, examples and documents', () => {
  for (const path of packed.files)
    assert.ok(
      WANTED.some((one) => one.test(path)),
      `${path} is not to be packed`,
    );
});

test('the package has every source as JavaScript and types, everything in deploy/, and what package.json names', () => {
  const names = (below: string) => readdirSync(join(root, below), { recursive: true, encoding: 'utf8' });
  for (const file of names('src').filter((name) => /(?<!\.d)\.ts$/.test(name))) {
    for (const ending of ['.js', '.d.ts']) {
      const path = `dist/src/${file.replace(/\.ts$/, ending)}`;
      assert.ok(packed.files.includes(path), path);
    }
  }
  const { bin, exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    bin: Record<string, string>;
    exports: Record<string, string | Record<string, string>>;
  };
  const targets = Object.values(exports).flatMap((target) =>
    typeof target === 'string' ? [target] : Object.values(target),
  );
  const examples = names('deploy').filter((name) => /\.\w+$|\/\w+$/.test(name));
  for (const path of [
    ...Object.values(bin),
    ...targets.map((target) => target.slice(2)),
    ...examples.map((name) => `deploy/${name}`),
    'bin/atommq.cgi',
    'bin/atommq.fcgi',
    'bin/warm-cgi.js',
    'dist/cgi/atommq.cjs',
    'LICENSE',
  ]) {
    assert.ok(packed.files.includes(path), path);
  }
});

test('what a document of the package links to beside it is in the package', () => {
  for (const file of packed.files.filter((path) => /^deploy\/.*\.md$|^(CHANGELOG|SECURITY|PROTOCOL)\.md$/.test(path))) {
    const text = readFileSync(join(root, file), 'utf8');
    for (const [, target = ''] of text.matchAll(/\]\(([^)#\s:]+)(?:#[^)]*)?\)/g)) {
      const path = new URL(target, `file:///${file}`).pathname.slice(1);
      const there = packed.files.some((one) => one === path || one.startsWith(`${path.replace(/\/$/, '')}/`));
      assert.ok(there, `${file} links to ${target}`);
    }
  }
});

/** Runs a command in the folder that has the package installed, and nothing of ours above it. */
function run(command: string, ...argv: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(command, argv, {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH, HOME: folder, npm_config_offline: 'true', npm_config_update_notifier: 'false' },
  });
}

test('npx runs it: what it is, what it can do, and a bus to publish to and read from', async () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const said = run('npx', 'atommq', '--version');
  assert.equal(said.stdout, `${version}\n`, said.stderr);
  const help = run('npx', 'atommq', '--help');
  assert.equal(help.status, 0, help.stderr);
  assert.match(help.stdout, /serve/);
  const port = await freePort();
  const server = startServer({
    command: join(folder, 'node_modules/.bin/atommq'),
    arguments: ['serve', '--port', String(port)],
    cwd: folder,
  });
  try {
    await untilItAnswers(httpClient(port), { server });
    const url = `http://127.0.0.1:${port}/atommq`;
    writeFileSync(join(folder, 'entry.atom'), '<entry xmlns="http://www.w3.org/2005/Atom"><title>allo</title></entry>');
    const published = run('npx', 'atommq', 'publish', 'widgets', 'entry.atom', '--url', url);
    assert.equal(published.status, 0, published.stderr);
    const read = run('npx', 'atommq', 'tail', 'widgets', '--no-follow', '--format', 'ndjson', '--url', url);
    assert.equal((JSON.parse(read.stdout) as { title: string }).title, 'allo', read.stderr);
  } finally {
    await server.stop();
  }
  assert.ok(existsSync(join(folder, 'atommq.db')));
});

test('the CGI script of the package answers, and its code cache is made by hand', () => {
  const bin = join(folder, 'node_modules/atommq/bin');
  const cgi = () =>
    spawnSync(join(bin, 'atommq.cgi'), {
      cwd: folder,
      encoding: 'utf8',
      env: { PATH, REQUEST_METHOD: 'GET', SCRIPT_NAME: '/atommq', REQUEST_URI: '/atommq/health/live' },
    }).stdout;
  const caches = () => readdirSync(join(bin, '../dist/cgi')).filter((name) => name.endsWith('.cache'));
  assert.deepEqual(caches(), []);
  assert.equal(spawnSync(process.execPath, [join(bin, 'warm-cgi.js')], { encoding: 'utf8' }).stderr, '');
  assert.deepEqual(caches(), [`atommq-${process.version}-${process.arch}.cache`]);
  assert.match(cgi(), /^Status: 200/);
});

/** The three imports, and that what comes is what it says. */
const PROGRAM = `
const bus = await AtomMQ.open({ database: ':memory:' });
const { id } = await bus.publish('widgets', { title: 'allo' });
const { entries } = await bus.read('widgets');
console.log(entries[0]?.id === id, typeof connect, typeof filePositions, new PositionGone('') instanceof Error);
await bus.close();
`;
const SAYS = 'true function function true\n';

test('a program imports the bus and the client', () => {
  const imports = `import { AtomMQ } from 'atommq';
import { connect, PositionGone } from 'atommq/client';
import { filePositions } from 'atommq/client/node';`;
  writeFileSync(join(folder, 'program.mjs'), imports + PROGRAM);
  const { stdout, stderr } = run(process.execPath, 'program.mjs');
  assert.equal(stdout, SAYS, stderr);
});

test('a CommonJS program may require them', () => {
  const requires = `const { AtomMQ } = require('atommq');
const { connect, PositionGone } = require('atommq/client');
const { filePositions } = require('atommq/client/node');`;
  writeFileSync(join(folder, 'program.cjs'), `${requires}(async () => {${PROGRAM}})();`);
  const { stdout, stderr } = run(process.execPath, 'program.cjs');
  assert.equal(stdout, SAYS, stderr);
});

test('what is no address of the package cannot be imported', () => {
  const { stderr } = run(process.execPath, '--input-type=module', '-e', `await import('atommq/dist/src/app.js')`);
  assert.match(stderr, /ERR_PACKAGE_PATH_NOT_EXPORTED/);
});

const TYPED = `import { type AccessRule, AtomMQ, ConfigError, type EntryDraft } from 'atommq';
import { connect, PositionGone } from 'atommq/client';
import { filePositions } from 'atommq/client/node';

export const rule: AccessRule = { match: '*', allow: ['read'], to: ['anyone'] };
const draft: EntryDraft = { title: 'allo' };
const bus = await AtomMQ.open({ database: './typed.db', pageSize: 10 });
export const title: string = (await bus.publish('widgets', draft)).title;
const feed = connect('http://localhost:8080/atommq').feed('widgets');
await feed.consume({
  positions: filePositions('./positions.json'),
  handler: async (entry) => {
    const id: string = entry.id;
    if (id === '') throw new ConfigError('none');
    // @ts-expect-error an entry has no such thing, and is no any
    entry.nothing;
  },
});
// @ts-expect-error there is no such option
await AtomMQ.open({ pageSzie: 10 });
export { PositionGone };
`;

for (const [module, resolution] of [
  ['node16', 'node16'],
  ['nodenext', 'nodenext'],
  ['esnext', 'bundler'],
] as const) {
  test(`its types are found and hold with moduleResolution ${resolution}, those of its dependencies too`, () => {
    // What an installation would have beside it for that.
    mkdirSync(join(folder, 'node_modules/@types'), { recursive: true });
    if (!existsSync(join(folder, 'node_modules/@types/node')))
      symlinkSync(join(root, 'node_modules/@types/node'), join(folder, 'node_modules/@types/node'));
    writeFileSync(join(folder, 'typed.mts'), TYPED);
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const options = ['--strict', '--noEmit', '--target', 'es2022', '--types', 'node', '--skipLibCheck', 'false'];
    const argv = [tsc, ...options, '--module', module, '--moduleResolution', resolution, 'typed.mts'];
    const { status, stdout } = run(process.execPath, ...argv);
    assert.equal(status, 0, stdout);
  });
}

test('a bundler leaves out what is not used, and the client takes nothing of Node', async () => {
  const bundle = async (contents: string) => {
    const { outputFiles } = await build({
      stdin: { contents, resolveDir: folder },
      bundle: true,
      write: false,
      minify: true,
      format: 'esm',
      platform: 'browser',
      logLevel: 'silent',
    });
    return outputFiles[0]!.text;
  };
  assert.equal(await bundle(`import { connect } from 'atommq/client';`), '');
  assert.match(await bundle(`import { connect } from 'atommq/client'; console.log(connect);`), /^\S[\s\S]{1000}/);
});
