/** Behind nginx: FastCGI over kept connections and over new ones, and HTTP. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Ask, httpClient } from '../client.js';
import { freePort, openFolder, type Server, startServer, untilItAnswers } from './children.js';
import { configured } from './configure.js';
import type { Door, DoorKind } from './door.js';
import { startFastCgi, startHttp } from './gateways.js';

const needs = ['nginx'];

export const nginxFastCgi = fastCgi('nginx, fastcgi_pass', {});
export const nginxFastCgiUnkept = fastCgi('nginx, fastcgi_pass unkept', {
  'fastcgi_keep_conn on': 'fastcgi_keep_conn off',
});

export const nginxProxy: DoorKind = {
  name: 'nginx, proxy_pass',
  needs,
  overHttp: true,
  async start(options) {
    const port = await freePort();
    const server = startHttp(options, port);
    return open(nginxProxy.name, 'nginx-proxy.conf', { '127.0.0.1:8080': `127.0.0.1:${port}` }, server);
  },
};

function fastCgi(name: string, differences: Record<string, string>): DoorKind {
  return {
    name,
    needs,
    overHttp: true,
    async start(options) {
      const { server, socket } = await startFastCgi(options);
      return open(name, 'nginx-fastcgi.conf', { ...fastCgiAt(socket), ...differences }, server);
    },
  };
}

/** What differs where the FastCGI socket is another one. */
export function fastCgiAt(socket: string): Record<string, string> {
  return { '/run/atommq/fcgi.sock': socket, 'include fastcgi_params;': 'include /etc/nginx/fastcgi_params;' };
}

/** nginx with a file of deploy/ in front of a server; both are stopped together. `pid` is nginx's. */
export async function open(
  name: string,
  file: string,
  replacements: Record<string, string>,
  atommq: Server,
): Promise<Door & { pid: number }> {
  const folder = openFolder();
  const port = await freePort();
  const main = join(folder, 'nginx.conf');
  writeFileSync(
    join(folder, 'atommq.conf'),
    configured(file, { ...replacements, 'listen 80;': `listen 127.0.0.1:${port};` }),
  );
  writeFileSync(
    main,
    `${process.getuid?.() === 0 ? 'user root;\n' : ''}daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
events { worker_connections 256; }
http {
  access_log off;
  gzip on;
  client_body_temp_path ${folder}/body;
  fastcgi_temp_path ${folder}/fastcgi;
  proxy_temp_path ${folder}/proxy;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  include ${folder}/atommq.conf;
}
`,
  );
  const nginx = startServer({
    command: 'nginx',
    arguments: ['-c', main, '-p', folder, '-e', join(folder, 'error.log')],
    logs: [join(folder, 'error.log')],
  });
  const plain = httpClient(port);
  await untilItAnswers(plain, { nginx, atommq });
  // Why nginx got no answer is said in its log alone.
  const ask: Ask = async (...question) => {
    const answer = await plain(...question);
    return answer.status === 502 ? { ...answer, text: `${answer.text}\n${nginx.log()}\n${atommq.log()}` } : answer;
  };
  return {
    name,
    pid: nginx.pid,
    base: `http://127.0.0.1:${port}/atommq`,
    port,
    ask,
    async stop() {
      await nginx.stop();
      await atommq.stop();
    },
  };
}
