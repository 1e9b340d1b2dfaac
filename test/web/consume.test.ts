/** The lines that a feed's page offers to copy run as they stand: by a shell, by Node, by Python. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { writeDraft } from '../../src/atom/draft.js';
import { newFolder, Server, until } from '../client/server.js';
import { missing } from '../doors/children.js';
import { endAll, start, stop } from '../server.js';

after(endAll);

const KINDS = [
  { id: 'curl', needs: 'curl', file: 'line.sh', run: (file: string) => ['sh', file] },
  { id: 'javascript', needs: 'node', file: 'line.mjs', run: (file: string) => [process.execPath, file] },
  { id: 'python', needs: 'python3', file: 'line.py', run: (file: string) => ['python3', file] },
];

describe('lines that consume', () => {
  let server: Server;
  before(async () => {
    server = await Server.start();
  });
  after(() => server?.stop());

  const publish = async (feed: string, title: string, id?: string) => {
    const body = writeDraft({ title, content: 'c', ...(id === undefined ? {} : { id }) });
    const headers = { 'content-type': 'application/atom+xml' };
    const answer = await fetch(`${server.url}/feed=${encodeURIComponent(feed)}`, { method: 'POST', headers, body });
    assert.equal(answer.status, 201);
  };
  const textOf = async (feed: string, id: string): Promise<string> => {
    const answer = await fetch(`${server.url}/feed=${encodeURIComponent(feed)}`, { headers: { accept: 'text/html' } });
    const [, markup] = new RegExp(`<pre id="consume-${id}"[^>]*><code>(.*?)</code>`, 's').exec(await answer.text())!;
    const entities: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"', '#39': "'" };
    return markup!.replace(/<[^>]*>/g, '').replace(/&([^;]*);/g, (_, name: string) => entities[name]!);
  };

  for (const { id, needs, file, run } of KINDS) {
    test(`${id}, from the newest entry on`, {
      skip: missing([needs]).length > 0 && `${needs} not installed`,
    }, async () => {
      // A name and an id that a quote, or what a shell or a program makes of them, would break.
      for (const [feed, last] of [
        ['plain', undefined],
        [`it's "$(x)" \`y\` \\ ü`, `urn:x:it's"\\$(z)%20&a=b+ü`],
      ] as const) {
        await publish(feed, 'old', last);
        const path = join(newFolder(), file);
        writeFileSync(path, await textOf(feed, id));
        const [command, ...args] = run(path);
        const child = start(command!, args);
        // It has to be there before what comes is published, or it shows no more than that it reads.
        for (let number = 1; number < 4; number += 1) {
          await publish(feed, `new ${number} of ${id}`);
          await until(() => child.said().includes(`new ${number} of ${id}`), `${id} of ${feed} said: ${child.said()}`);
        }
        assert.doesNotMatch(child.said(), /\bold\b/);
        await stop(child, 'SIGKILL');
      }
    });
  }

  test('a feed that holds nothing has lines from the beginning', async () => {
    const metadata = '<feed xmlns="http://www.w3.org/2005/Atom"><title>t</title></feed>';
    const headers = { 'content-type': 'application/atom+xml' };
    await fetch(`${server.url}/feed=empty`, { method: 'PUT', headers, body: metadata });
    assert.match(await textOf('empty', 'curl'), /feed=empty'$/);
    for (const { id, needs, file, run } of KINDS.slice(1)) {
      if (missing([needs]).length > 0) continue;
      const path = join(newFolder(), file);
      writeFileSync(path, await textOf('empty', id));
      const [command, ...args] = run(path);
      const child = start(command!, args);
      await publish('empty', `first for ${id}`);
      await until(() => child.said().includes(`first for ${id}`), child.said());
      await stop(child, 'SIGKILL');
    }
  });

  test('the line of an entry reads it', async () => {
    const { items } = (await (await fetch(`${server.url}/feed=plain?format=json`)).json()) as {
      items: { url: string }[];
    };
    const page = await (await fetch(items[0]!.url, { headers: { accept: 'text/html' } })).text();
    const line = /<pre id="curl"[^>]*><code>(.*?)<\/code>/s.exec(page)![1]!.replaceAll('&#39;', "'");
    const { status, stdout } = spawnSync('sh', ['-c', line], { encoding: 'utf8' });
    assert.equal(status, 0);
    assert.match(stdout, /<title>old<\/title>/);
  });
});
