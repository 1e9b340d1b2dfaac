/** The backups of deploy/README.md, as they stand there, while entries are being published: what comes back is whole. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { AtomMQ } from '../../src/bus.js';
import { missing, openFolder, PATH, root } from '../doors/children.js';
import { eachDatabase } from '../store/databases.js';
import { fill } from './bus.js';

/** The shell that stands below a heading. */
function linesBelow(heading: string): string {
  const text = readFileSync(join(root, 'deploy/README.md'), 'utf8');
  const [, lines] = new RegExp(`^### ${heading}\\n[\\s\\S]*?\`\`\`sh\\n([\\s\\S]*?)\`\`\``, 'm').exec(text) ?? [];
  assert.ok(lines !== undefined, heading);
  return lines;
}

/** The lines for a database, with its own names in them, and what is restored. */
function backupOf(database: string, folder: string): { lines: string; restored: string } {
  const here = (text: string) => text.replaceAll('/var/backups/atommq', join(folder, 'backups'));
  if (/^(better-sqlite3:)?\//.test(database)) {
    const file = database.replace(/^better-sqlite3:/, '');
    const lines = here(linesBelow('SQLite')).replaceAll('/var/lib/atommq/atommq.db', file);
    return { lines, restored: join(folder, 'backups/atommq.db') };
  }
  const { protocol, username, hostname, port, pathname } = new URL(database);
  const name = pathname.slice(1);
  const lines = here(linesBelow(protocol === 'postgres:' ? 'PostgreSQL' : 'MariaDB and MySQL'))
    .replace(/\b(postgres|mysql):\/\/atommq@localhost\//g, `$1://${username}@${hostname}:${port}/`)
    .replaceAll('--host=localhost --user=atommq', `--host=${hostname} --port=${port} --user=${username}`)
    // The name of the database, and none of a file or of the program.
    .replace(/(?<=[ /])atommq(?=_restored|[ \n])/g, name);
  return { lines, restored: database.replace(/[^/]*$/, `${name}_restored`) };
}

eachDatabase(({ create }) => {
  const skip = missing(['sqlite3', 'bash']).length > 0 && 'sqlite3 not installed (test/provision installs it)';
  test('is backed up and restored while entries come', { skip }, async () => {
    const database = await create();
    const folder = openFolder();
    mkdirSync(join(folder, 'backups'));
    await fill(database);
    const bus = await AtomMQ.open({ database });
    const { id } = await bus.publish('live', { title: 'before' });
    let done = false;
    const publishing = (async () => {
      for (let i = 0; !done; i += 1) await bus.publish('live', { title: `during ${i}` });
    })();
    const { lines, restored } = backupOf(database, folder);
    const bash = spawn('bash', ['-euo', 'pipefail', '-c', lines], {
      cwd: folder,
      env: { PATH: `${join(root, 'bin')}:${PATH}`, HOME: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [bash.stdout, bash.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
    }
    const code = await new Promise((resolve) => bash.once('exit', resolve));
    done = true;
    await publishing;
    await bus.close();
    assert.equal(code, 0, `${lines}\n${said}`);
    const copy = await AtomMQ.open({ database: restored });
    try {
      // It takes entries as the first one did, by its own procedures, and consumers go on.
      const next = await copy.publish('live', { title: 'after' });
      const ids: string[] = [];
      for (let after = id; ; ) {
        const page = await copy.read('live', { after });
        ids.push(...page.entries.map((entry) => entry.id));
        after = page.after ?? after;
        if (page.upToDate) break;
      }
      assert.equal(ids.at(-1), next.id);
    } finally {
      await copy.close();
    }
  });
});
