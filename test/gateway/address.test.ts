/** The address of a request, as the several servers tell it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Addresses, type Target } from '../../src/gateway/address.js';
import { answerTo, type Params } from '../../src/gateway/cgi-request.js';
import type { AddressOptions } from '../../src/gateway/listener.js';
import { HttpError, type HttpRequest } from '../../src/http.js';

const OPTIONS: AddressOptions = { mount: '/atommq', trustedProxies: [], trustRemoteUser: false };

function addressOf(target: Partial<Target>, options: Partial<AddressOptions> = {}) {
  return new Addresses({ ...OPTIONS, ...options }).of({
    uri: '/atommq/feed=a',
    scriptName: undefined,
    pathInfo: undefined,
    queryString: undefined,
    headers: { host: 'example.org' },
    secure: false,
    authority: '127.0.0.1:8080',
    remoteAddress: '10.1.2.3',
    ...target,
  });
}

function status(target: Partial<Target>, options: Partial<AddressOptions> = {}): number {
  try {
    addressOf(target, options);
    return 200;
  } catch (error) {
    assert.ok(error instanceof HttpError, String(error));
    return error.status;
  }
}

describe('the path', () => {
  const paths: [string, string, string][] = [
    ['/atommq', '', ''],
    ['/atommq/', '/', ''],
    ['/atommq?x=%2F+?y', '', 'x=%2F+?y'],
    ['/atommq/feed=a%2Fb+;c', '/feed=a%2Fb+;c', ''],
    ['http://other.example/atommq/feed=a?b', '/feed=a', 'b'],
    ['/%61tommq/feed=a', '/feed=a', ''],
    ['/atommq/feed=\xc3\xa9?q=\xc3\xa9', '/feed=%C3%A9', 'q=%C3%A9'],
    ['/atommq//feed=a', '//feed=a', ''],
  ];
  for (const [uri, path, search] of paths) {
    test(uri, () => {
      const address = addressOf({ uri });
      assert.deepEqual([address.path, address.search], [path, search]);
      assert.equal(address.base, 'http://example.org/atommq');
    });
  }

  const refused: [number, string][] = [
    [404, '/'],
    [404, '/atommqxyz'],
    [404, '/other/atommq'],
    [404, '*'],
    [400, '/atommq/..'],
    [400, '/atommq/../x'],
    [400, '/atommq/%2e%2E/x'],
    [400, '/atommq/.%2e'],
    [400, '/atommq/%2e'],
    [400, '/atommq/a%00b'],
    [400, '/atommq/a\0b'],
    [400, '/atommq/100%'],
    [400, '/atommq/%zz'],
    [400, '/%zztommq'],
  ];
  for (const [expected, uri] of refused)
    test(`${JSON.stringify(uri)} is ${expected}`, () => assert.equal(status({ uri }), expected));

  test('the mount point may be the root, and ends without a slash', () => {
    for (const mount of ['', '/']) {
      const { base, path } = addressOf({ uri: '/feed=a' }, { mount });
      assert.deepEqual([base, path], ['http://example.org', '/feed=a']);
    }
    assert.equal(addressOf({}, { mount: '/atommq/' }).base, 'http://example.org/atommq');
  });

  test('PATH_INFO counts only where the raw address is missing or another', () => {
    assert.equal(
      addressOf({ uri: undefined, scriptName: '/cgi', pathInfo: '/feed=a b%/\xc3\xa9' }).path,
      '/feed=a%20b%25/%C3%A9',
    );
    assert.equal(addressOf({ uri: '/rewritten?a', scriptName: '/cgi', pathInfo: '/x', queryString: 'b' }).search, 'b');
    assert.equal(addressOf({ uri: '/atommq/raw%2F', scriptName: '/atommq', pathInfo: '/raw/' }).path, '/raw%2F');
    // lighttpd takes /atommqxyz for something at /atommq.
    assert.equal(status({ uri: '/atommqxyz', scriptName: '/atommq', pathInfo: 'xyz' }), 404);
    assert.equal(status({ uri: undefined, scriptName: '/atommq', pathInfo: '/../x' }), 400);
  });
});

describe('the public base', () => {
  const base = (headers: Target['headers'], options: Partial<AddressOptions> = {}, target: Partial<Target> = {}) =>
    addressOf({ headers, ...target }, options).base;
  const trusting = { trustedProxies: ['10.0.0.0/8', '::1'] };

  test('is the configured one before all', () => {
    assert.equal(base({ host: 'in' }, { baseUrl: 'https://example.org/bus/' }), 'https://example.org/bus');
  });
  test('is made from Host, or from the listener where there is none', () => {
    assert.equal(base({ host: '[::1]:80' }), 'http://[::1]:80/atommq');
    assert.equal(base({ host: 'a' }, {}, { secure: true }), 'https://a/atommq');
    assert.equal(base({}), 'http://127.0.0.1:8080/atommq');
  });
  test('a name that a trusted proxy was called by is not one for everybody', () => {
    const allowsHost = (host: string) => host === 'ours';
    const addresses = new Addresses({ ...OPTIONS, allowsHost, trustedProxies: ['10.0.0.0/8'] });
    const ask = (remoteAddress: string) =>
      addresses.of({
        ...{ uri: '/atommq', scriptName: undefined, pathInfo: undefined, queryString: undefined, secure: false },
        ...{ headers: { host: 'theirs' }, authority: 'ours', remoteAddress },
      });
    assert.equal(ask('10.1.2.3').base, 'http://theirs/atommq');
    assert.throws(() => ask('127.0.0.1'), { status: 421 });
  });
  test('a bad Host is 400', () => {
    for (const host of ['a b', 'a/b', 'a@b', '<x>', 'a:b', 'a:123456', '\xe9'])
      for (const baseUrl of [undefined, 'https://example.org'])
        assert.equal(status({ headers: { host } }, { baseUrl }), 400);
  });
  test('is what a trusted proxy says', () => {
    const forwarded = { host: 'in', forwarded: 'for=1;host=spoofed, for=2;host="out.example:8443";proto=https' };
    assert.equal(base(forwarded, trusting), 'https://out.example:8443/atommq');
    const older = {
      host: 'in',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'a, b',
      'x-forwarded-prefix': '/bus/',
    };
    assert.equal(base(older, trusting), 'https://b/bus/atommq');
    assert.equal(base(older, trusting, { remoteAddress: '::ffff:10.9.9.9' }), 'https://b/bus/atommq');
    assert.equal(base(older, trusting, { remoteAddress: '::1' }), 'https://b/bus/atommq');
    assert.equal(
      base({ host: 'in', 'x-forwarded-proto': 'gopher', 'x-forwarded-prefix': '/"><' }, trusting),
      'http://in/atommq',
    );
  });
  test('is not what a client says in the field that its proxy passes on', () => {
    const older = { host: 'in', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'out' };
    assert.equal(base({ ...older, forwarded: 'host=evil;proto=http' }, trusting), 'https://in/atommq');
    assert.equal(base({ ...older, forwarded: 'host=OUT;proto=https' }, trusting), 'https://OUT/atommq');
    assert.equal(base({ ...older, forwarded: 'for=1.1.1.1' }, trusting), 'https://out/atommq');
    const newer = { host: 'in', forwarded: 'host=out;proto=https' };
    assert.equal(
      base({ ...newer, 'x-forwarded-host': 'evil', 'x-forwarded-proto': 'http' }, trusting),
      'https://in/atommq',
    );
  });
  test('is not what anybody else says', () => {
    const headers = { host: 'in', forwarded: 'host=evil', 'x-forwarded-host': 'evil', 'x-forwarded-prefix': '/evil' };
    assert.equal(base(headers), 'http://in/atommq');
    for (const remoteAddress of ['11.0.0.1', '', undefined, 'unix:', '::2']) {
      assert.equal(base(headers, trusting, { remoteAddress }), 'http://in/atommq');
    }
  });
  test('a proxy that is no address stops the start', () => {
    for (const proxy of ['example.org', '10.0.0.0/33', '10.0.0.0/x', '::/129', '1.2.3.4/8/8', '']) {
      assert.throws(() => new Addresses({ ...OPTIONS, trustedProxies: [proxy] }), /neither an address nor a range/);
    }
  });
});

describe('CGI variables', () => {
  async function* nothing(): AsyncGenerator<Uint8Array> {}
  const made = (params: Params, runOnce = false, options: Partial<AddressOptions> = {}): HttpRequest => {
    const all = { ...OPTIONS, ...options };
    const nature = { runOnce, multiprocess: false };
    let asked: HttpRequest | undefined;
    const app = async (request: HttpRequest) => {
      asked = request;
      return { status: 200, headers: {} };
    };
    const input = { params: { SERVER_NAME: 'h', ...params }, body: nothing(), nature };
    void answerTo(app, input, new Addresses(all), all);
    return asked ?? assert.fail('the application was not asked');
  };

  test('a script name that is the whole path is not the mount point, but for a CGI script', () => {
    const whole = { REQUEST_URI: '/atommq/feed=a', SCRIPT_NAME: '/atommq/feed=a' };
    assert.deepEqual([made(whole).base, made(whole).path], ['http://h/atommq', '/feed=a']);
    assert.equal(made({ ...whole, PATH_INFO: '' }).path, '');
    const script = { REQUEST_URI: '/atommq/bus.cgi', SCRIPT_NAME: '/atommq/bus.cgi' };
    assert.equal(made(script, true).base, 'http://h/atommq/bus.cgi');
  });
  test('the server and its port stand in for Host', () => {
    const at = (params: Params) => made({ REQUEST_URI: '/atommq', ...params }).base;
    assert.equal(at({ SERVER_PORT: '8080' }), 'http://h:8080/atommq');
    assert.equal(at({ SERVER_PORT: '443', HTTPS: 'on' }), 'https://h/atommq');
    assert.equal(at({ SERVER_NAME: '::1', SERVER_PORT: '80' }), 'http://[::1]/atommq');
    assert.equal(at({ SERVER_NAME: 'x', HTTP_HOST: 'y:1' }), 'http://y:1/atommq');
  });
  test('REMOTE_USER is believed only where the configuration says so; Authorization is passed on', () => {
    const params = {
      REQUEST_URI: '/atommq',
      REMOTE_USER: 'joe',
      HTTP_AUTHORIZATION: 'Basic eA==',
      HTTP_REMOTE_USER: 'eve',
    };
    assert.equal(made(params).user, undefined);
    assert.equal(made(params, false, { trustRemoteUser: true }).user, 'joe');
    assert.equal(made(params).headers.authorization, 'Basic eA==');
  });
  test('type and length are the server’s word', () => {
    const params = {
      REQUEST_URI: '/atommq',
      HTTP_CONTENT_LENGTH: '9',
      CONTENT_LENGTH: '',
      HTTP_CONTENT_TYPE: 'x',
      CONTENT_TYPE: 'y',
    };
    assert.equal(made(params).headers['content-length'], undefined);
    assert.equal(made(params).headers['content-type'], 'y');
  });
});

describe('the address of the client', () => {
  const client = (
    headers: Target['headers'],
    remoteAddress: string | undefined = '10.1.2.3',
    proxies = ['10.0.0.0/8'],
  ) => addressOf({ headers: { host: 'h', ...headers }, remoteAddress }, { trustedProxies: proxies }).remoteAddress;

  test('is its peer, unless that is a proxy which is trusted', () => {
    const headers = { 'x-forwarded-for': '1.1.1.1', forwarded: 'for=1.1.1.1' };
    assert.equal(client(headers, '11.1.1.1'), '11.1.1.1');
    assert.equal(client(headers, '10.1.2.3', []), '10.1.2.3');
    assert.equal(client(headers), '1.1.1.1');
    assert.equal(client({}), '10.1.2.3');
    assert.equal(client({}, '::ffff:11.1.1.1'), '11.1.1.1');
    assert.equal(addressOf({ remoteAddress: undefined }, { trustedProxies: ['10.0.0.0/8'] }).remoteAddress, undefined);
  });
  test('is the last that no trusted proxy made up', () => {
    assert.equal(client({ 'x-forwarded-for': '9.9.9.9, 1.1.1.1' }), '1.1.1.1');
    assert.equal(client({ 'x-forwarded-for': '9.9.9.9, 1.1.1.1, 10.0.0.7' }), '1.1.1.1');
    assert.equal(client({ forwarded: 'for=9.9.9.9, for="[2001:db8::1]:4711";proto=https' }), '2001:db8::1');
    assert.equal(client({ forwarded: 'proto=https;For=1.1.1.1:80' }), '1.1.1.1');
    assert.equal(client({ 'x-forwarded-for': '10.0.0.8, 10.0.0.7' }), '10.0.0.8');
  });
  test('is one of IPv4 also where a proxy writes it as one of IPv6', () => {
    for (const written of ['::ffff:1.1.1.1', '::FFFF:1.1.1.1', '::ffff:101:101', '0:0:0:0:0:ffff:1.1.1.1']) {
      assert.equal(client({ 'x-forwarded-for': written }), '1.1.1.1', written);
      assert.equal(client({ forwarded: `for="[${written}]:80"` }), '1.1.1.1', written);
      assert.equal(client({}, written), '1.1.1.1', written);
      assert.equal(client({ 'x-forwarded-for': '1.1.1.1, ::FFFF:10.0.0.7' }), '1.1.1.1');
    }
  });
  test('is the proxy where that does not say, or two fields disagree', () => {
    for (const forwarded of ['for=unknown', 'for=_hidden', 'proto=https', 'for=', 'for="1.1.1.1.1"', ','])
      assert.equal(client({ forwarded }), '10.1.2.3', forwarded);
    assert.equal(client({ 'x-forwarded-for': '9.9.9.9, unknown' }), '10.1.2.3');
    assert.equal(client({ 'x-forwarded-for': '1.1.1.1', forwarded: 'for=9.9.9.9' }), '10.1.2.3');
  });
});
