/** Whether answers that wait and streams of events get through what stands before AtomMQ. */
import type { Remark } from '../store/dialect.js';
import { saidBy } from './ask.js';
import type { Bench } from './bench.js';

/** An event that takes so many milliseconds is held back. */
const LATE = 5000;

const TIMEOUT_FIX =
  'Let answers take longer than max-wait: nginx: proxy_read_timeout 120s, fastcgi_read_timeout 120s; Apache: ProxyTimeout 120; HAProxy: timeout server 120s.';
const BUFFER_FIX =
  'nginx: proxy_buffering off (fastcgi_buffering off), or do not ignore X-Accel-Buffering; Apache: flushpackets=on after ProxyPass, no mod_deflate for text/event-stream; lighttpd: server.stream-response-body = 1.';

/** An answer that is held back for as long as was granted, and one that ends with what comes. */
export async function wait(bench: Bench): Promise<Remark> {
  const name = 'wait';
  const { at } = bench;
  await bench.publish();
  const path = () => `${bench.path}?start_after=${encodeURIComponent(bench.lastId)}`;
  const seconds = bench.wait;
  const begun = Date.now();
  let answer: Awaited<ReturnType<typeof at.ask>>;
  try {
    answer = await at.ask('GET', path(), { headers: { prefer: `wait=${seconds}` }, timeout: seconds * 1000 + 30_000 });
  } catch (error) {
    const text = `an answer that waits for ${seconds} s breaks off after ${since(begun)} (${(error as Error).message})`;
    return { name, level: 'problem', text, fix: TIMEOUT_FIX };
  }
  if (answer.status !== 200) {
    const text = `an answer that waits for ${seconds} s ends after ${since(begun)} with ${saidBy(answer)}`;
    return { name, level: 'problem', text, fix: TIMEOUT_FIX };
  }
  const granted = /wait=(\d+)/.exec(answer.headers['preference-applied'] ?? '')?.[1];
  if (granted === undefined) {
    return {
      name,
      level: 'problem',
      text: 'Prefer: wait is not honoured',
      fix: 'Prefer must get to AtomMQ, and Preference-Applied back.',
    };
  }
  if (granted === '0') {
    bench.runsOnce = true;
    const fix = 'Consumers poll; for answers that wait run AtomMQ by FastCGI or HTTP.';
    return { name, level: 'warning', text: 'it runs as a CGI script or has max-wait 0: no answer waits', fix };
  }
  if (Date.now() - begun < Number(granted) * 1000 - 500) {
    const text = `an answer that was to wait for ${granted} s came after ${since(begun)}`;
    return {
      name,
      level: 'problem',
      text,
      fix: 'A cache before AtomMQ must ask for each request, as Cache-Control: no-cache says.',
    };
  }
  return woken(bench, path(), `Prefer: wait is honoured for ${granted} s`);
}

async function woken(bench: Bench, path: string, text: string): Promise<Remark> {
  const name = 'wait';
  const waiting = bench.at.open(path, { prefer: 'wait=30' });
  try {
    await new Promise((resolve) => setTimeout(resolve, 300));
    const { id } = await bench.publish();
    const begun = Date.now();
    const came = await waiting.until(() => waiting.text.includes(id), LATE);
    if (came) return { name, level: 'ok', text: `${text}, and ends ${since(begun)} after an entry is published` };
    return { name, level: 'problem', text: `who waits is not told of an entry for ${since(begun)}`, fix: BUFFER_FIX };
  } finally {
    waiting.close();
  }
}

/** A stream of events, and an entry that is published while it is open. */
export async function events(bench: Bench): Promise<Remark> {
  const name = 'events';
  if (bench.lastId === '') await bench.publish();
  const path = `${bench.path}?start_after=${encodeURIComponent(bench.lastId)}`;
  const stream = bench.at.open(path, { accept: 'text/event-stream' });
  try {
    await stream.until(() => stream.text !== '', 1000);
    const { id } = await bench.publish();
    const begun = Date.now();
    const came = await stream.until(() => stream.text.includes(id), LATE);
    const took = since(begun);
    if (stream.status !== undefined && stream.status !== 200) {
      return { name, level: 'problem', text: `a stream of events is answered with ${stream.status}`, fix: BUFFER_FIX };
    }
    // One that ends with what there was has brought the event, too.
    const ended = stream.over || !(await stillOpen(stream));
    if (ended && bench.runsOnce) {
      const text = 'a stream of events ends with what there is, since it runs as a CGI script; clients come back';
      return { name, level: 'warning', text, fix: 'For streams run AtomMQ by FastCGI or HTTP.' };
    }
    if (ended) {
      return {
        name,
        level: 'problem',
        text: 'a stream of events ends at once, or breaks off',
        fix: `${BUFFER_FIX} ${TIMEOUT_FIX}`,
      };
    }
    if (came) return { name, level: 'ok', text: `an event comes ${took} after its entry is published` };
    return { name, level: 'problem', text: `events are held back: none came in ${LATE / 1000} s`, fix: BUFFER_FIX };
  } finally {
    stream.close();
  }
}

async function stillOpen(stream: { over: boolean; until(condition: () => boolean, ms: number): Promise<boolean> }) {
  return !(await stream.until(() => stream.over, 200));
}

function since(begun: number): string {
  const milliseconds = Date.now() - begun;
  return milliseconds < 1000 ? `${milliseconds} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}
