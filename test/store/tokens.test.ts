/** What is kept of tokens, on each database. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashOfToken, isToken, makeToken } from '../../src/access/token.js';
import type { Token, Tokens } from '../../src/store/token.js';
import { eachDatabase } from './databases.js';
import { openStore } from './stores.js';

const token = (id: string, more: Partial<Token> = {}): Token => ({
  id,
  name: 'an app, ünïcode \u{1F600}',
  hash: hashOfToken(id),
  permissions: ['read', 'publish'],
  feeds: ['orders', 'log-*', 'a,b', '\u{1F600}'],
  createdAt: 1_800_000_000_123_456,
  expiresAt: 1_900_000_000_123_456,
  revokedAt: undefined,
  ...more,
});

test('a token is random, known by how it begins, and not what is kept of it', () => {
  const made = Array.from({ length: 100 }, makeToken);
  assert.equal(new Set(made.map(({ token }) => token)).size, 100);
  for (const { id, token: text, hash } of made) {
    assert.ok(isToken(text) && /^[0-9a-f]{12}$/.test(id) && /^[\w-]{43}$/.test(hash));
    assert.ok(!hash.includes(text.slice(4)) && hash === hashOfToken(text));
  }
  for (const text of ['', 'amq_', 'amq_x', `${made[0]!.token}x`, ` ${made[0]!.token}`])
    assert.equal(isToken(text), false);
});

eachDatabase((kind) => {
  const inStore = (name: string, work: (tokens: Tokens) => Promise<void>) =>
    test(name, async () => {
      const { store } = await openStore(await kind.create());
      try {
        await work(await store.tokens());
      } finally {
        await store.close();
      }
    });

  inStore('comes back as it was, by its hash and in the list', async (tokens) => {
    const one = token('one');
    const two = token('two', {
      createdAt: 1,
      feeds: undefined,
      expiresAt: undefined,
      permissions: ['admin'],
      name: 'x'.repeat(255),
    });
    await tokens.create(one);
    await tokens.create(two);
    assert.deepEqual(await tokens.find(one.hash), one);
    assert.deepEqual(await tokens.list(), [two, one]);
    assert.equal(await tokens.find(one.hash.toUpperCase()), undefined);
    assert.equal(await tokens.find('none'), undefined);
  });

  inStore('is revoked once, and only where it is there', async (tokens) => {
    await tokens.create(token('one'));
    assert.equal((await tokens.revoke('one', 5))?.revokedAt, 5);
    assert.equal((await tokens.revoke('one', 6))?.revokedAt, 5);
    assert.equal(await tokens.revoke('two', 6), undefined);
    assert.equal((await tokens.find(hashOfToken('one')))?.revokedAt, 5);
  });

  inStore('no two have the same id', async (tokens) => {
    await tokens.create(token('one'));
    await assert.rejects(tokens.create(token('one', { hash: 'other' })));
    await tokens.create(token('one'));
    assert.equal((await tokens.list()).length, 1);
  });
});
