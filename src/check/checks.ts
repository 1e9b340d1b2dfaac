/** The table of all checks, and how they are run: each for itself, those that lack what they need left out. */
import type { OpenOptions, Remark } from '../store/dialect.js';
import { addresses, compression, etag, head, largeBody, links, longAddress, methods } from './answers.js';
import { credentials, fields, findServer, serverClock } from './arrival.js';
import { isOurs, saidBy, type Web } from './ask.js';
import { ATOM, Bench, type Check, type CheckSettings } from './bench.js';
import { findDatabase, integrity } from './database.js';
import { order } from './order.js';
import { events, wait } from './waiting.js';

/** In their order: whether an answer may wait is known before a stream is opened. */
export const CHECKS: Check[] = [
  { name: 'integrity', needs: 'database', run: integrity },
  { name: 'clock', needs: 'server', run: serverClock },
  { name: 'fields', needs: 'server', run: fields },
  { name: 'credentials', needs: 'server', run: credentials },
  { name: 'feed', needs: 'server', run: makeFeed },
  { name: 'links', needs: 'feed', run: links },
  { name: 'etag', needs: 'feed', run: etag },
  { name: 'head', needs: 'feed', run: head },
  { name: 'methods', needs: 'feed', run: methods },
  { name: 'addresses', needs: 'feed', run: addresses },
  { name: 'long address', needs: 'feed', run: longAddress },
  { name: 'large body', needs: 'feed', run: largeBody },
  { name: 'compression', needs: 'feed', run: compression },
  { name: 'wait', needs: 'feed', run: wait },
  { name: 'events', needs: 'feed', run: events },
  { name: 'order', needs: 'feed', run: order },
];

export interface CheckOptions {
  /** Where a server should be; undefined where nobody knows. */
  web: Web | undefined;
  open: OpenOptions;
  /** Leaves out all that publishes. */
  readOnly: boolean;
  /** Seconds that an answer is held back for a test. */
  wait: number;
  /** Ends it early; what was made is removed all the same. */
  signal?: AbortSignal | undefined;
}

/** Looks at everything; each remark is told as soon as it is known. */
export async function runChecks(
  settings: CheckSettings,
  { web, open, signal, ...options }: CheckOptions,
  onRemark: (remark: Remark) => void,
): Promise<void> {
  const bench = new Bench(settings, options);
  const tell = (remarks: Remark | Remark[]) => [remarks].flat().forEach(onRemark);
  try {
    tell(await findDatabase(bench, open));
    if (web !== undefined) tell(await findServer(bench, web));
    else {
      const fix = 'Say where it is: --url http://host/atommq, or base-url in the configuration.';
      tell({ name: 'server', level: 'warning', text: 'the configuration does not say at which address it is', fix });
    }
    for (const { name, needs, run } of CHECKS) {
      if (signal?.aborted) return;
      if (!bench.has(needs)) continue;
      tell(await run(bench).catch((error: Error) => broken(name, error)));
    }
  } finally {
    tell(await removeFeed(bench).catch((error: Error) => [leftOver(bench, error.message)]));
    await bench.database?.close();
  }
}

function broken(name: string, error: Error): Remark {
  const fix = 'See the logs of the web server and of AtomMQ.';
  return { name, level: 'problem', text: `it could not be looked at: ${error.message}`, fix };
}

/** The check's own feed, and whether it is in the database that is configured here. */
async function makeFeed(bench: Bench): Promise<Remark[]> {
  const name = 'feed';
  if (bench.readOnly) return [{ name, level: 'ok', text: 'nothing was published, as --read-only wants' }];
  const body = '<entry xmlns="http://www.w3.org/2005/Atom"><title>atommq check</title></entry>';
  const answer = await bench.at.ask('POST', bench.path, { headers: ATOM, body });
  if (answer.status !== 201) {
    const text = `publishing is answered with ${saidBy(answer)}; what needs it was left out`;
    const mayNot = isOurs(answer) && (answer.status === 401 || answer.status === 403);
    const fix = mayNot
      ? `Give credentials that may publish to, edit and read ${bench.feed.replace(/-[^-]*$/, '-*')}.`
      : 'POST must get to AtomMQ as it is, and its database take it; see its log.';
    return [{ name, level: mayNot ? 'warning' : 'problem', text, fix }];
  }
  bench.hasFeed = true;
  if (bench.database === undefined) return [];
  bench.isSame = (await bench.store.feed(bench.feed)) !== undefined;
  if (bench.isSame) return [{ name, level: 'ok', text: 'the server stores in the configured database' }];
  const text = `the server at ${bench.at.base} stores in another database than ${bench.settings.databaseName}`;
  return [
    {
      name,
      level: 'warning',
      text,
      fix: 'Check with the configuration that the server has: --config FILE, ATOMMQ_DATABASE.',
    },
  ];
}

async function removeFeed(bench: Bench): Promise<Remark[]> {
  if (!bench.hasFeed) return [];
  if (bench.isSame) await bench.store.removeFeed(bench.feed);
  else {
    const answer = await bench.at.ask('DELETE', bench.path);
    if (answer.status !== 200 && answer.status !== 404) return [leftOver(bench, saidBy(answer))];
  }
  return [];
}

function leftOver({ feed }: Bench, why: string): Remark {
  return {
    name: 'feed',
    level: 'warning',
    text: `the feed ${feed} could not be removed: ${why}`,
    fix: `Remove it: DELETE feed=${feed}`,
  };
}
