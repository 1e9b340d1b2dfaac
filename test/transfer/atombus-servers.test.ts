/** The real AtomBus on PostgreSQL and MariaDB, where Perl's drivers encode some of what they are given a second time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import mysql from 'mysql2/promise';
import { AtomMQ } from '../../src/bus.js';
import { inProcess } from '../fixture.js';
import { type DatabaseKind, databases, lackingFor } from '../store/databases.js';

import { startAtomBus, unlessAtomBus } from './atombus.js';
import { atommq, resultOf } from './command.js';
import { newFile } from './places.js';
import { entriesOf, feedOf } from './reading.js';

const XHTML = 'xmlns="http://www.w3.org/1999/xhtml"';

/** A database as some administrator made it, and how AtomBus was told to reach it. */
interface Case {
  database: string;
  /** The driver of Perl's. */
  module: string;
  /** What is said of it in the test's name. */
  said: string;
  /** A text that it can hold. */
  text: string;
  dsn(url: URL): string;
  prepare?(url: URL): Promise<unknown>;
  /** Entries whose texts were encoded twice. */
  mended: number;
}

const mysqlDsn = (url: URL) => `dbi:mysql:database=${url.pathname.slice(1)};host=${url.hostname};port=${url.port}`;
const OLD_DRIVER = ';mysql_init_command=SET NAMES latin1';
const charset = (name: string) => async (url: URL) => {
  const client = await mysql.createConnection(String(url));
  await client.query(`ALTER DATABASE ${url.pathname.slice(1)} CHARACTER SET ${name}`);
  await client.end();
};

const CASES: Case[] = [
  {
    ...{ database: 'PostgreSQL', module: 'DBD::Pg', said: 'which encodes titles and markup twice' },
    ...{ text: 'Grüße “Łódź” 中文', mended: 1 },
    dsn: (url) => `dbi:Pg:dbname=${url.pathname.slice(1)};host=${url.hostname};port=${url.port}`,
  },
  {
    ...{ database: 'MariaDB', module: 'DBD::mysql', said: 'in UTF-8' },
    ...{ text: 'Grüße “Łódź” 中文 😀', mended: 0, dsn: mysqlDsn, prepare: charset('utf8mb4') },
  },
  {
    ...{ database: 'MariaDB', module: 'DBD::mysql', said: 'in UTF-8 by a driver that speaks Latin-1' },
    ...{
      text: 'Grüße “Łódź” 中文 😀',
      mended: 4,
      dsn: (url) => mysqlDsn(url) + OLD_DRIVER,
      prepare: charset('utf8mb4'),
    },
  },
  {
    ...{ database: 'MariaDB', module: 'DBD::mysql', said: 'in Latin-1' },
    ...{ text: 'Grüße “é”', mended: 0, dsn: mysqlDsn, prepare: charset('latin1') },
  },
  {
    ...{ database: 'MariaDB', module: 'DBD::mysql', said: 'in Latin-1 by a driver that speaks Latin-1' },
    ...{
      text: 'Grüße “Łódź” 中文 😀',
      mended: 4,
      dsn: (url) => mysqlDsn(url) + OLD_DRIVER,
      prepare: charset('latin1'),
    },
  },
];

async function takeOver(kind: DatabaseKind, { text, mended, dsn, prepare }: Case): Promise<void> {
  const source = await kind.create();
  const url = new URL(source);
  await prepare?.(url);
  const perl = await startAtomBus(dsn(url), url.username);
  const sent = [
    `<title>${text}</title><content type="xhtml"><div ${XHTML}>${text} <i>x</i></div></content>`,
    `<title>plain</title><content type="text">${text}</content>`,
    '<title>latin</title><content type="text">Grüße</content>',
    `<title>x</title><content type="html">&lt;br&gt; ${text}</content>`,
  ];
  const ids: string[] = [];
  try {
    for (const inside of sent) ids.push(await perl.publish('größe', inside));
  } finally {
    await perl.stop();
  }
  const database = newFile();
  const ran = atommq(['import', '--from', source, '--database', database, '--json']);
  assert.equal(ran.status, 0, ran.stderr);
  const { rows, stored, escaped, mended: counted } = resultOf(ran);
  assert.deepEqual({ rows, stored, escaped, mended: counted }, { rows: 4, stored: 4, escaped: 1, mended });
  const bus = await AtomMQ.open({ database });
  const { body } = await inProcess(bus.app)('GET', `/feed=${encodeURIComponent('größe')}`);
  await bus.close();
  assert.equal(feedOf(body).title, 'größe');
  assert.deepEqual(
    entriesOf(body).map(({ id, title, type, content }) => [id, title, type, content]),
    [
      [ids[0], text, 'xhtml', `${text} <i>x</i>`],
      [ids[1], 'plain', 'xhtml', text],
      [ids[2], 'latin', 'xhtml', 'Grüße'],
      [ids[3], 'x', 'html', `&lt;br&gt; ${text}`],
    ],
  );
  const again = resultOf(atommq(['import', '--from', source, '--database', database, '--json']));
  assert.deepEqual([again.stored, again.there], [0, 4]);
}

for (const one of CASES) {
  const kind = databases.find(({ name }) => name === one.database);
  if (kind === undefined) continue;
  const skip = lackingFor(kind) || unlessAtomBus(one.module);
  test(`texts are what was published to AtomBus on ${one.database} ${one.said}`, { skip }, () => takeOver(kind, one));
}
