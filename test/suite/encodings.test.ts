/** Character sets (section 2): honoured as named or declared, or refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eachDoor } from '../doors/all.js';
import { entry, entryOf, pathOf, problemOf } from './atom.js';

const TITLE = 'Grüße – 日本 😀';
const LATIN = 'Grüße';
const declared = (encoding: string, title: string) =>
  `<?xml version="1.0" encoding="${encoding}"?>\n${entry(`<title>${title}</title>`)}`;
const titled = (title: string) => entry(`<title>${title}</title>`);
const utf16be = (text: string) => Buffer.from(text, 'utf16le').swap16();
const XML = 'application/atom+xml';

const HONOURED: [string, Uint8Array, string | undefined, string][] = [
  ['UTF-8, unnamed', Buffer.from(titled(TITLE)), XML, TITLE],
  ['UTF-8 without any type', Buffer.from(titled(TITLE)), undefined, TITLE],
  ['UTF-8 in what curl -d sends', Buffer.from(titled(TITLE)), 'application/x-www-form-urlencoded', TITLE],
  ['UTF-8, named', Buffer.from(titled(TITLE)), `${XML}; charset=utf-8`, TITLE],
  ['UTF-8, named in quotes and capitals', Buffer.from(titled(TITLE)), `${XML}; charset="UTF-8"`, TITLE],
  ['UTF-8, declared', Buffer.from(declared('utf-8', TITLE)), XML, TITLE],
  ['UTF-8 with a byte order mark', Buffer.from(`\ufeff${declared('UTF-8', TITLE)}`), XML, TITLE],
  ['UTF-16 LE with a mark', Buffer.from(`\ufeff${titled(TITLE)}`, 'utf16le'), XML, TITLE],
  ['UTF-16 BE with a mark', utf16be(`\ufeff${titled(TITLE)}`), XML, TITLE],
  ['UTF-16 LE with a mark, declared', Buffer.from(`\ufeff${declared('UTF-16', TITLE)}`, 'utf16le'), XML, TITLE],
  ['UTF-16 with a mark, named', utf16be(`\ufeff${titled(TITLE)}`), `${XML}; charset=utf-16`, TITLE],
  ['UTF-16LE without a mark, named', Buffer.from(titled(TITLE), 'utf16le'), `${XML}; charset=utf-16le`, TITLE],
  ['UTF-16BE without a mark, named', utf16be(titled(TITLE)), `${XML}; charset=UTF-16BE`, TITLE],
  ['ISO-8859-1, named', Buffer.from(titled(LATIN), 'latin1'), `text/xml; charset=ISO-8859-1`, LATIN],
  ['ISO-8859-1, declared', Buffer.from(declared('iso-8859-1', LATIN), 'latin1'), XML, LATIN],
  [
    'ISO-8859-1, declared for curl -d',
    Buffer.from(declared('ISO-8859-1', LATIN), 'latin1'),
    'application/x-www-form-urlencoded',
    LATIN,
  ],
  ['a name that beats the declaration', Buffer.from(declared('iso-8859-1', TITLE)), `${XML}; charset=utf-8`, TITLE],
  ['ISO-8859-1 where windows-1252 differs', Buffer.from(declared('iso-8859-1', 'a\u0085b'), 'latin1'), XML, 'a\u0085b'],
  ['US-ASCII', Buffer.from(titled('Gr&#xFC;&#xDF;e')), `${XML}; charset=us-ascii`, LATIN],
];

const REFUSED: [string, Uint8Array, string, number][] = [
  ['a name that is not known', Buffer.from(titled('t')), `${XML}; charset=klingon`, 415],
  ['a name of an object’s own', Buffer.from(titled('t')), `${XML}; charset=constructor`, 415],
  ['a declaration that is not known', Buffer.from(declared('ebcdic-cp-be', 't')), XML, 415],
  ['Latin-1 that is said to be UTF-8', Buffer.from(titled(LATIN), 'latin1'), `${XML}; charset=utf-8`, 400],
  ['Latin-1 that is said to be nothing', Buffer.from(titled(LATIN), 'latin1'), XML, 400],
  ['Latin-1 that is said to be US-ASCII', Buffer.from(titled(LATIN), 'latin1'), `${XML}; charset=us-ascii`, 400],
  ['UTF-8 that is declared to be UTF-16', Buffer.from(declared('utf-16', 't')), XML, 400],
  ['UTF-16 that breaks off', Buffer.from(`\ufeff${titled('t')}`, 'utf16le').subarray(0, -1), XML, 400],
  ['a lone surrogate in UTF-16', Buffer.from(`\ufeff${titled('\ud83d')}`, 'utf16le'), XML, 400],
  ['an overlong form in UTF-8', Buffer.concat([Buffer.from('<entry><title>'), Buffer.from([0xc0, 0xaf])]), XML, 400],
  ['a surrogate in UTF-8', Buffer.concat([Buffer.from('<entry><title>'), Buffer.from([0xed, 0xa0, 0x80])]), XML, 400],
];

eachDoor((at) => {
  for (const [what, body, type, title] of HONOURED) {
    test(`${what} is understood`, async () => {
      const { ask } = at();
      const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type };
      const created = await ask('POST', '/atommq/feed=encodings', { body, headers });
      assert.equal(created.status, 201, created.text);
      assert.equal((await entryOf(created)).title, title);
      assert.equal((await entryOf(await ask('GET', pathOf(created.headers.location)))).title, title);
    });
  }

  for (const [what, body, type, status] of REFUSED) {
    test(`${what} is refused`, async () => {
      const { ask } = at();
      problemOf(await ask('POST', '/atommq/feed=refused', { body, headers: { 'content-type': type } }), status);
    });
  }

  test('of what was refused nothing is stored', async () => {
    assert.equal((await at().ask('GET', '/atommq/feed=refused')).status, 404);
  });
});
