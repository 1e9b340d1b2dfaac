/** Who gets in: names and passwords, tokens and JWTs, the same at every door. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { before, test } from 'node:test';
import type { Answered } from '../client.js';
import { eachDoor } from '../doors/all.js';
import { PATH, root } from '../doors/children.js';
import {
  AUDIENCE,
  basic,
  bearer,
  fileOf,
  goodClaims,
  htpasswd,
  ISSUER,
  type Issuer,
  jwks,
  makeIssuer,
} from '../guard/credentials.js';
import { entry, problemOf, TYPE } from './atom.js';

const issuer: Issuer = await makeIssuer();
const stranger = await makeIssuer();
const ENVIRONMENT = {
  ATOMMQ_HTPASSWD_FILE: fileOf(htpasswd({ bob: 'hunter2', 'jörg ✓': 'pa:ss wörd' })),
  ATOMMQ_JWT_JWKS: fileOf(jwks(issuer)),
  ATOMMQ_JWT_ISSUER: ISSUER,
  ATOMMQ_JWT_AUDIENCE: AUDIENCE,
  // What is tried here is all from one address.
  ATOMMQ_LOGIN_FAILURES: '0',
};

eachDoor(
  (at) => {
    const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
      at().ask(method, `/atommq${path}`, { headers });
    const command = (...words: string[]) => {
      const env = { PATH, ATOMMQ_DATABASE: at().database };
      const { status, stdout, stderr } = spawnSync(join(root, 'bin/atommq'), words, { env, encoding: 'utf8' });
      assert.equal(status, 0, stderr);
      return stdout.trim();
    };
    const status = async (headers: Record<string, string>) => (await get('/', headers)).status;
    /** What a 401 says, beside which schemes there are. */
    const challenged = (answer: Answered): { detail: string; bearer: string } => {
      const { detail } = problemOf(answer, 401);
      assert.equal(answer.headers['cache-control'], 'no-store');
      const [, error = ''] =
        /^Basic realm="AtomMQ", charset="UTF-8", Bearer realm="AtomMQ"(?:, (.*))?$/.exec(
          answer.headers['www-authenticate'] ?? '',
        ) ?? assert.fail(answer.headers['www-authenticate']);
      return { detail: String(detail), bearer: error };
    };

    let token: string;
    before(async () => {
      // The first request makes the tables, where a script answers it.
      await get('/health/ready');
      token = command('token', 'create', 'an app');
    });

    test('nobody gets in without credentials', async () => {
      for (const path of [
        '/',
        '',
        '/feed=a',
        '/feed=a/entries/x',
        '/events?feed=a',
        '/nothing',
        '/health',
        '/health/other',
      ]) {
        for (const method of ['GET', 'PUT', 'DELETE', 'OPTIONS']) {
          assert.deepEqual(challenged(await get(path, {}, method)), { detail: 'Credentials are needed.', bearer: '' });
        }
      }
      assert.equal((await get('/', {}, 'HEAD')).status, 401);
      const posted = await at().ask('POST', '/atommq/feed=closed', { body: entry(), headers: TYPE });
      challenged(posted);
      assert.equal((await get('/feed=closed', basic('bob', 'hunter2'))).status, 404, 'and nothing was stored');
    });

    test('health is told to everybody', async () => {
      for (const headers of [{}, basic('bob', 'wrong')]) {
        for (const path of ['/health/live', '/health/ready']) assert.equal((await get(path, headers)).status, 200);
      }
    });

    test('names and passwords', async () => {
      assert.equal(await status(basic('bob', 'hunter2')), 200);
      assert.equal(await status(basic('jörg ✓', 'pa:ss wörd')), 200);
      for (const [name, password] of [
        ['bob', 'hunter'],
        ['ann', 'hunter2'],
        ['', ''],
        ['bob', 'hunter2\0'],
        ['bob', ''],
      ]) {
        const { detail, bearer: error } = challenged(await get('/', basic(name!, password!)));
        assert.match(detail, /wrong|control character/);
        assert.equal(error, '');
      }
      const posted = await at().ask('POST', '/atommq/feed=open', {
        body: entry(),
        headers: { ...TYPE, ...basic('bob', 'hunter2') },
      });
      assert.equal(posted.status, 201);
    });

    test('fields that are none', async () => {
      for (const authorization of [
        'Basic',
        'Basic !!!',
        'Basic Ym9i',
        'Bearer',
        'Bearer a b',
        'Digest username="bob"',
        'hunter2',
        `Bearer ${'x'.repeat(4000)}`,
      ]) {
        const { detail } = challenged(await get('/', { authorization }));
        assert.ok(!detail.includes('hunter2') && !detail.includes('xxx'));
      }
      const plain = `bAsIc  ${Buffer.from('bob:hunter2').toString('base64')}`;
      assert.equal(await status({ authorization: plain }), 200, 'schemes are in whatever case');
    });

    test('tokens: good ones, strange ones, expired and revoked ones', async () => {
      assert.equal(await status(bearer(token)), 200);
      const strange = `${token.slice(0, -1)}${token.endsWith('A') ? 'E' : 'A'}`;
      assert.deepEqual(challenged(await get('/', bearer(strange))), {
        detail: 'The token is not known.',
        bearer: 'error="invalid_token", error_description="The token is not known."',
      });
      const brief = command('token', 'create', 'brief', '--expires', '1s');
      await new Promise((resolve) => setTimeout(resolve, 1000));
      assert.match(challenged(await get('/', bearer(brief))).bearer, /invalid_token.*has expired/);
      const other = command('token', 'create', 'other', '--feeds', 'a*', '--permissions', 'read');
      assert.equal(await status(bearer(other)), 200);
      const list = JSON.parse(command('token', 'list', '--json')) as { id: string; name: string }[];
      command('token', 'revoke', list.find(({ name }) => name === 'other')!.id);
      // What a process has asked the database it believes for 3 s.
      await new Promise((resolve) => setTimeout(resolve, 3100));
      assert.match(challenged(await get('/', bearer(other))).bearer, /has been revoked/);
      assert.equal(await status(bearer(token)), 200);
    });

    test('JWTs: good ones, expired ones, those of strangers', async () => {
      assert.equal(await status(bearer(await issuer.sign())), 200);
      const expired = await issuer.sign(goodClaims({ exp: 1000 }));
      assert.match(challenged(await get('/', bearer(expired))).bearer, /invalid_token.*has expired/);
      assert.match(challenged(await get('/', bearer(await stranger.sign()))).bearer, /signature is wrong/);
    });

    test('a token in an address is refused, with whatever else', async () => {
      for (const path of [`/?access_token=${token}`, `/feed=a?page_size=1&access%5Ftoken=${token}`]) {
        const answer = await get(path, bearer(token));
        const { detail } = problemOf(answer, 400);
        assert.match(String(detail), /does not belong in an address/);
        assert.ok(!answer.text.includes(token));
      }
    });
  },
  { environment: ENVIRONMENT },
);
