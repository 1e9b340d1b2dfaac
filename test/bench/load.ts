/** The load: so many connections, each of which asks again as soon as it is answered; by wrk, or by Node where that is missing. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { missing, PATH } from '../doors/children.js';
import { pinned } from './machine.js';

export interface Load {
  port: number;
  /** One after another, where there are several. */
  paths: string[];
  method?: 'GET' | 'POST';
  headers?: Record<string, string>;
  body?: string;
  clients: number;
  seconds: number;
  /** On every core, where the server is, too. */
  unpinned?: true;
}

export interface Loaded {
  /** Answers a second. */
  rate: number;
  /** Milliseconds that half of the answers took at most. */
  p50: number;
  p99: number;
}

const run = promisify(execFile);
const withWrk = missing(['wrk']).length === 0;

/** @throws Error when an answer was an error, or none came */
export async function load(options: Load): Promise<Loaded> {
  const folder = mkdtempSync(join(tmpdir(), 'atommq-load-'));
  try {
    // wrk counts in whole seconds.
    const text = withWrk && options.seconds >= 1 ? await byWrk(options, folder) : await byNode(options, folder);
    const { requests, ms, errors, p50, p99 } = JSON.parse(/RESULT (.*)/.exec(text)?.[1] ?? 'null');
    if (errors > 0 || requests === 0) throw new Error(`${errors} errors of ${requests}: ${options.paths[0]}\n${text}`);
    return { rate: (requests * 1000) / ms, p50, p99 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function byWrk(
  { port, paths, method = 'GET', headers = {}, body, clients, seconds, unpinned }: Load,
  folder: string,
) {
  const script = join(folder, 'load.lua');
  if (body !== undefined) writeFileSync(join(folder, 'body'), body);
  writeFileSync(
    script,
    [
      `wrk.method = "${method}"`,
      ...Object.entries(headers).map(([name, value]) => `wrk.headers[${lua(name)}] = ${lua(value)}`),
      body === undefined
        ? ''
        : `local f = io.open(${lua(join(folder, 'body'))}, "rb"); wrk.body = f:read("*a"); f:close()`,
      paths.length > 1 ? several(paths) : '',
      `done = function(summary, latency)
        local e = summary.errors
        io.write(string.format('RESULT {"requests":%d,"ms":%f,"errors":%d,"p50":%f,"p99":%f}\\n', summary.requests,
          summary.duration / 1000, e.status + e.connect + e.read + e.write + e.timeout,
          latency:percentile(50) / 1000, latency:percentile(99) / 1000))
      end`,
    ].join('\n'),
  );
  const flags = ['-t', '1', '-c', `${clients}`, '-d', `${Math.round(seconds)}s`, '--timeout', '30s', '-s', script];
  const { command, args } = pinned(unpinned ? 'any' : 'load', 'wrk', [...flags, `http://127.0.0.1:${port}${paths[0]}`]);
  return (await run(command, args, { env: { PATH } })).stdout;
}

/** Requests are made once: what is asked costs wrk next to nothing. */
function several(paths: string[]): string {
  return `local paths = {${paths.map(lua).join(',')}}
    local requests, n = {}, 0
    init = function(args)
      for i, path in ipairs(paths) do requests[i] = wrk.format(nil, path) end
    end
    request = function()
      n = n % #requests + 1
      return requests[n]
    end`;
}

const lua = (text: string) => `"${text.replace(/[\\"]/g, '\\$&')}"`;

async function byNode(options: Load, folder: string): Promise<string> {
  // Not as an argument: a batch is larger than one may be.
  const file = join(folder, 'load.json');
  writeFileSync(file, JSON.stringify(options));
  const program = fileURLToPath(new URL('./load-node.js', import.meta.url));
  const { command, args } = pinned(options.unpinned ? 'any' : 'load', process.execPath, [program, file]);
  return (await run(command, args, { env: { PATH }, maxBuffer: 1 << 24 })).stdout;
}
