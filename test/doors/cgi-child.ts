/** The CGI script as a child, with the environment of RFC 3875 and no web server around it. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { type Ask, answered } from '../client.js';
import { PATH, root } from './children.js';
import { type DoorKind, variables } from './door.js';

export const cgiChild: DoorKind = {
  name: 'CGI child',
  needs: [],
  overHttp: false,
  async start(options) {
    return {
      name: 'CGI child',
      base: 'http://127.0.0.1:80/atommq',
      port: undefined,
      ask: askScript(variables(options)),
      stop: async () => {},
    };
  },
};

function askScript(environment: Record<string, string>): Ask {
  return (method, path, { headers = {}, body } = {}) => {
    const [address = '', query = ''] = path.split(/\?(.*)/s);
    const given: Record<string, string> = {};
    for (const [name, value] of Object.entries({ host: '127.0.0.1:80', ...headers })) {
      const key = name.toUpperCase().replaceAll('-', '_');
      given[key === 'CONTENT_TYPE' || key === 'CONTENT_LENGTH' ? key : `HTTP_${key}`] = value;
    }
    if (body !== undefined && !Array.isArray(body)) given.CONTENT_LENGTH = String(Buffer.byteLength(body));
    const child = spawn(join(root, 'bin/atommq.cgi'), [], {
      env: {
        PATH,
        ...environment,
        GATEWAY_INTERFACE: 'CGI/1.1',
        SERVER_PROTOCOL: 'HTTP/1.1',
        SERVER_NAME: '127.0.0.1',
        SERVER_PORT: '80',
        REQUEST_METHOD: method,
        REQUEST_URI: path,
        SCRIPT_NAME: '/atommq',
        PATH_INFO: decoded(address.replace(/^\/atommq/, '')),
        QUERY_STRING: query,
        ...given,
      },
    });
    // A script need not read what it has no use for.
    child.stdin.on('error', () => {});
    for (const piece of Array.isArray(body) ? body : []) child.stdin.write(piece);
    child.stdin.end(Array.isArray(body) ? undefined : body);
    return new Promise((resolve, reject) => {
      const out: Buffer[] = [];
      let errors = '';
      child.stdout.on('data', (piece: Buffer) => out.push(piece));
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        errors += text;
      });
      child.on('error', reject);
      child.on('close', (code, signal) => {
        if (code !== 0) reject(new Error(`atommq.cgi ended with ${signal ?? code}: ${errors}`));
        else resolve(parsed(Buffer.concat(out)));
      });
    });
  };
}

/** As web servers decode it; what cannot be an environment's value or text stays as it is. */
function decoded(path: string): string {
  try {
    const text = decodeURIComponent(path);
    return text.includes('\0') ? path : text;
  } catch {
    return path;
  }
}

function parsed(output: Buffer) {
  const end = output.indexOf('\r\n\r\n');
  if (end < 0) throw new Error(`not the answer of a CGI script: ${output.toString().slice(0, 500)}`);
  const headers: Record<string, string> = {};
  for (const line of output.toString('latin1', 0, end).split('\r\n')) {
    const [, name = '', value = ''] = /^([^:]*):\s*(.*)$/.exec(line) ?? [];
    const key = name.toLowerCase();
    headers[key] = headers[key] === undefined ? value : `${headers[key]}, ${value}`;
  }
  const { status = '200', ...rest } = headers;
  return answered(Number.parseInt(status, 10), rest, output.subarray(end + 4));
}
