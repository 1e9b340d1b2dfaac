/** Files of users and groups: what is taken, what is refused and how, and when they are read again. */
import assert from 'node:assert/strict';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { mock, test } from 'node:test';
import { BadValue } from '../../src/config/bad-value.js';
import { parseHtgroup, parseHtpasswd } from '../../src/guard/htpasswd.js';
import { WatchedFile } from '../../src/guard/watched-file.js';
import { fileOf } from './credentials.js';

const HASH = `$2y$05$${'a'.repeat(53)}`;

test('users with bcrypt hashes; comments, further fields and further lines of a user count for nothing', () => {
  const text = `\ufeff# users\r\n\r\nbob:${HASH}:Bob Smith\r\n  ann:${HASH.replace('2y', '2b')}\nbob:${HASH.replace('y$05', 'a$04')}\n`;
  const users = parseHtpasswd(text);
  assert.deepEqual(
    [...users],
    [
      ['bob', HASH],
      ['ann', HASH.replace('2y', '2b')],
    ],
  );
});

for (const [hash, kind] of [
  ['{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=', 'SHA-1'],
  ['$apr1$FWv5bS8w$k4Z2UJ2nPNVHVyXKMDnCE/', 'MD5 (apr1)'],
  ['$5$salt$hash', 'SHA-256'],
  ['$6$salt$hash', 'SHA-512'],
  ['rl.3StKT.4T8M', 'crypt or plain text'],
  ['hunter2', 'crypt or plain text'],
  [HASH.slice(0, -1), 'not whole'],
  [HASH.replace('05', '03'), 'not whole'],
  [HASH.replace('2y', '2x'), 'not whole'],
]) {
  test(`the hash ${hash} is refused with the way out, and not quoted`, () => {
    assert.throws(
      () => parseHtpasswd(`ann:${HASH}\nbob:${hash}\n`),
      (error: Error) =>
        error instanceof BadValue &&
        error.message.includes('the hash of "bob" (line 2)') &&
        error.message.includes(kind!) &&
        error.message.includes('htpasswd -B FILE bob') &&
        !error.message.includes(hash!),
    );
  });
}

test('a line without a user is refused with its number', () => {
  assert.throws(() => parseHtpasswd(`ann:${HASH}\nbob\n`), /line 2 is not a user/);
  assert.throws(() => parseHtpasswd(`:${HASH}\n`), /line 1 is not a user/);
});

test('groups: lines of one group add up', () => {
  const groups = parseHtgroup('# groups\neditors: bob ann\nall : ann\neditors:joe bob\nnobody:\n');
  assert.deepEqual(
    [...groups],
    [
      ['bob', ['editors']],
      ['ann', ['editors', 'all']],
      ['joe', ['editors']],
    ],
  );
  assert.throws(() => parseHtgroup('a: b\neditors bob\n'), /line 2 is not a group/);
});

test('a file is read again when it has changed; a broken one changes nothing and is told of once', () => {
  mock.timers.enable({ apis: ['Date'], now: 0 });
  const told: string[] = [];
  try {
    const path = fileOf('bob: x\n');
    const parse = (text: string) => {
      if (text.includes('broken')) throw new BadValue('line 1 is broken');
      return text.trim();
    };
    const file = new WatchedFile('groups-file', path, parse, (error) => told.push((error as Error).message));
    const after = (write: () => void) => {
      write();
      mock.timers.tick(1000);
      return file.current;
    };
    assert.equal(file.current, 'bob: x');
    assert.equal(
      after(() => writeFileSync(path, 'bob: y\n')),
      'bob: y',
    );
    const other = fileOf('bob: z\n');
    assert.equal(
      after(() => renameSync(other, path)),
      'bob: z',
    );
    assert.equal(
      after(() => writeFileSync(path, 'broken')),
      'bob: z',
    );
    assert.equal(
      after(() => {}),
      'bob: z',
    );
    assert.deepEqual(told, [`groups-file ${path}: line 1 is broken; what it held before still counts`]);
    assert.equal(
      after(() => rmSync(path)),
      'bob: z',
    );
    assert.match(told[1]!, /cannot be read \(ENOENT\); what it held/);
    assert.equal(
      after(() => writeFileSync(path, 'bob: back\n')),
      'bob: back',
    );
    assert.equal(told.length, 2);
  } finally {
    mock.timers.reset();
  }
});

test('a file that is not there, or cannot be used, stops the start', () => {
  const parse = () => {
    throw new BadValue('line 1 is broken');
  };
  assert.throws(
    () => new WatchedFile('groups-file', '/nope', String, () => {}),
    /^Error: groups-file \/nope: cannot be/,
  );
  assert.throws(() => new WatchedFile('groups-file', fileOf(''), parse, () => {}), /groups-file .*: line 1 is broken/);
});
