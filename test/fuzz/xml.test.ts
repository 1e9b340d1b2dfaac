/** Documents that are almost entries: refused with nothing stored, or stored in a feed that xmllint takes. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { AtomMQ } from '../../src/bus.js';
import { type Client, inProcess, temporaryFolder } from '../fixture.js';
import { damaged, damages, fuzz } from './fuzz.js';

const ATOM = 'http://www.w3.org/2005/Atom';
const XHTML = '<div xmlns="http://www.w3.org/1999/xhtml">a<!-- c --><b>d</b><![CDATA[<e>]]>&#x1F600;</div>';
const DOCUMENTS = [
  '<entry> <title>allo</title> <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">x</div></content> </entry>',
  `<?xml version="1.0" encoding="utf-8"?>\n<entry xmlns="${ATOM}" xml:lang="de"><id>urn:x:1</id><title type="html">&lt;b&gt;</title><updated>2026-01-02T03:04:05Z</updated><content type="xhtml">${XHTML}</content></entry>`,
  `<a:entry xmlns:a="${ATOM}" xmlns:x="urn:x" xml:base="http://e.org/"><x:y a:z="1" x:z='"'>m<x:i/>n</x:y><a:author><a:name>é</a:name></a:author><a:link rel="alternate" href="?a&amp;b"/></a:entry>`,
  `<entry xmlns="${ATOM}"><?pi data?><category term="t" scheme="urn:s"/><content type="application/xml"><r xmlns=""/></content><summary>s</summary><published>2026-01-02T03:04:05.5+01:00</published></entry>`,
  `<feed xmlns="${ATOM}"><title>b</title><entry><title>1</title></entry><entry xmlns:p="urn:p"><p:q/></entry></feed>`,
];
// biome-ignore format: tokens are read in rows
const TOKENS = [
  '<', '>', '&', '"', "'", '/', '=', ':', '?', '!', ']]>', '<![CDATA[', '<!--', '-->', '--', '<?', '?>', '<?xml version="1.0"?>',
  '&#0;', '&#1;', '&#xD800;', '&#xFFFE;', '&#x10FFFF;', '&#x110000;', '&amp;', '&lt;', '&nbsp;', '&a;', '&#13;', '&#x85;',
  '<!DOCTYPE a [<!ENTITY a "b">]>', '<!ENTITY', '\0', '\x01', '\x0b', '\x7f', '\x85', '\r', '\r\n', '\t',
  '\xff', '\xfe\xff', '\xff\xfe', '\xef\xbb\xbf', '\xc0\xaf', '\xed\xa0\x80', '\xef\xbf\xbe', '\xf4\x90\x80\x80', '\xf0\x9f\x98\x80', '\xe2\x80\xa8',
  ' xmlns=""', ' xmlns:a=""', ' xmlns:xml="u"', ' xmlns:a="http://www.w3.org/2005/Atom"', ' xmlns="http://www.w3.org/2005/Atom"', ' xml:lang="x"', ' a:b="c"', ' a="<"', ' type="xhtml"',
  '<entry>', '</entry>', '<entry/>', '<feed>', '</feed>', '<id>urn:x:2</id>', '<id></id>', '<title/>', '<updated>x</updated>', '<x:y/>', '</', '/>', '<a><a><a><a>',
  ' encoding="utf-16"', ' encoding="iso-8859-1"', ' encoding="us-ascii"', ' encoding="x"', ' version="1.1"', ' standalone="no"',
];
const TYPES = [undefined, 'application/atom+xml', 'text/xml; charset=iso-8859-1', 'application/xml;charset=utf-16'];

let bus: AtomMQ;
let client: Client;
before(async () => {
  bus = await AtomMQ.open({ database: join(temporaryFolder(), 'bus.db') }, {});
  client = inProcess(bus.app);
});
after(() => bus.close());

test('damaged documents', async (t) => {
  let feeds = 0;
  const accepted: string[] = [];
  const input = fc.record({
    text: fc.constantFrom(...DOCUMENTS),
    done: damages(TOKENS),
    type: fc.constantFrom(...TYPES),
  });
  await fuzz(t, input, async ({ text, done, type }) => {
    feeds += 1;
    const path = `/feed=f${feeds}`;
    const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type };
    const {
      status,
      body,
      headers: fields,
    } = await client('POST', path, { body: damaged(Buffer.from(text), done), headers });
    if (status === 201) {
      accepted.push(path);
      // One check by xmllint takes as long as dozens of inputs, so a few share one.
      if (accepted.length === 20) await allWell(accepted.splice(0));
      return;
    }
    assert.ok([400, 413, 415, 422].includes(status), `${status} ${body}`);
    assert.equal(fields['content-type'], 'application/problem+json');
    assert.equal((await client('GET', path)).status, 404, 'nothing is stored');
  });
  await allWell(accepted);
});

/** Feeds and their entries are well-formed, by themselves and to somebody else's parser. */
async function allWell(paths: string[]): Promise<void> {
  const documents: string[] = [];
  for (const path of paths) {
    const { status, body } = await client('GET', path);
    assert.equal(status, 200);
    documents.push(body);
    for (const [, href] of body.matchAll(
      /<link rel="self" href="http:\/\/localhost\/atommq([^"]*\/entries\/[^"]*)"/g,
    )) {
      const entry = await client('GET', href!.replaceAll('&amp;', '&'));
      assert.equal(entry.status, 200, href);
      documents.push(entry.body);
    }
  }
  const together = `<all>${documents.map((text) => text.replace(/^<\?xml[^>]*\?>/, '')).join('\n')}</all>`;
  const lint = spawnSync('xmllint', ['--noout', '-'], { input: together, encoding: 'utf8' });
  if (lint.error === undefined) assert.equal(lint.status, 0, lint.stderr);
  else assert.notEqual(process.env.ATOMMQ_TEST_REQUIRE, 'all', 'xmllint is missing');
}
