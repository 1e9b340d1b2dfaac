/** Whether what AtomMQ answers gets to its clients as it is: tags, conditions, links, methods, lengths, codings. */
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import type { Remark } from '../store/dialect.js';
import { type Answer, isOurs, saidBy } from './ask.js';
import { ATOM, type Bench } from './bench.js';

/** Long enough to be compressed. */
const LONG = `<title>long</title><content>${'Compressed, all of this is short. '.repeat(100)}</content>`;
/** What else needs escapes in an address. */
const ID = 'tag:atommq.example,2011:a/b%25c;d+e&f=g';
const LARGE = 1.5 * 1024 * 1024;

const GZIP_FIX =
  'AtomMQ compresses itself: nginx: gzip off in its location; Apache: SetEnv no-gzip 1; a proxy must pass ETag on as it is (no proxy_hide_header, Header unset ETag).';

export async function links(bench: Bench): Promise<Remark> {
  const name = 'links';
  const { at, settings } = bench;
  const { answer } = await bench.publish();
  // Not by Location alone: a proxy may rewrite that, and never what is in documents.
  const href = /<link rel="edit" href="([^"]*)"/.exec(answer.body.toString())?.[1] ?? '';
  for (const wanted of [settings.baseUrl ?? at.base, at.base]) {
    if (href.startsWith(`${wanted}/`)) return { name, level: 'ok', text: `links begin with ${wanted}` };
  }
  return {
    name,
    level: 'problem',
    text: `links begin with ${href.split(bench.path)[0]?.slice(0, 200)}, not with ${at.base}`,
    fix: `Set base-url: ${at.base}, or let the proxy pass the host on (nginx: proxy_set_header Host $http_host and X-Forwarded-Proto $scheme; Apache: ProxyPreserveHost On) and name it in trusted-proxies.`,
  };
}

/** The tag of a short and a long entry, plain and compressed, and whether it does what tags are for. */
export async function etag(bench: Bench): Promise<Remark> {
  const name = 'etag';
  const { at } = bench;
  for (const inside of [undefined, LONG]) {
    const { path } = await bench.publish(inside);
    for (const coding of ['identity', 'gzip', 'br']) {
      const accept = { 'accept-encoding': coding };
      const { headers } = await at.get(path, accept);
      const about = `the ETag of ${inside === undefined ? 'a short' : 'a long'} entry (Accept-Encoding: ${coding})`;
      if (headers.etag === undefined) {
        return {
          name,
          level: 'problem',
          text: `${about} is taken away: nothing can be asked for conditionally`,
          fix: GZIP_FIX,
        };
      }
      if (headers.etag.startsWith('W/')) {
        return { name, level: 'problem', text: `${about} is weakened: If-Match with it fails always`, fix: GZIP_FIX };
      }
      const again = await at.ask('GET', path, { headers: { ...accept, 'if-none-match': headers.etag } });
      if (again.status !== 304) {
        const text = `${about} in If-None-Match is answered with ${again.status}, not with 304: pollers load everything again`;
        return { name, level: 'problem', text, fix: `If-None-Match must get to AtomMQ, and 304 back. ${GZIP_FIX}` };
      }
      const other = await at.ask('GET', path, { headers: { 'if-none-match': '"another"' } });
      if (other.status !== 200) {
        const text = `If-None-Match with another tag is answered with ${other.status}, not with 200`;
        return {
          name,
          level: 'problem',
          text,
          fix: 'A cache before AtomMQ must ask again for each request, as Cache-Control: no-cache says.',
        };
      }
    }
  }
  return { name, level: 'ok', text: 'ETag comes as it is, and If-None-Match is answered with 304' };
}

export async function head(bench: Bench): Promise<Remark> {
  const name = 'head';
  const { path } = await bench.publish(LONG);
  const get = await bench.at.get(path);
  const answer = await bench.at.ask('HEAD', path);
  const differs = ['etag', 'content-type'].filter((field) => answer.headers[field] !== get.headers[field]);
  if (answer.status === 200 && answer.body.length === 0 && differs.length === 0) {
    return { name, level: 'ok', text: 'HEAD is answered as GET is, without a body' };
  }
  const text =
    answer.status === 200
      ? `HEAD has another ${differs.join(', ')} than GET`
      : `HEAD is answered with ${answer.status}`;
  return {
    name,
    level: 'problem',
    text,
    fix: 'HEAD must get to AtomMQ as it is (a cache must not make it a GET of its own).',
  };
}

/** PUT and DELETE, with the tag as their condition. */
export async function methods(bench: Bench): Promise<Remark> {
  const name = 'methods';
  const { at } = bench;
  const { path } = await bench.publish();
  const { etag: tag = '*' } = (await at.get(path)).headers;
  const body = '<entry xmlns="http://www.w3.org/2005/Atom"><title>changed</title></entry>';
  for (const [method, options] of [
    ['PUT', { headers: { ...ATOM, 'if-match': tag }, body }],
    ['DELETE', {}],
  ] as const) {
    const answer = await at.ask(method, path, options);
    if (answer.status === 200) continue;
    if (isOurs(answer) && (answer.status === 405 || answer.status === 403)) {
      return { name, level: 'ok', text: `${method} gets to AtomMQ, whose rules do not let it: ${saidBy(answer)}` };
    }
    const fix =
      answer.status === 412
        ? `If-Match fails since the tag is not ours any more. ${GZIP_FIX}`
        : 'Let the methods GET, HEAD, POST, PUT, DELETE and OPTIONS through: <Limit>, <LimitExcept> (Apache), limit_except, dav_methods (nginx), a firewall of requests.';
    return { name, level: 'problem', text: `${method} is answered with ${saidBy(answer)}`, fix };
  }
  return { name, level: 'ok', text: 'PUT and DELETE get through' };
}

/** Addresses as they are: escapes that a web server has decoded name another entry, or none. */
export async function addresses(bench: Bench): Promise<Remark> {
  const name = 'addresses';
  for (const id of [ID, 'tag:atommq.example,2011:é']) {
    await bench.publish(`<id>${id.replace('&', '&amp;')}</id><title>id</title>`);
    const answer = await bench.at.ask('GET', `${bench.path}/entries/${encodeURIComponent(id)}`);
    if (answer.status === 200) continue;
    return {
      name,
      level: 'problem',
      text: `an address with escapes (${encodeURIComponent(id)}) is answered with ${saidBy(answer)}`,
      fix: 'Addresses must get to AtomMQ as they are: Apache: AllowEncodedSlashes NoDecode (On for mod_proxy_fcgi), nocanon after ProxyPass http://; nginx: proxy_pass without a path; lighttpd: "url-normalize" => "disable".',
    };
  }
  return { name, level: 'ok', text: 'addresses with escapes (%2F, %25, %C3%A9) get through as they are' };
}

export async function longAddress(bench: Bench): Promise<Remark> {
  const name = 'long address';
  const answer = await bench.at.ask('GET', `${bench.path}?start_after=now&x=${'x'.repeat(4000)}`);
  if (answer.status === 200) return { name, level: 'ok', text: 'an address of 4,000 characters gets through' };
  const fix =
    'nginx: large_client_header_buffers 4 16k, proxy_buffer_size 32k (fastcgi_buffer_size 32k); Apache: LimitRequestLine 8190.';
  const text = `an address of 4,000 characters is answered with ${saidBy(answer)}: streams of many feeds do not work`;
  return { name, level: 'warning', text, fix };
}

/** What may be published must get through: nginx stops at one MiB unless told otherwise. */
export async function largeBody(bench: Bench): Promise<Remark> {
  const name = 'large body';
  const length = Math.floor(Math.min(LARGE, bench.settings.maxEntryBytes * 0.9));
  const text = `an entry of ${Math.floor(length / 1024)} KiB`;
  const body = `<entry xmlns="http://www.w3.org/2005/Atom"><title>large</title><content>${'x'.repeat(length - 200)}</content></entry>`;
  let answer: Answer;
  try {
    answer = await bench.at.ask('POST', bench.path, { headers: ATOM, body });
  } catch (error) {
    // A server that answers before it has read everything may cut the connection.
    if (!/^E(PIPE|CONNRESET)$/.test(String((error as NodeJS.ErrnoException).code))) throw error;
    return { name, level: 'problem', text: `${text} breaks off`, fix: BODY_FIX };
  }
  if (answer.status === 201) return { name, level: 'ok', text: `${text} gets through` };
  if (isOurs(answer))
    return {
      name,
      level: 'warning',
      text: `${text} is answered with ${saidBy(answer)}`,
      fix: 'See max-entry-bytes of the server.',
    };
  return { name, level: 'problem', text: `${text} is answered with ${saidBy(answer)}`, fix: BODY_FIX };
}
const BODY_FIX = 'nginx: client_max_body_size 72m; Apache: LimitRequestBody 0; lighttpd: server.max-request-size = 0.';

export async function compression(bench: Bench): Promise<Remark> {
  const name = 'compression';
  const { path } = await bench.publish(LONG);
  const plain = (await bench.at.get(path, { 'accept-encoding': 'identity' })).body;
  for (const [coding, decode] of [
    ['gzip', gunzipSync],
    ['br', brotliDecompressSync],
  ] as const) {
    const { headers, body } = await bench.at.get(path, { 'accept-encoding': coding });
    if (headers['content-encoding'] !== coding) {
      const text = `who accepts ${coding} gets ${headers['content-encoding'] ?? 'everything as it is'}`;
      return {
        name,
        level: 'warning',
        text,
        fix: 'Accept-Encoding must get to AtomMQ: nginx: no proxy_set_header Accept-Encoding "".',
      };
    }
    if (!/accept-encoding|\*/i.test(headers.vary ?? '')) {
      const text = 'Vary is taken away: caches hand compressed answers to those who cannot read them';
      return { name, level: 'problem', text, fix: 'Pass Vary on as it is (nginx: no proxy_hide_header Vary).' };
    }
    if (!decode(body).equals(plain)) {
      return { name, level: 'problem', text: `what is compressed by ${coding} is something else`, fix: GZIP_FIX };
    }
  }
  return { name, level: 'ok', text: 'gzip and br come as they are asked for' };
}
