/** Makes V8's code cache of the CGI script for the Node that runs this, so that no request has to; run it as the owner of dist/cgi. */
const { execFileSync } = require('node:child_process');
const { mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { warmUp } = require('./cgi-bundle.js');

const ENTRY = `<entry xmlns="http://www.w3.org/2005/Atom"><title>warm</title>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">up</div></content></entry>`;

/** The cache is taken in a process of its own after a publish and a poll, so that it holds what those compiled. */
function cache() {
  const folder = mkdtempSync(join(tmpdir(), 'atommq-build-'));
  try {
    const { NODE_OPTIONS: _options, ...env } = process.env;
    for (const name of Object.keys(env)) if (name.startsWith('ATOMMQ_')) delete env[name];
    execFileSync(process.execPath, [__filename, '--here'], {
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

/** The requests themselves, in the process that keeps what they compiled. */
function here() {
  return warmUp([
    { REQUEST_METHOD: 'POST', REQUEST_URI: '/atommq/feed=warm', CONTENT_TYPE: 'application/atom+xml' },
    { REQUEST_METHOD: 'GET', REQUEST_URI: '/atommq/feed=warm', CONTENT_LENGTH: '', CONTENT_TYPE: '' },
    { REQUEST_METHOD: 'GET', REQUEST_URI: '/atommq/feed=none', CONTENT_LENGTH: '', CONTENT_TYPE: '' },
  ]);
}

if (require.main === module) {
  if (process.argv[2] === '--here') here().then(() => process.exit(0));
  else cache();
}

module.exports = { cache };
