/** Documents that are almost entries: refused with nothing stored, or stored in a feed that xmllint takes. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { AtomMQ } from '../../src/bus.js';
import { type Client, inProcess, temporaryFolder } from '../fixture.js';
import { DOCUMENTS, TOKENS } from './documents.js';
import { damaged, damages, fuzz } from './fuzz.js';

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
