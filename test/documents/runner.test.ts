/** The runner of documents fails where an example does not hold: otherwise every document would pass. */
import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import { after, before, test } from 'node:test';
import { stepsOf } from './markdown.js';
import { Session } from './session.js';
import { runStep } from './step.js';
import { filled, isAs } from './words.js';

const session = new Session();
const answer: RequestListener = (request, response) => {
  response.setHeader('Content-Type', 'application/json').setHeader('ETag', '"p.1"');
  response.end(JSON.stringify({ path: request.url, id: 'urn:uuid:7' }));
};
const server = createServer(answer);
before(async () => {
  const port = await session.port('8080');
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
});
after(async () => {
  server.close();
  await session.end();
});

/** Runs a document in the session that all tests here share. */
async function run(document: string): Promise<void> {
  for (const step of stepsOf(document)) await runStep(session, step);
}

const block = (kind: string, text: string) => `\`\`\`${kind}\n${text}\n\`\`\`\n`;
const exchange = (from: string) => block('http', `GET /a HTTP/1.1\n\n${from}`);

test('an answer as it is shown, and as it is not', async () => {
  await run(exchange('HTTP/1.1 200 OK\nETag: "p.…"\n\n{ "path": "/a", … }'));
  for (const wrong of [
    'HTTP/1.1 201 Created',
    'HTTP/1.1 200 Fine',
    'HTTP/1.1 200 OK\nETag: "q.…"',
    'HTTP/1.1 200 OK\nLocation: …',
    'HTTP/1.1 200 OK\n\n{ "path": "/b", … }',
    'HTTP/1.1 200 OK\n\n{ "path": "/a"',
  ]) {
    await assert.rejects(run(exchange(wrong)), wrong);
  }
  await assert.rejects(run(block('http', 'GET /a HTTP/1.1')), /a request and its answer/);
});

test('a placeholder is the last that fits', async () => {
  assert.equal(filled('start_after=urn:uuid:…&a', 'urn:uuid:1 urn:uuid:2 id:3'), 'start_after=urn:uuid:2&a');
  assert.throws(() => filled('If-Match: "e.…"', 'no tag'), /nothing that was answered so far fits e\.…/);
  assert.ok(isAs('a … d', 'a b\n c d'));
  assert.ok(!isAs('a … d', 'a b c d e'));
});

test('a command that fails, prints something else, or would touch the machine', async () => {
  await run(block('sh', 'A=1') + block('console', '$ echo $A b\n1 b\n$ echo c\nc'));
  await run(`${block('sh', 'echo d')}<!-- output -->\n${block('', 'd')}`);
  await assert.rejects(run(block('sh', 'false\ntrue')), /ended with 1/);
  await assert.rejects(run(block('console', '$ echo a\nb')), /printed/);
  await assert.rejects(run(block('sh', 'rm -r /var/lib/postgresql')), /not the session's to touch/);
  await assert.rejects(run(block('sh', 'systemctl stop nginx')), /ended with 127/);
  await assert.rejects(run('<!-- run: [ 1 = 2 ] -->'), /ended with 1/);
});

test('a program with a mistake in its types, and one that throws', async () => {
  await run(block('ts', "import { connect } from 'atommq/client';\nconnect('http://localhost:8080/atommq');"));
  await assert.rejects(run(block('ts', 'const a: string = 1;\nconsole.log(a);')), /TS2322/);
  await assert.rejects(run(block('js', "import { disconnect } from 'atommq/client';")), /TS\d+/);
  await assert.rejects(run(block('js', "throw new Error('no');")), /ended with 1/);
  await assert.rejects(run(block('python', 'import nothing')), /ended with 1/);
});

test('a configuration, a document', async () => {
  await run(block('yaml', 'feeds: [{ match: "*", append_only: true }]') + block('json', '{}') + block('xml', '<a/>'));
  await assert.rejects(run(block('yaml', 'fedes: []')), /fedes/);
  await assert.rejects(run(block('json', '{')));
  await assert.rejects(run(block('xml', '<a>')));
});

test('nothing is passed over', async () => {
  await assert.rejects(run(block('', 'a')), /no way to run a block of no language/);
  await assert.rejects(run(block('sql', 'SELECT 1')), /no way to run a block of sql/);
  assert.throws(() => stepsOf(`<!-- skip: -->\n${block('sh', 'a')}`), /line 1: .* needs a reason/);
  assert.throws(() => stepsOf(`<!-- ran: a -->\n${block('sh', 'a')}`), /line 1: a comment is one of/);
  assert.throws(() => stepsOf('<!-- with: a -->\n'), /no block after it/);
  assert.throws(() => stepsOf('text\n```sh\na'), /line 2: a block that does not end/);
  await assert.rejects(run(`<!-- read: b → c -->\n${block('sh', 'a')}`), /the block has no b/);
});
