/** Callbacks over TLS: one whose certificate is trusted is delivered to, any other is not, whatever it would answer. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { missing, openFolder } from '../doors/children.js';
import { serve } from '../faults/serve.js';
import { temporaryFolder } from '../fixture.js';
import { endAll } from '../server.js';
import { makeCertificate } from '../store/databases.js';
import { askHub } from './bus.js';
import { Callback, until } from './callback.js';

after(endAll);
const skip = missing(['openssl']).length > 0 && 'openssl not installed (test/provision installs it)';

test('a certificate counts if it is trusted and names the host', { skip, timeout: 120_000 }, async () => {
  const listen = async (name: string) => {
    const { certificate, key } = makeCertificate(openFolder(), name);
    const callback = await Callback.listen(0, { cert: readFileSync(certificate), key: readFileSync(key) });
    return { callback, certificate };
  };
  const [trusted, stranger, misnamed] = [await listen('localhost'), await listen('localhost'), await listen('other')];
  const database = join(temporaryFolder(), 'bus.db');
  const options = { args: ['--websub-allow', 'localhost', '--websub-timeout', '5'] };
  const server = await serve(database, { ...options, env: { NODE_EXTRA_CA_CERTS: trusted.certificate } });
  const publish = async (title: string) => {
    const { status } = await server.client('POST', '/feed=a', { body: `<entry><id>urn:${title}</id></entry>` });
    assert.equal(status, 201);
  };
  await publish('before');
  const topic = `http://127.0.0.1:${server.port}/atommq/feed=a`;
  for (const { callback } of [stranger, misnamed, trusted]) {
    const form = { 'hub.mode': 'subscribe', 'hub.callback': callback.url(), 'hub.topic': topic, 'hub.secret': 's3' };
    const { status, body } = await askHub(server.client, form);
    assert.equal(status, 202, body);
  }
  await until(() => trusted.callback.verifications.length === 1);
  // It was the last to be asked, but confirmations are stored by and by.
  await until(async () => {
    await publish(`one-${trusted.callback.deliveries.length}-${Date.now()}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
    return trusted.callback.deliveries.length > 0;
  });
  const [{ body, headers }] = trusted.callback.deliveries as [(typeof trusted.callback.deliveries)[0]];
  assert.equal(headers['x-hub-signature'], `sha256=${createHmac('sha256', 's3').update(body).digest('hex')}`);
  for (const { callback } of [stranger, misnamed]) {
    assert.deepEqual([callback.verifications, callback.deliveries], [[], []], 'nothing got through');
  }
  assert.equal(await server.stop(), 0, server.process.said());
  for (const { callback } of [trusted, stranger, misnamed]) await callback.close();
});
