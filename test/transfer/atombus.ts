/** The real AtomBus, from Debian's packages, behind starman on a port of its own. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Ask, httpClient } from '../client.js';
import { requireAll, unlessThere } from '../doors/all.js';
import { freePort, openFolder, PATH, type Server, startServer, untilItAnswers } from '../doors/children.js';

export interface AtomBus {
  port: number;
  ask: Ask;
  /** POSTs an entry with this inside; resolves with its id. */
  publish(feed: string, inside: string): Promise<string>;
  stop(): Promise<void>;
}

/** Why tests that need AtomBus and these drivers of Perl's cannot run, as their `skip`. */
export function unlessAtomBus(...modules: string[]): string | false {
  const lacking = unlessThere('perl', 'starman');
  if (lacking !== false) return lacking;
  const wanted = ['AtomBus::Schema', ...modules];
  const gone = wanted.filter((module) => !isThere(module));
  if (gone.length === 0) return false;
  const reason = `${gone.join(', ')} not installed (test/provision installs it)`;
  if (requireAll) throw new Error(reason);
  return reason;
}

function isThere(module: string): boolean {
  try {
    execFileSync('/usr/bin/perl', [`-M${module}`, '-e1'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/**
 * @param dsn as DBI has it
 * @param workers how many requests are served at the same time
 */
export async function startAtomBus(dsn: string, user = '', workers = 2): Promise<AtomBus> {
  const folder = openFolder();
  const port = await freePort();
  writeFileSync(join(folder, 'app.pl'), 'use Dancer; use AtomBus; dance;\n');
  writeFileSync(
    join(folder, 'config.yml'),
    `apphandler: PSGI\natombus:\n  page_size: 1000\n  db:\n    dsn: "${dsn}"\n    user: "${user}"\n    pass: ""\n`,
  );
  const server: Server = startServer({
    command: 'starman',
    arguments: ['--listen', `127.0.0.1:${port}`, '--workers', `${workers}`, 'app.pl'],
    environment: { PATH },
    cwd: folder,
  });
  const ask = httpClient(port);
  const publish = async (feed: string, inside: string) => {
    const body = `<entry xmlns="http://www.w3.org/2005/Atom">${inside}</entry>`;
    const { status, text } = await ask('POST', `/feeds/${encodeURIComponent(feed)}`, { body });
    const [, id] = /<id>([^<]*)<\/id>/.exec(text) ?? [];
    if (status !== 201 || id === undefined) throw new Error(`AtomBus answered ${status}: ${text.slice(0, 500)}`);
    return id;
  };
  // A page that is there at once; the one of a feed would be 404.
  const probe: Ask = async (method, path, asked) => {
    const answer = await ask(method, path, asked);
    return answer.status === 404 ? { ...answer, status: 200 } : answer;
  };
  await untilItAnswers(probe, { starman: server }, '/feeds/none');
  return { port, ask, publish, stop: () => server.stop() };
}
