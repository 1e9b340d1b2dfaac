/** CloudEvents as entries and back: nothing of an event is lost, and an entry of any kind makes a valid event. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CloudEvent, type CloudEventV1 } from 'cloudevents';
import fc from 'fast-check';
import { atomIdOfEvent, eventOfAtomId } from '../../src/atom/cloudevent.js';
import { writeEventEntry } from '../../src/atom/cloudevent-entry.js';
import { readEvent, readEventBatch, readEventFields } from '../../src/atom/cloudevent-read.js';
import { writeEvent, writeEvents } from '../../src/atom/cloudevent-write.js';
import { readJson } from '../../src/atom/json-text.js';
import { viewEntry } from '../../src/atom/object.js';
import { HttpError } from '../../src/http.js';
import { deleted, entryOf, hold, pageOf, URL_OF_FEED } from './held.js';

/** The least that an event has. */
const LEAST = { specversion: '1.0', id: 'A1', source: '/s', type: 't' } as const;

/** The entry of an event, as the log would hold it. */
const held = (text: string) => hold(writeEventEntry(readEvent(text)));
const through = (event: object): unknown => JSON.parse(writeEvent(held(JSON.stringify(event)), URL_OF_FEED));
const seen = (inside: string, changes = {}) => JSON.parse(writeEvent(hold(entryOf(inside), changes), URL_OF_FEED));

/** What an error says of its place and cause. */
function refusal(work: () => unknown): HttpError {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof HttpError, String(error));
    return error;
  }
  throw new assert.AssertionError({ message: 'nothing was refused' });
}

const character = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom(...'abcXYZ019 -_.,:;!?/\\#%+=~^`|$@*()[]{}<>&"\'', ']]>', '<!--', '\\u0041'),
  },
  fc.string({ unit: 'binary', minLength: 1, maxLength: 2 }),
);
const any = fc.string({ unit: character, maxLength: 10 });
const allowed = any.map((text) => text.replace(/[\0-\x1f\x7f-\x9f]|\p{Noncharacter_Code_Point}|\p{Cs}/gu, '?'));
const some = allowed.filter((text) => text !== '');
const source = fc.oneof(
  fc.constantFrom('/s', 'https://e.example/a:b/c?d=%20#e', 'urn:a:b', 'mailto:a@b.example', ':', '1-555-123-4567'),
  some.map((text) => text.replace(/[\s<>"{}|\\^`]/g, '_')),
);
const extensions = fc.dictionary(
  fc.stringMatching(/^[a-z0-9]{1,20}$/).filter((name) => !(name in LEAST) && !/^(data|time|subject)/.test(name)),
  fc.oneof(allowed, fc.boolean(), fc.integer()),
  { maxKeys: 4, noNullPrototype: true },
);
const payload = fc.oneof(
  fc.record({ data: fc.jsonValue() }),
  fc.record({ datacontenttype: fc.constantFrom('application/json', 'a/b+json; charset=utf-8'), data: fc.jsonValue() }),
  fc.record({ datacontenttype: fc.constantFrom('text/plain', 'text/html', 'application/xml', 'image/x'), data: any }),
  fc.record({ data_base64: fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('base64')) }),
  fc.record({
    datacontenttype: fc.constantFrom('image/png', 'text/plain', 'application/xml', 'multipart/mixed'),
    data_base64: fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('base64')),
  }),
  fc.constant({}),
);
const event = fc
  .tuple(
    fc.record({ specversion: fc.constant('1.0'), id: some, source, type: some }),
    fc.record(
      {
        subject: some,
        time: fc.constantFrom('2018-04-05T17:31:00Z', '2018-04-05t17:31:00.123456z', '1990-12-31T23:59:60+01:00'),
        dataschema: fc.constant('https://e.example/schema#1'),
      },
      { requiredKeys: [] },
    ),
    extensions,
    payload,
  )
  .map(([least, more, others, data]) => ({ ...least, ...more, ...others, ...data }));

describe('an event', () => {
  test('comes back as it was, whatever is in it', () => {
    fc.assert(
      fc.property(event, (sent) => assert.deepEqual(through(sent), JSON.parse(JSON.stringify(sent)))),
      {
        numRuns: 1000,
      },
    );
  });

  test('is an entry with the parts that feed readers look for', () => {
    fc.assert(
      fc.property(event, (sent) => {
        const { xml } = held(JSON.stringify(sent));
        const view = viewEntry(xml, URL_OF_FEED);
        assert.equal(view.id, atomIdOfEvent(sent.source, sent.id));
        assert.equal(view.title, sent.subject ?? sent.type);
        if (sent.time !== undefined) assert.equal(view.updated, sent.time.toUpperCase());
        assert.deepEqual(
          view.categories.map(({ term }) => term),
          [sent.type, sent.source],
        );
        assert.ok(view.content, 'an entry without content would need a link to it');
        const { data } = sent as { data?: unknown };
        if (typeof data === 'string' && 'datacontenttype' in sent && view.content.type === 'text') {
          assert.equal(view.content.value, /json/.test(sent.datacontenttype) ? JSON.stringify(data) : data);
        }
      }),
      { examples: [[{ ...LEAST, datacontenttype: 'text/plain', data: 'a\r\nb' }]] },
    );
  });

  test('has one atom:id for its source and id, and both can be read in it', () => {
    fc.assert(
      fc.property(source, some, source, some, (source1, id1, source2, id2) => {
        const [one, other] = [atomIdOfEvent(source1, id1), atomIdOfEvent(source2, id2)];
        assert.deepEqual(eventOfAtomId(one), { source: source1, id: id1 });
        assert.equal(one === other, source1 === source2 && id1 === id2);
        assert.doesNotMatch(one, /[\s<>"{}|\\^`]/);
      }),
    );
    assert.equal(eventOfAtomId('urn:atommq:event:%zz:1'), undefined);
    assert.equal(eventOfAtomId('urn:atommq:event:x'), undefined);
    assert.equal(eventOfAtomId('urn:uuid:1'), undefined);
  });

  test('keeps numbers to the letter, and strings that XML cannot hold', () => {
    const data = '{"big":12345678901234567890,"small":1.10e-400,"half":"\\udead","nul":"\\u0000\\uffff"}';
    const sent = `{"specversion":"1.0", "id":"A1", "source":"/s", "type":"t",\n "data": ${data}}`;
    assert.ok(writeEvent(held(sent), URL_OF_FEED).endsWith(`"data":${data}}`));
    const text = { ...LEAST, datacontenttype: 'text/plain', data: 'a\0\ud800' };
    assert.deepEqual(through(text), text);
  });

  test('is the same one in whatever order and with whatever spaces it is written', () => {
    const entry = (text: string) => writeEventEntry(readEvent(text));
    assert.equal(
      entry(
        '{ "type": "t", "b": null, "source": "\\/s", "x": 1, "a": true, "id":"A1","specversion":"1.0" ,"data":{"a": "\\u0041"}}',
      ),
      entry('{"specversion":"1.0","id":"A1","source":"/s","type":"t","a":true,"x":1,"data":{"a":"A"}}'),
    );
    assert.notEqual(
      entry('{"specversion":"1.0","id":"A1","source":"/s","type":"t","x":1}'),
      entry(JSON.stringify(LEAST)),
    );
  });

  test('is read as it is by the SDK, and what the SDK makes is taken', () => {
    const made = new CloudEvent({
      type: 'com.example.made',
      source: '/sdk',
      data: { a: [1, 'ä', null] },
      ext: 5,
      flag: false,
    });
    const back = through(JSON.parse(made.toString())) as CloudEventV1<unknown>;
    assert.deepEqual(new CloudEvent(back), made);
  });

  test('that is not valid is refused with the attribute that is wrong', () => {
    for (const [change, attribute, what] of [
      [{ id: undefined }, 'id', /has no id/],
      [{ id: null }, 'id', /has no id/],
      [{ source: '' }, 'source', /source is empty/],
      [{ source: 'a b' }, 'source', /not a URI reference/],
      [{ type: 5 }, 'type', /type is not a string/],
      [{ specversion: '0.3' }, 'specversion', /"0.3"; 1.0/],
      [{ subject: '' }, 'subject', /subject is empty/],
      [{ subject: 'a\nb' }, 'subject', /controls/],
      [{ extra: '\ud800' }, 'extra', /half of a surrogate pair/],
      [{ time: 'yesterday' }, 'time', /RFC 3339/],
      [{ time: '2023-02-30T00:00:00Z' }, 'time', /RFC 3339/],
      [{ dataschema: '/relative' }, 'dataschema', /not a URI/],
      [{ datacontenttype: 'json' }, 'datacontenttype', /media type/],
      [{ my_ext: 'x' }, 'my_ext', /"my_ext" is no name/],
      [{ Upper: 'x' }, 'Upper', /is no name/],
      [{ ext: { a: 1 } }, 'ext', /an object or an array/],
      [{ ext: 1.5 }, 'ext', /whole/],
      [{ ext: 2 ** 31 }, 'ext', /32 bits/],
      [{ ext: -(2 ** 31) - 1 }, 'ext', /32 bits/],
      [{ data_base64: 'not base64' }, 'data_base64', /Base64/],
      [{ data_base64: 5 }, 'data_base64', /not a string/],
      [{ data: 1, data_base64: 'AA==' }, 'data_base64', /data and data_base64/],
      [{ datacontenttype: 'text/plain', data: {} }, 'data', /not a string/],
      [{ id: 'x'.repeat(2000) }, 'id', /more than 2000 characters/],
    ] as const) {
      const { status, message, members } = refusal(() => readEvent(JSON.stringify({ ...LEAST, ...change })));
      assert.equal(status, 422, message);
      assert.match(message, what);
      assert.equal(members.attribute, attribute);
      assert.equal(members.line, 1);
    }
    for (const [text, what] of [
      ['5', /not an object/],
      ['[]', /an array; send a batch as application\/cloudevents-batch\+json/],
    ] as const) {
      const error = refusal(() => readEvent(text));
      assert.equal(error.status, 422);
      assert.match(error.message, what);
    }
  });

  test('in a batch says which it is', () => {
    const batch = `[\n${JSON.stringify(LEAST)},\n  {"specversion": "1.0", "id": "",\n  "source": "/s", "type": "t"}]`;
    const { status, members } = refusal(() => readEventBatch(batch, 10));
    assert.deepEqual([status, members.index, members.attribute, members.line, members.column], [422, 1, 'id', 3, 32]);
    assert.equal(readEventBatch(`[${JSON.stringify(LEAST)}]`, 1).length, 1);
    assert.equal(refusal(() => readEventBatch(batch, 1)).status, 413);
    assert.equal(refusal(() => readEventBatch('[]', 1)).status, 422);
    assert.equal(refusal(() => readEventBatch('{}', 1)).status, 422);
    assert.equal(refusal(() => readEventBatch('[[]]', 1)).members.index, 0);
  });
});

describe('JSON', () => {
  test('is kept as its values are', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(undefined, 1, '\t'), (value, space) => {
        const kept = readJson(JSON.stringify(value, undefined, space)).text;
        assert.deepEqual(JSON.parse(kept), JSON.parse(JSON.stringify(value)));
        assert.equal(readJson(kept).text, kept);
      }),
      { numRuns: 500 },
    );
  });

  test('that JSON.parse takes is taken, and nothing else', () => {
    const token = fc.constantFrom(...'{}[],:"\\0-+.eEtrufalsn 1', '"a":', '"b"', 'null', '\n', '\u2028', '\\u00', '12');
    fc.assert(
      fc.property(fc.string({ unit: token, maxLength: 8 }), (text) => {
        let expected: unknown;
        try {
          expected = JSON.parse(text);
        } catch {
          assert.equal(refusal(() => readJson(text)).status, 400);
          return;
        }
        if (/"a":.*"a":/s.test(text)) return;
        assert.deepEqual(JSON.parse(readJson(text).text), expected);
      }),
      { numRuns: 5000 },
    );
  });

  test('that is hostile is refused with its place', () => {
    for (const [text, line, what] of [
      ['{"a":1,\n"a":2}', 2, /"a" stands twice/],
      ['{"a":{"b":1,\r\n\r\n"\\u0062":2}}', 3, /"b" stands twice/],
      ['["a\n"]', 1, /control character/],
      ['"abc', 1, /no end/],
      ['{"a" 1}', 1, /colon/],
      ['[1 2]', 1, /comma/],
      ['[01]', 1, /comma/],
      ['', 1, /ends too early/],
      ['1 1', 1, /follows/],
      ['[NaN]', 1, /cannot begin with "N"/],
      ['["\\x"]', 1, /no escape/],
    ] as const) {
      const { status, message, members } = refusal(() => readJson(text));
      assert.equal(status, 400);
      assert.match(message, what);
      assert.equal(members.line, line, message);
    }
    assert.equal(readJson(`${'['.repeat(200)}${']'.repeat(200)}`).text.length, 400);
    assert.match(refusal(() => readJson('['.repeat(1_000_000))).message, /more than 200 deep/);
    assert.match(refusal(() => readJson('{"a":'.repeat(1_000_000))).message, /more than 200 deep/);
    const large = `"${'x'.repeat(5_000_000)}"`;
    assert.equal(readJson(large).text, large);
  });
});

describe('an event in fields', () => {
  const fields = { 'ce-specversion': '1.0', 'ce-id': 'A1', 'ce-source': '/s', 'ce-type': 't' };
  const take = (more: Record<string, string>, type?: string, body: string | Uint8Array = '') =>
    JSON.parse(
      writeEvent(hold(writeEventEntry(readEventFields({ ...fields, ...more }, type, Buffer.from(body)))), URL_OF_FEED),
    );

  test('has its data by the type of the body', () => {
    assert.deepEqual(take({}), LEAST);
    const json = { ...LEAST, datacontenttype: 'application/json', data: { a: 1 } };
    assert.deepEqual(take({}, 'application/json', '{"a": 1}'), json);
    const text = { ...LEAST, datacontenttype: 'text/plain; charset=utf-8', data: 'ä' };
    assert.deepEqual(take({}, 'text/plain; charset=utf-8', 'ä'), text);
    const latin = { ...LEAST, datacontenttype: 'text/plain; charset=iso-8859-1', data_base64: '5A==' };
    assert.deepEqual(take({}, 'text/plain; charset=iso-8859-1', Buffer.from([0xe4])), latin);
    assert.deepEqual(take({}, undefined, Buffer.from([0, 1])), { ...LEAST, data_base64: 'AAE=' });
    const xml = { ...LEAST, datacontenttype: 'application/xml', data: '<a/>' };
    assert.deepEqual(take({}, 'application/xml', '<a/>'), xml);
  });

  test('has its attributes percent-decoded, or in quotes', () => {
    assert.equal(take({ 'ce-subject': 'Euro%20%E2%82%AC%20%F0%9F%98%80' }).subject, 'Euro € 😀');
    assert.equal(take({ 'ce-subject': '"a \\"b\\" c"' }).subject, 'a "b" c');
    const broken = refusal(() => take({ 'ce-subject': '%C0%A0' }));
    assert.deepEqual([broken.status, broken.members.attribute], [400, 'subject']);
    for (const [more, attribute] of [
      [{ 'ce-id': '' }, 'id'],
      [{ 'ce-datacontenttype': 'text/plain' }, 'datacontenttype'],
      [{ 'ce-time': 'now' }, 'time'],
    ] as const) {
      const { status, members } = refusal(() => take(more));
      assert.deepEqual([status, members.attribute], [422, attribute]);
    }
    assert.equal(refusal(() => take({}, 'application/json', '{')).status, 400);
  });
});

describe('an entry that was published as Atom', () => {
  test('is an event of the feed, with its content as data', () => {
    const event = { specversion: '1.0', id: 'urn:x:1', source: URL_OF_FEED, type: 'org.ietf.atom.entry' };
    const time = '2020-01-02T03:04:05.5Z';
    const updated = `<updated>${time}</updated>`;
    assert.deepEqual(seen(`${updated}<title>T</title><content>c</content>`), {
      ...event,
      time,
      subject: 'T',
      datacontenttype: 'text/plain',
      data: 'c',
    });
    for (const [content, data] of [
      ['<content type="html">&lt;p>a</content>', { datacontenttype: 'text/html', data: '<p>a' }],
      ['<content type="image/png">AAE=\n</content>', { datacontenttype: 'image/png', data_base64: 'AAE=' }],
      ['<content type="application/json">{"a": 10000000000000000001}</content>', undefined],
      ['<content type="image/png">no bytes</content>', { datacontenttype: 'text/plain', data: 'no bytes' }],
      [
        '<content type="application/x+xml"><a xmlns=""/></content>',
        { datacontenttype: 'application/x+xml', data: '<a xmlns=""/>' },
      ],
      [
        '<content type="audio/ogg" src="a.ogg"/>',
        { datacontenttype: 'audio/ogg', dataref: 'https://bus.example/atommq/a.ogg' },
      ],
      ['', {}],
    ] as const) {
      const made = seen(`${updated}${content}`);
      if (data !== undefined) assert.deepEqual(made, { ...event, time, ...data });
      else assert.equal(made.datacontenttype, 'application/json');
    }
    const media = seen(updated, { media: { type: 'image/png', size: 5 } });
    assert.equal(media.dataref, `${URL_OF_FEED}/entries/urn%3Ax%3A1/media`);
    assert.equal(media.datacontenttype, 'image/png');
  });

  test('or was deleted says so as http-feeds does', () => {
    const gone = {
      specversion: '1.0',
      type: 'org.ietf.atom.deleted-entry',
      time: '2024-02-29T12:34:56.789012Z',
      method: 'DELETE',
    };
    const event = atomIdOfEvent('/s', 'A1');
    assert.deepEqual(JSON.parse(writeEvents(pageOf([deleted('urn:x:1'), deleted(event)]))), [
      { ...gone, id: 'urn:x:1', source: URL_OF_FEED, subject: 'urn:x:1' },
      { ...gone, id: event, source: '/s', subject: 'A1' },
    ]);
    assert.equal(writeEvents(pageOf([])), '[]\n');
  });

  test('and only looks like an event makes a valid one all the same', () => {
    const forged = (attributes: string, kind: string, content: string, id = 'urn:atommq:event:/s:A1') =>
      JSON.parse(
        writeEvent(
          hold(
            `<entry xmlns="http://www.w3.org/2005/Atom"><id>${id}</id><event xmlns="urn:atommq:cloudevents" data="${kind}">${attributes}</event><content>${content}</content></entry>`,
          ),
          URL_OF_FEED,
        ),
      );
    const least = JSON.stringify(LEAST);
    assert.deepEqual(forged(least, 'json', '[1]'), { ...LEAST, data: [1] });
    for (const [attributes, kind, content, id] of [
      [least, 'json', '[1'],
      [least, 'json', '['.repeat(300)],
      [least, 'base64', '!'],
      [least, 'what', ''],
      [least, 'text', '', 'urn:x:2'],
      ['{"specversion":"1.0","id":"A1","source":"/s","type":{"a":1}}', 'text', ''],
      ['{"specversion":"1.0","id":"A1","source":"/s","type":"t","ext":{"a":1}}', 'text', ''],
      ['{"specversion":"1.0","id":"A1","source":"/s","type":"t","__proto__":1}', 'text', ''],
      ['null', 'text', ''],
      ['{', 'text', ''],
    ] as const) {
      assert.equal(forged(attributes, kind, content, id).type, 'org.ietf.atom.entry', attributes);
    }
  });

  test('is an event that the SDK takes', () => {
    fc.assert(
      fc.property(
        any,
        any,
        fc.constantFrom('text', 'html', 'image/png', 'application/json', '?'),
        (title, value, type) => {
          const clean = (text: string) =>
            text.replace(/[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]|[<&>\r]/gu, '');
          const made = seen(`<title>${clean(title)}</title><content type="${type}">${clean(value)}</content>`);
          assert.equal(new CloudEvent(made, true).validate(), true);
        },
      ),
    );
  });
});
