/** Makes dist/cgi: the CGI script as one file for SQLite, and by warm-cgi.js V8's code cache of it. */
const { createHash } = require('node:crypto');
const { mkdirSync, readdirSync, rmSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const esbuild = require('esbuild');
const { cache } = require('./warm-cgi.js');

const ROOT = join(__dirname, '..');
const FOLDER = join(ROOT, 'dist/cgi');

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
    build.onResolve({ filter: /^(node:crypto|node:net|node:zlib|xml2js)$/ }, ({ path, pluginData }) => {
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

bundle().then(cache);
