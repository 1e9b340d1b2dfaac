/** Makes dist/cgi: the CGI script as one file for SQLite, and V8's code cache of it for the Node that runs this. */
const { createHash } = require('node:crypto');
const { execFileSync } = require('node:child_process');
const { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const esbuild = require('esbuild');
const { warmUp } = require('./cgi-bundle.js');

const ROOT = join(__dirname, '..');
const FOLDER = join(ROOT, 'dist/cgi');

const ENTRY = `<entry xmlns="http://www.w3.org/2005/Atom"><title>warm</title>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">up</div></content></entry>`;

/** What the bundle has other modules for than the program. */
const substitutes = {
  name: 'substitutes',
  setup(build) {
    build.onResolve({ filter: /^knex$/ }, () => ({ path: join(ROOT, 'dist/src/store/knex-sqlite.js') }));
    // The binding cannot be bundled, and `bindings` looks for it in a dozen places before it finds it.
    build.onResolve({ filter: /sqlite3-binding\.js$/ }, () => ({ path: 'binding', namespace: 'sqlite3' }));
    build.onLoad({ filter: /^binding$/, namespace: 'sqlite3' }, () => ({
      contents: `module.exports = require('#sqlite3-binding');`,
    }));
    build.onResolve({ filter: /^#sqlite3-binding$/ }, ({ path }) => ({ path, external: true }));
    // What no CGI request gets to: other dialects (`cgi-bundle.js` does not run the bundle for them), migrations and seeds,
    // the listeners for programs with a server of their own.
    build.onResolve({ filter: /^\.\// }, ({ kind, importer, path }) =>
      kind === 'dynamic-import' && importer.endsWith('/store/dialect.js') && path !== './sqlite.js'
        ? { path, external: true }
        : undefined,
    );
    build.onResolve(
      {
        filter:
          /\/(migrate\/Migrator|seed\/Seeder|gateway\/(http|fetch)\.js|guard\/(metrics|access-log|in-flight|rate)\.js)$/,
      },
      ({ path }) => ({
        path,
        namespace: 'absent',
      }),
    );
    build.onLoad({ filter: /.*/, namespace: 'absent' }, () => ({
      contents:
        'exports.Migrator = exports.requestListener = exports.fetchHandler = () => { throw new Error("not in the CGI bundle"); };',
    }));
    build.onResolve({ filter: /^debug$/ }, ({ path }) => ({ path, namespace: 'silent' }));
    build.onLoad({ filter: /.*/, namespace: 'silent' }, () => ({
      contents: 'module.exports = () => Object.assign(() => {}, { enabled: false });',
    }));
    // What only some requests get to is loaded when they do. xml2js stays outside: even unused it would make the cache larger.
    build.onResolve({ filter: /^(node:crypto|node:net|node:zlib|saxes|xml2js)$/ }, ({ path, pluginData }) => {
      if (pluginData !== 'now') return { path, namespace: 'late' };
      return path === 'xml2js' ? { path, external: true } : undefined;
    });
    build.onLoad({ filter: /.*/, namespace: 'late' }, ({ path }) => ({
      contents: Object.keys(require(path))
        .map((name) => `Object.defineProperty(exports, '${name}', { enumerable: true, get: () => load().${name} });`)
        .concat(`const load = () => require('${path}');`)
        .join('\n'),
      resolveDir: ROOT,
      pluginData: 'now',
    }));
    // Only the page of an entry with markup in it needs this.
    build.onResolve({ filter: /^sanitize-html$/ }, ({ path }) => ({ path, external: true }));
    build.onResolve({ filter: /^\.\/schema\/ddl$/ }, ({ path, resolveDir, pluginData }) =>
      pluginData === 'now' ? undefined : { path, namespace: 'late-class', pluginData: resolveDir },
    );
    build.onLoad({ filter: /.*/, namespace: 'late-class' }, ({ path, pluginData }) => ({
      contents: `module.exports = function (...given) { return new (require('${path}'))(...given); };`,
      resolveDir: pluginData,
      pluginData: 'now',
    }));
  },
};

/** Bundles, and puts the hash of what came out in the first line: the cache is good for this text only. */
async function bundle() {
  const { outputFiles } = await esbuild.build({
    entryPoints: [join(ROOT, 'dist/src/cli/cgi.js')],
    bundle: true,
    write: false,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    minify: true,
    legalComments: 'none',
    charset: 'ascii',
    banner: { js: '(function(exports,require,module,__bundle_url){' },
    footer: { js: '})' },
    define: { 'import.meta.url': '__bundle_url' },
    plugins: [substitutes],
    logLevel: 'warning',
  });
  const text = outputFiles[0].text;
  const id = createHash('sha256').update(text).digest('hex');
  mkdirSync(FOLDER, { recursive: true });
  for (const old of readdirSync(FOLDER)) rmSync(join(FOLDER, old), { force: true });
  writeFileSync(join(FOLDER, 'atommq.cjs'), `// ${id}\n${text}`);
}

/** The cache is taken in a process of its own after a publish and a poll, so that it holds what those compiled. */
function cache() {
  const folder = mkdtempSync(join(tmpdir(), 'atommq-build-'));
  try {
    const { NODE_OPTIONS: _options, ...env } = process.env;
    for (const name of Object.keys(env)) if (name.startsWith('ATOMMQ_')) delete env[name];
    execFileSync(process.execPath, [__filename, '--warm-up'], {
      cwd: folder,
      env: {
        ...env,
        ATOMMQ_DATABASE: join(folder, 'warm.db'),
        SCRIPT_NAME: '/atommq',
        SERVER_NAME: 'localhost',
        SERVER_PORT: '80',
        CONTENT_LENGTH: String(Buffer.byteLength(ENTRY)),
      },
      input: ENTRY,
      stdio: ['pipe', 'ignore', 'inherit'],
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[2] === '--warm-up') {
  warmUp([
    { REQUEST_METHOD: 'POST', REQUEST_URI: '/atommq/feed=warm', CONTENT_TYPE: 'application/atom+xml' },
    { REQUEST_METHOD: 'GET', REQUEST_URI: '/atommq/feed=warm', CONTENT_LENGTH: '', CONTENT_TYPE: '' },
    { REQUEST_METHOD: 'GET', REQUEST_URI: '/atommq/feed=none', CONTENT_LENGTH: '', CONTENT_TYPE: '' },
  ]).then(() => process.exit(0));
} else {
  bundle().then(cache);
}
