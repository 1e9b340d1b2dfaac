/** Behind Apache: CGI, and FastCGI by mod_proxy_fcgi. */
import { cpSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { httpClient } from '../client.js';
import { freePort, openFolder, openSubfolder, root, type Server, startServer, untilItAnswers } from './children.js';
import { configured } from './configure.js';
import { type Door, type DoorKind, variables } from './door.js';
import { startFastCgi } from './gateways.js';

const needs = ['apache2'];
const MODULES = '/usr/lib/apache2/modules';

export const apacheCgi: DoorKind = {
  name: 'Apache, CGI',
  needs,
  overHttp: true,
  start(options) {
    const given = Object.entries(variables(options)).map(([name, value]) => `SetEnv ${name} "${value}"`);
    return open(apacheCgi.name, ['alias', 'env', 'cgid'], () =>
      configured('apache-cgi.conf', {
        '/opt/atommq': reachable(root),
        'SetEnv ATOMMQ_DATABASE /var/lib/atommq/atommq.db': given.join('\n'),
      }),
    );
  },
};

export const apacheFastCgi: DoorKind = {
  name: 'Apache, proxy_fcgi',
  needs,
  overHttp: true,
  async start(options) {
    const { server, socket } = await startFastCgi(options);
    return open(
      apacheFastCgi.name,
      ['env', 'proxy', 'proxy_fcgi'],
      () => configured('apache-fastcgi.conf', { '/run/atommq/fcgi.sock': socket }),
      { atommq: server },
    );
  },
};

/**
 * A folder that Apache's own user can get to: Apache does not run as root, and a checkout may stand in a home folder
 * that is closed to others. Then it is copied.
 */
function reachable(folder: string): string {
  if (process.getuid?.() !== 0) return folder;
  for (let at = folder; at !== '/'; at = dirname(at)) {
    if ((statSync(at).mode & 0o005) !== 0o005) {
      const copy = openFolder();
      for (const part of ['bin', 'dist', 'package.json', 'node_modules']) {
        cpSync(join(folder, part), join(copy, part), { recursive: true, dereference: part === 'node_modules' });
      }
      return copy;
    }
  }
  return folder;
}

async function open(
  name: string,
  modules: string[],
  snippet: () => string,
  behind: Record<string, Server> = {},
): Promise<Door> {
  const folder = openFolder();
  const port = await freePort();
  const main = join(folder, 'apache.conf');
  const documents = openSubfolder(folder, 'www');
  writeFileSync(join(folder, 'atommq.conf'), snippet());
  const load = ['mpm_event', 'authz_core', 'reqtimeout', ...modules];
  writeFileSync(
    main,
    `${load.map((module) => `LoadModule ${module}_module ${MODULES}/mod_${module}.so`).join('\n')}
ServerRoot ${folder}
ServerName 127.0.0.1
DefaultRuntimeDir ${folder}
PidFile ${folder}/apache.pid
${modules.includes('cgid') ? `ScriptSock ${folder}/cgid.sock` : ''}
ErrorLog ${folder}/error.log
LogLevel warn
Listen 127.0.0.1:${port}
${process.getuid?.() === 0 ? 'User www-data\nGroup www-data' : ''}
StartServers 1
ServerLimit 2
ThreadsPerChild 16
MinSpareThreads 1
MaxSpareThreads 32
MaxRequestWorkers 32
<Directory />
  AllowOverride None
  Require all denied
</Directory>
<Directory ${documents}>
  Require all granted
</Directory>
<VirtualHost 127.0.0.1:${port}>
  DocumentRoot ${documents}
  Include ${folder}/atommq.conf
</VirtualHost>
`,
  );
  const apache = startServer({
    command: 'apache2',
    arguments: ['-DFOREGROUND', '-f', main],
    logs: [join(folder, 'error.log')],
  });
  const ask = httpClient(port);
  await untilItAnswers(ask, { apache, ...behind });
  return {
    name,
    base: `http://127.0.0.1:${port}/atommq`,
    port,
    ask,
    async stop() {
      await apache.stop();
      for (const server of Object.values(behind)) await server.stop();
    },
  };
}
