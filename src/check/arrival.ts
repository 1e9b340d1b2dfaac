/** Whether a server answers at its address, whom it lets in, and what of a request gets to it. */
import { clock } from '../store/clock.js';
import type { Remark } from '../store/dialect.js';
import { isOurs, saidBy, type Web } from './ask.js';
import type { Bench } from './bench.js';

/** Fields that work is lost without, with values that do no harm. */
const FIELDS: Record<string, string> = {
  ...{ prefer: 'wait=0', 'if-none-match': '"atommq-check"', 'if-match': '"atommq-check"', 'last-event-id': 'urn:x' },
  ...{ 'idempotency-key': 'atommq-check', slug: 'atommq-check', 'a-im': 'feed' },
};

/** Looks for the server; where it is of use the bench gets it. */
export async function findServer(bench: Bench, web: Web): Promise<Remark[]> {
  const name = 'server';
  let answer: Awaited<ReturnType<Web['ask']>>;
  try {
    answer = await web.ask('GET', '/health/live', { timeout: 10_000 });
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
    const text = `nothing answers at ${web.base} (${why})`;
    return [
      { name, level: 'warning', text, fix: 'Start it (atommq serve), or say where it is: --url http://host/atommq' },
    ];
  }
  if (answer.status !== 200 || answer.body.toString() !== 'live\n') {
    const said = answer.status === 200 ? 'a page that is not of AtomMQ' : saidBy(answer);
    return [
      { name, level: 'problem', text: `${web.base}/health/live is answered with ${said}`, fix: fixFor(answer.status) },
    ];
  }
  const ready = await web.ask('GET', '/health/ready');
  bench.web = web;
  if (ready.status === 200)
    return [{ name, level: 'ok', text: `it answers at ${web.base}, and its database answers it` }];
  const fix =
    'See its log; the database may be away, locked or full, or be closed to the user that the server runs as.';
  return [
    { name, level: 'problem', text: `it answers at ${web.base}, but of its database it says ${saidBy(ready)}`, fix },
  ];
}

function fixFor(status: number): string {
  if (status === 502 || status === 503 || status === 504) {
    return 'The web server does not reach AtomMQ: is it running, and may the web server open its socket (--socket-mode)?';
  }
  if (status === 401 || status === 403) return 'The web server lets nobody in: see its access rules for that address.';
  return 'The address is that of the mount point: compare mount here with the location, alias or ProxyPass of the web server, and SCRIPT_NAME of FastCGI.';
}

/** Whether the server lets us in; where it does not there is nothing more to look at. */
export async function credentials(bench: Bench): Promise<Remark> {
  const name = 'credentials';
  const { at } = bench;
  const answer = await at.ask('GET', '/');
  if (answer.status < 400) {
    const text = at.authorization === undefined ? 'it answers without credentials' : 'the credentials do';
    return { name, level: 'ok', text };
  }
  bench.web = undefined;
  if (answer.status === 401 && at.authorization === undefined) {
    const fix = 'Give credentials in the address (user:password@), or a token in ATOMMQ_TOKEN.';
    return { name, level: 'warning', text: 'it wants credentials; what needs them was left out', fix };
  }
  const { 'www-authenticate': wants } = answer.headers;
  const from = wants === undefined ? '' : `; it wants ${wants.slice(0, 80)}`;
  const fix =
    'Are they right, and do they get to AtomMQ (see "fields")? Apache: CGIPassAuth On; nginx: proxy_set_header Authorization $http_authorization.';
  return { name, level: 'problem', text: `the credentials are answered with ${saidBy(answer)}${from}`, fix };
}

/** The server says which fields of a request it has seen. */
export async function fields({ at, settings }: Bench): Promise<Remark> {
  const name = 'fields';
  // Where the web server verifies who it is, it may keep the credentials.
  const credentials: Record<string, string> = settings.trustRemoteUser
    ? {}
    : { authorization: at.authorization ?? 'Bearer atommq-check' };
  const sent = { ...FIELDS, ...credentials };
  const names = Object.keys(sent);
  const headers = { ...sent, 'atommq-check': names.join(', ') };
  const answer = await at.ask('GET', '/health/live', { headers });
  const seen = answer.headers['atommq-check'];
  if (answer.status >= 400) {
    const fix = isOurs(answer) ? undefined : 'The web server itself wants credentials: see its access rules.';
    return { name, level: 'problem', text: `a request with credentials is answered with ${saidBy(answer)}`, fix };
  }
  if (seen === undefined) {
    const text = 'it does not say which fields of a request get to it';
    return {
      name,
      level: 'warning',
      text,
      fix: 'Is the server older than this program, or does a proxy take AtomMQ-Check away?',
    };
  }
  const lost = names.filter((one) => !seen.split(', ').includes(one));
  if (lost.length === 0) return { name, level: 'ok', text: `${names.length} fields of a request get to it` };
  const fixes = lost.includes('authorization')
    ? 'Authorization: Apache: CGIPassAuth On; nginx: proxy_set_header Authorization $http_authorization, or fastcgi_param HTTP_AUTHORIZATION $http_authorization. '
    : '';
  const fix = `${fixes}Nothing before AtomMQ may take fields away: RequestHeader unset (Apache), proxy_set_header NAME "" (nginx), proxy_pass_request_headers off.`;
  return { name, level: 'problem', text: `the web server takes away ${lost.join(', ')}`, fix };
}

/** By the Date of an answer. */
export async function serverClock({ at }: Bench): Promise<Remark> {
  return clock(
    async () => {
      const { date } = (await at.ask('GET', '/health/live')).headers;
      // It is cut to whole seconds; without one there is nothing to compare.
      return date === undefined ? Date.now() : Date.parse(date) + 500;
    },
    "the server's",
    1000,
  );
}
