/** A bus of the real AtomBus is taken over, and its consumers go on from where they were. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { AtomMQ } from '../../src/bus.js';
import { inProcess } from '../fixture.js';
import { type AtomBus, startAtomBus, unlessAtomBus } from './atombus.js';
import { atommq, resultOf } from './command.js';
import { newFile, places } from './places.js';
import { entriesOf, feedOf } from './reading.js';

const XHTML = 'xmlns="http://www.w3.org/1999/xhtml"';
/** What publishers sent: the inside of an entry. AtomBus keeps titles and contents. */
const SENT: [feed: string, inside: string][] = [
  ['widgets', `<title>allo</title><content type="xhtml"><div ${XHTML}>an <b>important</b> message</div></content>`],
  ['Widgets', `<title>Grüße 中文 😀</title><content type="text">Łódź &amp; &lt;Grüße&gt; 中文 😀</content>`],
  ['widgets', '<title>t &lt;i&gt;</title><content type="html">&lt;p&gt;Grüße&lt;br&gt;two&lt;/p&gt;</content>'],
  ['größe 中', `<title>x</title><content type="xhtml"><div ${XHTML}>Grüße <i>中文</i> &amp; 😀</div></content>`],
  ['widgets', '<title>x</title><content type="application/xml"><r xmlns="urn:x"><a b="c"/>Łódź</r></content>'],
  ['widgets', '<title>empty</title><content type="text"></content>'],
  [
    'widgets',
    '<title>ends</title><content type="text">&lt;/div&gt;&lt;/content&gt;&lt;/entry&gt;&lt;entry&gt;</content>',
  ],
  ['widgets', '<title>amp</title><content type="text">fish &amp;&amp; chips &amp;nbsp; x</content>'],
  ['größe 中', '<title>plain</title><content type="text">two words</content>'],
];
const BINARY = '<title>png</title><content type="image/png">iVBORw0KGgr/AA==</content>';

const skip = unlessAtomBus('DBD::SQLite');

describe('AtomBus on SQLite', { skip }, () => {
  const file = newFile('atombus.db');
  const dsn = `dbi:SQLite:dbname=${file}`;
  let perl: AtomBus;
  let binary: string;

  before(async () => {
    perl = await startAtomBus(dsn);
    for (const [feed, inside] of SENT) await perl.publish(feed, inside);
    binary = await perl.publish('pictures', BINARY);
  });
  after(() => perl?.stop());

  for (const place of places) {
    test(`into ${place.name}: consumers go on with the ids that they know, and see what they saw`, async () => {
      const database = await place.create();
      const first = atommq(['import', '--from', dsn, '--database', database, '--json']);
      assert.equal(first.status, 0, first.stderr);
      const { notes, tables: _, ...counts } = resultOf(first);
      assert.deepEqual(counts, {
        ...{ rows: 10, stored: 10, there: 0, removed: 0, conflicts: 0, skipped: 0 },
        ...{ escaped: 4, binary: 1, mended: 0, repaired: 0, feeds: 3 },
      });
      assert.equal((notes as string[]).filter((line) => line.includes(binary)).length, 1);

      const bus = await AtomMQ.open({ database });
      try {
        const ask = inProcess(bus.app);
        for (const feed of ['widgets', 'größe 中', 'pictures']) {
          const path = encodeURIComponent(feed);
          const { text: theirs } = await perl.ask('GET', `/feeds/${path}`);
          const { body: ours, status } = await ask('GET', `/feed=${path}`);
          assert.equal(status, 200);
          assert.deepEqual(feedOf(ours), feedOf(theirs));
          const known = entriesOf(theirs);
          const seen = entriesOf(ours);
          assert.ok(known.length > 0);
          for (const one of known) {
            // AtomBus formats its pages: white space between elements of a content is its own.
            one.content = one.content.replace(/>\s+</g, '><').trim();
            // What it sends in base64 has no type there, so that readers would take it for text.
            if (one.id === binary) one.type = 'application/octet-stream';
            // An empty element has no type there either.
            if (one.content === '') one.type = 'text';
          }
          assert.deepEqual(seen, known);
          for (const [i, { id }] of known.entries()) {
            const rest = await ask('GET', `/feed=${path}?start_after=${encodeURIComponent(id)}`);
            assert.deepEqual(entriesOf(rest.body), seen.slice(i + 1));
            const from = await ask('GET', `/feeds/${path}?start_at=${encodeURIComponent(id)}`);
            assert.deepEqual(entriesOf(from.body), seen.slice(i));
            assert.equal((await ask('GET', `/feeds/${path}/entries/${id.slice('urn:uuid:'.length)}`)).status, 200);
          }
          // The bus goes on: a consumer that had read all gets what comes next, and that alone.
          const last = encodeURIComponent(known.at(-1)!.id);
          await bus.publish(feed, { title: 'new', content: 'after the move' });
          const next = await ask('GET', `/feed=${path}?start_after=${last}`);
          assert.deepEqual(
            entriesOf(next.body).map(({ title }) => title),
            ['new'],
          );
        }
      } finally {
        await bus.close();
      }

      const second = atommq(['import', '--from', dsn, '--database', database, '--json']);
      assert.equal(second.status, 0, second.stderr);
      const again = resultOf(second);
      assert.deepEqual([again.rows, again.stored, again.there], [10, 0, 10]);
    });
  }

  test('what AtomBus took in after a run comes with the next one', async () => {
    const database = await places[0]!.create();
    atommq(['import', '--from', dsn, '--database', database]);
    const id = await perl.publish('widgets', '<title>late</title><content type="text">late</content>');
    const ran = atommq(['import', '--from', dsn, '--database', database, '--json']);
    assert.equal(resultOf(ran).stored, 1);
    const bus = await AtomMQ.open({ database });
    const { body } = await inProcess(bus.app)('GET', '/feed=widgets');
    await bus.close();
    assert.equal(entriesOf(body).at(-1)?.id, id);
  });
});
