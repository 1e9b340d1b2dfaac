/** What was sent is found again in what is kept of it, for every entry that can be sent. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { storedXml } from '../../src/atom/entry.js';
import { parseDocument } from '../../src/atom/parse.js';
import { sentParts } from '../../src/atom/unstamp.js';

const ATOM = 'xmlns="http://www.w3.org/2005/Atom"';
const STAMP = { atomId: 'tag:example.org,2011:<&>', published: 1_700_000_000_000_001, edited: 1_700_000_000_000_002 };
const NESTED = '<app:edited xmlns:app="http://www.w3.org/2007/app">2023-11-14T22:13:20.000002Z</app:edited>';

const SENT = [
  `<entry ${ATOM}/>`,
  `<entry ${ATOM}><id>${STAMP.atomId.replace('<&>', '&lt;&amp;&gt;')}</id><title>t</title></entry>`,
  `<entry ${ATOM}><title></title><updated>2011-01-01T00:00:00Z</updated><published>2011-01-01T00:00:00Z</published></entry>`,
  `<a:entry xmlns:a="http://www.w3.org/2005/Atom" x="a&gt;b'c&quot;/"><a:title>p</a:title></a:entry>`,
  `<entry ${ATOM}><content type="application/xml">${NESTED}<entry/></content>${NESTED}</entry>`,
  `<feed ${ATOM} xml:lang="de" xmlns:x="urn:&gt;"><entry><x:y/>\n<title>in a feed</title> </entry></feed>`,
  '<entry><title>bare</title></entry>',
];

for (const text of SENT) {
  test(text.slice(0, 100), () => {
    const [sent] = parseDocument(text).entries;
    const xml = storedXml(sent!, STAMP);
    const { open, inner } = sent!;
    assert.deepEqual(sentParts(xml, STAMP), { open, inner });
    // Each byte counts: it is either another document, or none that the server makes.
    for (let at = 0; at < xml.length; at += 1) {
      const flipped = xml.slice(0, at) + String.fromCharCode(xml.charCodeAt(at) ^ 1) + xml.slice(at + 1);
      const parts = sentParts(flipped, STAMP);
      assert.notDeepEqual(parts, { open, inner }, `${at}: ${flipped}`);
    }
  });
}
