/** The load where wrk is missing, as a program: its one argument is a file with a `Load` as JSON. */
import { readFileSync } from 'node:fs';
import { Connection } from './answers.js';
import type { Load } from './load.js';

const {
  port,
  paths,
  method = 'GET',
  headers = {},
  body,
  clients,
  seconds,
} = JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as Load;
const length = body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) };
const fields = Object.entries({ Host: `127.0.0.1:${port}`, ...headers, ...length });
const requests = paths.map((path) =>
  Buffer.from(
    `${method} ${path} HTTP/1.1\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body ?? ''}`,
  ),
);
let [next, errors] = [0, 0];
const times: number[] = [];
const begin = performance.now();
const end = begin + seconds * 1000;
await Promise.all(
  Array.from({ length: clients }, async () => {
    const connection = new Connection(port);
    for (let at = performance.now(); at < end; ) {
      const { status } = await connection.ask(requests[next++ % requests.length]!);
      if (status >= 400) errors += 1;
      const now = performance.now();
      times.push(now - at);
      at = now;
    }
    connection.close();
  }),
);
const ms = performance.now() - begin;
times.sort((a, b) => a - b);
const percentile = (part: number) => times[Math.floor(times.length * part)] ?? 0;
const result = { requests: times.length, ms, errors, p50: percentile(0.5), p99: percentile(0.99) };
process.stdout.write(`RESULT ${JSON.stringify(result)}\n`);
