/** Runs the CGI bundle in dist/cgi through V8's code cache, and makes that cache where it is missing or of no use. */
const { closeSync, readFileSync, renameSync, rmSync, writeFileSync } = require('node:fs');
const { createRequire } = require('node:module');
const { dirname, join } = require('node:path');
const { pathToFileURL } = require('node:url');
const vm = require('node:vm');

const FOLDER = join(__dirname, '../dist/cgi');
const BUNDLE = join(FOLDER, 'atommq.cjs');
/** What V8 compiled is good for one Node on one kind of machine. */
const CACHE = join(FOLDER, `atommq-${process.version}-${process.arch}.cache`);
/** The first line of bundle and cache: two slashes or nothing, and a hash in hexadecimal. */
const ID = 64;

/**
 * Serves one request.
 * @returns the exit code
 */
async function run() {
  const loaded = load();
  const code = await loaded?.exports.main({ sqliteOnly: true });
  if (code === undefined) {
    // No bundle was built, or the database is not one that it knows.
    const { main } = await import('../dist/src/cli/cgi.js');
    return main();
  }
  if (!loaded.cached) {
    try {
      // The answer is complete: the web server need not wait for us.
      closeSync(1);
      save(loaded);
    } catch {
      // Where the folder cannot be written to, every request compiles for itself.
    }
  }
  return code;
}

/** Serves requests one after the other, and saves what V8 compiled for all of them. */
async function warmUp(environments) {
  const loaded = load();
  for (const environment of environments) {
    Object.assign(process.env, environment);
    const code = await loaded.exports.main({ sqliteOnly: true });
    if (code !== 0) throw new Error(`the bundle ended with ${code}`);
  }
  save(loaded);
}

/** The bundle's exports; undefined where there is no bundle. */
function load() {
  let source;
  try {
    // The build writes ASCII alone: V8 keeps that in half the memory, and Node need not decode it.
    source = readFileSync(BUNDLE, 'latin1');
  } catch {
    return undefined;
  }
  const id = source.slice(3, 3 + ID);
  const cachedData = readCache(id);
  const script = new vm.Script(source, { filename: BUNDLE, cachedData });
  const module = { exports: {} };
  script.runInThisContext()(module.exports, requireFrom(BUNDLE), module, pathToFileURL(BUNDLE).href);
  return { exports: module.exports, script, id, cached: cachedData !== undefined && !script.cachedDataRejected };
}

/** V8 compares no more of the source than its length, so the hash tells whose cache it is. */
function readCache(id) {
  try {
    const cache = readFileSync(CACHE);
    return cache.latin1Slice(0, ID) === id ? cache.subarray(ID) : undefined;
  } catch {
    return undefined;
  }
}

function save({ script, id }) {
  const temporary = `${CACHE}.${process.pid}`;
  try {
    writeFileSync(temporary, Buffer.concat([Buffer.from(id), script.createCachedData()]), { flag: 'wx' });
    renameSync(temporary, CACHE);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** `require` as it is at the bundle's place, which finds SQLite's binding without looking around. */
function requireFrom(file) {
  const require = createRequire(file);
  return (name) => {
    if (name !== '#sqlite3-binding') return require(name);
    const folder = dirname(require.resolve('sqlite3/package.json'));
    try {
      return require(join(folder, 'build/Release/node_sqlite3.node'));
    } catch (error) {
      if (error.code !== 'MODULE_NOT_FOUND') throw error;
      return require(join(folder, 'lib/sqlite3-binding.js'));
    }
  };
}

module.exports = { run, warmUp };
