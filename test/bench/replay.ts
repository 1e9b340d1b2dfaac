/** One consumer that reads a feed from its start to its end, as a program: `replay.js PORT PATH PAGES`; its `next` links are followed. */
import { Connection } from './answers.js';

const [port, path, most] = process.argv.slice(2);
const connection = new Connection(Number(port));
let [pages, bytes] = [0, 0];
const begin = performance.now();
for (let at: string | undefined = path; at !== undefined && pages < Number(most); ) {
  const answer = await connection.ask(`GET ${at} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
  if (answer.status !== 200) throw new Error(answer.head);
  pages += 1;
  bytes += answer.length;
  // The bare server names no next page: there the same one is asked for again.
  const next = /<https?:\/\/[^/>]*([^>]*)>; *rel="?next/.exec(answer.head)?.[1];
  at = next ?? (/\r\nlink:/i.test(answer.head) ? undefined : at);
}
const ms = performance.now() - begin;
connection.close();
process.stdout.write(`RESULT ${JSON.stringify({ pages, bytes, ms })}\n`);
