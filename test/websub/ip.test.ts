/** Which addresses the hub may be made to connect to, and that a name is looked at again at each connection. */
import assert from 'node:assert/strict';
import type { LookupAddress } from 'node:dns';
import { isIP } from 'node:net';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { CallbackGuard, CallbackRefused } from '../../src/websub/guard.js';
import { contains, isPublic, parseIp, parseRange } from '../../src/websub/ip.js';
import { send } from '../../src/websub/send.js';
import { Callback } from './callback.js';

const publicly = (address: string) => {
  const ip = parseIp(address);
  return ip !== undefined && isPublic(ip);
};

const PUBLIC = [
  ...['1.1.1.1', '8.8.8.8', '9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0', '126.255.255.255'],
  ...['128.0.0.0', '169.253.255.255', '169.255.0.0', '172.15.255.255', '172.32.0.0', '191.255.255.255'],
  ...['192.0.1.0', '192.167.255.255', '192.169.0.0', '198.17.255.255', '198.20.0.0', '223.255.255.255'],
  ...['2606:4700::1111', '2a00:1450:4001:81b::200e', '2400:cb00::', '::ffff:1.1.1.1', '64:ff9b::8.8.8.8'],
];
const INSIDE = [
  ...['0.0.0.0', '0.1.2.3', '10.0.0.1', '10.255.255.255', '100.64.0.1', '100.127.255.255', '127.0.0.1', '127.9.9.9'],
  ...['169.254.169.254', '172.16.0.1', '172.31.255.255', '192.0.0.8', '192.0.2.1', '192.88.99.1', '192.168.0.1'],
  ...['198.18.0.1', '198.19.255.255', '198.51.100.7', '203.0.113.7', '224.0.0.1', '239.1.1.1', '240.0.0.1'],
  ...['255.255.255.255', '::', '::1', 'fe80::1', 'febf::1', 'fec0::1', 'fc00::1', 'fd12:3456::1', 'ff02::1', 'ff0e::1'],
  ...['::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:10.0.0.1', '0:0:0:0:0:ffff:a9fe:a9fe', '::127.0.0.1', '::7f00:1'],
  ...['64:ff9b::127.0.0.1', '64:ff9b::a9fe:a9fe', '64:ff9b:1::1.1.1.1', '2002:7f00:1::', '2002:808:808::1'],
  ...['2001::1', '2001:0:4136:e378:8000:63bf:3fff:fdd2', '2001:10::1', '2001:db8::1', '3fff::1', '100::1', '5f00::1'],
  ...['2606:4700::5efe:10.0.0.1', '2606:4700::200:5efe:8.8.8.8', '4000::1', 'fe80::1%lo', '2606:4700::1%eth0', ''],
];

test('addresses that anybody may be made to connect to', () => {
  for (const address of PUBLIC) assert.equal(publicly(address), true, address);
});

test('addresses that nobody may be made to connect to', () => {
  for (const address of INSIDE) assert.equal(publicly(address), false, address);
});

test('however an IPv4 address is wrapped, it is judged as itself', () => {
  fc.assert(
    fc.property(fc.ipV4(), (address) => {
      const [a, b, c, d] = address.split('.').map(Number) as [number, number, number, number];
      const hex = `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
      const itself = publicly(address);
      for (const wrapped of [`::ffff:${address}`, `::ffff:${hex}`, `64:ff9b::${address}`, `64:ff9b::${hex}`]) {
        assert.equal(publicly(wrapped), itself, wrapped);
      }
      // Where it is not the network's own to unwrap, not even a public one is gone to.
      for (const wrapped of [`::${hex}`, `2002:${hex}::1`]) assert.equal(publicly(wrapped), false, wrapped);
    }),
  );
});

test('an IPv6 address is the same however it is written', () => {
  fc.assert(
    fc.property(fc.ipV6(), (address) => {
      assert.notEqual(isIP(address), 0);
      const shortest = new URL(`http://[${address}]/`).hostname.slice(1, -1);
      assert.deepEqual(parseIp(shortest), parseIp(address));
      assert.equal(publicly(shortest), publicly(address));
    }),
  );
});

test('a range holds what has its first bits, and nothing else', () => {
  const holds = (range: string, address: string) => contains(parseRange(range), parseIp(address)!);
  assert.ok(holds('10.0.0.0/8', '10.255.0.1') && !holds('10.0.0.0/8', '11.0.0.0'));
  assert.ok(holds('10.0.0.0/8', '::ffff:10.1.1.1') && holds('::ffff:10.0.0.0/104', '10.1.1.1'));
  assert.ok(holds('fd00::/8', 'fdff::1') && !holds('fd00::/8', 'fc00::1') && !holds('fd00::/8', '253.0.0.1'));
  assert.ok(holds('0.0.0.0/0', '1.2.3.4') && !holds('0.0.0.0/0', '::1') && holds('::/0', '::1'));
  assert.throws(() => parseRange('localhost/8'));
});

const resolving =
  (...turns: string[][]) =>
  async (): Promise<LookupAddress[]> =>
    (turns.length > 1 ? turns.shift()! : turns[0]!).map((address) => ({ address, family: isIP(address) }));

test('a name is refused when any of its addresses is', async () => {
  const check = (...addresses: string[]) =>
    new CallbackGuard([], resolving(addresses)).check(new URL('http://callback.example/'));
  await check('1.1.1.1', '2606:4700::1111');
  for (const addresses of [['127.0.0.1'], ['1.1.1.1', '10.0.0.1'], ['2606:4700::1111', '::1'], []]) {
    await assert.rejects(check(...addresses), CallbackRefused);
  }
});

test('however a literal is written', async () => {
  const guard = new CallbackGuard([]);
  for (const host of ['127.0.0.1', '127.1', '0x7f.1', '2130706433', '017700000001', '[::1]', '[::ffff:7f00:1]', '0']) {
    await assert.rejects(guard.check(new URL(`http://${host}:8080/`)), CallbackRefused, host);
    assert.throws(() => guard.checkLiteral(new URL(`http://${host}/`)), CallbackRefused, host);
  }
  await guard.check(new URL('http://1.1.1.1/'));
});

test('what the configuration allows is allowed, and nothing besides', async () => {
  const check = (allow: string[], host: string, ...addresses: string[]) =>
    new CallbackGuard(allow, resolving(addresses)).check(new URL(`http://${host}/`));
  await check(['127.0.0.0/8'], '127.0.0.1');
  await check(['127.0.0.0/8'], '[::ffff:127.0.0.1]');
  await check(['10.1.0.0/16'], 'a.example', '10.1.2.3', '1.1.1.1');
  await check(['a.example'], 'A.example.', '10.1.2.3');
  await assert.rejects(check(['10.1.0.0/16'], 'a.example', '10.2.2.3'), CallbackRefused);
  await assert.rejects(check(['127.0.0.0/8'], '[::1]'), CallbackRefused);
  await assert.rejects(check(['a.example'], 'b.a.example', '10.1.2.3'), CallbackRefused);
});

const opened: Callback[] = [];
after(() => Promise.all(opened.map((callback) => callback.close())));

test('a name that resolves to something else a moment later is refused at the connection', async () => {
  const callback = await Callback.listen();
  opened.push(callback);
  const guard = new CallbackGuard([], resolving(['1.1.1.1'], ['127.0.0.1']));
  const url = new URL(`http://rebound.example:${callback.port}/`);
  await guard.check(url);
  const message = { method: 'GET', url, headers: {}, timeout: 30, signal: new AbortController().signal } as const;
  await assert.rejects(send(guard, message), CallbackRefused);
  assert.equal(callback.verifications.length, 0);
});

test('the connection goes to what was looked at, by one question for each', async () => {
  const callback = await Callback.listen();
  opened.push(callback);
  let questions = 0;
  const guard = new CallbackGuard(['127.0.0.0/8'], async () => {
    questions += 1;
    return [{ address: '127.0.0.1', family: 4 }];
  });
  const url = new URL(`http://nowhere.invalid:${callback.port}/x?hub.challenge=c`);
  const message = { method: 'GET', url, headers: {}, timeout: 30, signal: new AbortController().signal } as const;
  const { status, body } = await send(guard, message);
  assert.deepEqual([status, body?.toString(), questions], [200, 'c', 1]);
  assert.equal(callback.verifications[0]?.headers.host, `nowhere.invalid:${callback.port}`);
});

test('a literal is looked at though no connection asks for it', async () => {
  const callback = await Callback.listen();
  opened.push(callback);
  const url = new URL(callback.url());
  const message = { method: 'POST', url, headers: {}, timeout: 30, signal: new AbortController().signal } as const;
  await assert.rejects(send(new CallbackGuard([]), message), CallbackRefused);
  assert.equal(callback.deliveries.length, 0);
});
