/** Behind lighttpd: FastCGI processes of its own, a ready socket, and CGI. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { httpClient } from '../client.js';
import { freePort, openFolder, PATH, root, type Server, startServer, untilItAnswers } from './children.js';
import { configured } from './configure.js';
import { type Door, type DoorKind, type DoorOptions, variables } from './door.js';
import { startFastCgi } from './gateways.js';

const needs = ['lighttpd'];

export const lighttpdFastCgi: DoorKind = {
  name: 'lighttpd, bin-path',
  needs,
  overHttp: true,
  start: (options) =>
    open(lighttpdFastCgi.name, (folder) =>
      configured('lighttpd-fastcgi.conf', {
        ...programs(options),
        '/run/atommq': folder,
        '/var/log/lighttpd': folder,
      }),
    ),
};

export const lighttpdSocket: DoorKind = {
  name: 'lighttpd, socket',
  needs,
  overHttp: true,
  async start(options) {
    const { server, socket } = await startFastCgi(options);
    return open(lighttpdSocket.name, () => configured('lighttpd-socket.conf', { '/run/atommq/fcgi.sock': socket }), {
      atommq: server,
    });
  },
};

export const lighttpdCgi: DoorKind = {
  name: 'lighttpd, CGI',
  needs,
  overHttp: true,
  start: (options) => open(lighttpdCgi.name, () => configured('lighttpd-cgi.conf', programs(options))),
};

/** Where things are, and the variables that only tests have. */
function programs(options: DoorOptions): Record<string, string> {
  const given = Object.entries({ ...variables(options), PATH }).map(([name, value]) => `"${name}" => "${value}"`);
  return {
    '/opt/atommq': root,
    '"ATOMMQ_DATABASE" => "/var/lib/atommq/atommq.db"': given.join(', '),
  };
}

async function open(
  name: string,
  snippet: (folder: string) => string,
  behind: Record<string, Server> = {},
): Promise<Door> {
  const folder = openFolder();
  const port = await freePort();
  const main = join(folder, 'lighttpd.conf');
  writeFileSync(join(folder, 'atommq.conf'), snippet(folder));
  // What Debian's own file says where it matters to us; the user stays ours.
  writeFileSync(
    main,
    `server.modules = ("mod_indexfile", "mod_access", "mod_alias", "mod_redirect")
server.document-root = "${folder}"
server.upload-dirs = ("${folder}")
server.errorlog = "${folder}/error.log"
server.bind = "127.0.0.1"
server.port = ${port}
server.http-parseopts = (
  "header-strict" => "enable", "host-strict" => "enable", "host-normalize" => "enable",
  "url-normalize-unreserved" => "enable", "url-normalize-required" => "enable", "url-ctrls-reject" => "enable",
  "url-path-2f-decode" => "enable", "url-path-dotseg-remove" => "enable"
)
index-file.names = ("index.php", "index.html")
url.access-deny = ("~", ".inc")
include "${folder}/atommq.conf"
server.modules += ("mod_dirlisting", "mod_staticfile")
`,
  );
  const lighttpd = startServer({
    command: 'lighttpd',
    arguments: ['-D', '-f', main],
    logs: [join(folder, 'error.log'), join(folder, 'atommq.log')],
  });
  const ask = httpClient(port);
  await untilItAnswers(ask, { lighttpd, ...behind });
  return {
    name,
    base: `http://127.0.0.1:${port}/atommq`,
    port,
    ask,
    async stop() {
      await lighttpd.stop();
      for (const server of Object.values(behind)) await server.stop();
    },
  };
}
