/** HTTP as clients of every age speak it: chunks, announcements, HTTP/1.0, whole addresses, hosts. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { rawExchange } from '../client.js';
import { eachDoor } from '../doors/all.js';
import { entry, entryOf, feedOf, publish, TYPE, titlesOf } from './atom.js';

/** With the space that RFC 9112 §4 wants there, whether a reason follows or not. */
const STATUS_LINE_201 = /\r\nHTTP\/1\.1 201 /;

eachDoor((at, { overHttp }) => {
  test('a body in chunks is one body', async () => {
    const bytes = Buffer.from(entry(`<title>in pieces – ${'x'.repeat(100_000)}</title>`));
    const pieces = [bytes.subarray(0, 1), bytes.subarray(1, 55), bytes.subarray(55, 70_000), bytes.subarray(70_000)];
    const answer = await at().ask('POST', '/atommq/feed=chunks', { body: pieces, headers: TYPE });
    assert.equal(answer.status, 201, answer.text.slice(0, 500));
    assert.equal((await entryOf(answer)).title.length, 12 + 100_000);
  });

  test('links are built from the Host that the client sent', async () => {
    await publish(at(), 'hosts', '<title>h</title>');
    for (const host of ['example.org', 'example.org:8081', '[::1]:8080', 'EXAMPLE.org']) {
      const { links } = await feedOf(await at().ask('GET', '/atommq/feed=hosts', { headers: { host } }));
      assert.equal(links.self?.toLowerCase(), `http://${host.toLowerCase()}/atommq/feed=hosts`);
    }
  });

  test('and from no field that anybody can send', async () => {
    const headers = {
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'https',
      'x-forwarded-for': '10.0.0.1',
      forwarded: 'host=evil.example;proto=https',
      'x-original-url': '/atommq/feed=evil',
      'x-rewrite-url': '/atommq/feed=evil',
      proxy: 'http://evil.example/',
    };
    await publish(at(), 'forwarded', '<title>h</title>');
    const { links } = await feedOf(await at().ask('GET', '/atommq/feed=forwarded', { headers }));
    assert.equal(links.self, `${at().base}/feed=forwarded`);
  });

  test('fields that only one connection knows stay there', async () => {
    const { headers } = await at().ask('GET', '/atommq/');
    assert.notEqual(headers.connection, 'close', 'a client may go on using its connection');
    assert.equal(headers.status, undefined, 'CGI’s own field');
    assert.equal(headers['x-powered-by'], undefined);
  });

  test('many clients at once each get their own answer', async () => {
    const titles = Array.from({ length: 12 }, (_, i) => `c${i}`);
    const answers = await Promise.all(titles.map((title) => publish(at(), 'crowd', `<title>${title}</title>`)));
    const own = await Promise.all(answers.map(async (answer) => (await entryOf(answer)).title));
    assert.deepEqual(own, titles);
    assert.deepEqual((await titlesOf(await at().ask('GET', '/atommq/feed=crowd'))).sort(), titles.sort());
  });

  // What follows is about the transport itself.
  if (!overHttp) return;

  test('a body that was announced is asked for', async () => {
    const port = at().port!;
    const body = entry('<title>announced</title>');
    const socket = connect(port, '127.0.0.1').setEncoding('latin1');
    let received = '';
    try {
      const until = (pattern: RegExp) =>
        new Promise<void>((resolve, reject) => {
          const look = (text = '') => {
            received += text;
            if (pattern.test(received)) resolve();
          };
          socket
            .on('data', look)
            .once('error', reject)
            .once('close', () => reject(new Error(`closed after ${received}`)));
          look();
        });
      socket.write(
        `POST /atommq/feed=announced HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/atom+xml\r\n` +
          `Content-Length: ${body.length}\r\nExpect: 100-continue\r\n\r\n`,
      );
      await until(/^HTTP\/1\.1 100 [^\r]*\r\n\r\n/);
      socket.write(body);
      await until(/\r\n\r\nHTTP\/1\.1 .*\r\n/);
      assert.match(received, STATUS_LINE_201);
    } finally {
      socket.destroy();
    }
    assert.deepEqual(await titlesOf(await at().ask('GET', '/atommq/feed=announced')), ['announced']);
  });

  test('HTTP/1.0 publishes and reads', async () => {
    const port = at().port!;
    const body = entry('<title>old</title>');
    const created = await rawExchange(
      port,
      `POST /atommq/feed=old HTTP/1.0\r\nContent-Type: text/xml\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    assert.match(created, /^HTTP\/1\.[01] 201 /);
    const read = await rawExchange(port, 'GET /atommq/feed=old HTTP/1.0\r\n\r\n');
    assert.match(read, /^HTTP\/1\.[01] 200 /);
    assert.doesNotMatch(read, /\r\ntransfer-encoding:/i, 'HTTP/1.0 knows no chunks');
    assert.match(read, /<title>old<\/title>[\s\S]*<\/feed>\s*$/);
    const poll = await rawExchange(port, 'GET /atommq/feed=old?start_after=now HTTP/1.0\r\nHost: example.org\r\n\r\n');
    assert.match(poll, /^HTTP\/1\.[01] 200 /);
  });

  test('a whole address in the request line is as good as a path', async () => {
    const port = at().port!;
    const { base } = at();
    await publish(at(), 'whole', '<title>whole</title>');
    const answer = await rawExchange(
      port,
      `GET ${base}/feed=whole?page_size=1 HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`,
    );
    assert.match(answer, /^HTTP\/1\.1 200 /);
    assert.match(answer, /<title>whole<\/title>/);
  });
});
