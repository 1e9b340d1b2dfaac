/** A small shop's feeds, for pictures and for tests of the pages. */
import assert from 'node:assert/strict';
import { type EntryDraft, writeDraft } from '../../src/atom/draft.js';

const HTML = `<p>Two <strong>Galera nodes</strong> were taken out one after the other, and <em>nothing</em> was lost.</p>
<ul><li>publishing stood still for 5 s</li><li>consumers went on from the ids that they had kept</li></ul>
<table><tr><th>Node</th><th>Away for</th></tr><tr><td>db1</td><td>40 s</td></tr><tr><td>db2</td><td>38 s</td></tr></table>`;

const FIRST = ['Ada', 'Grace', 'Alan', 'Edsger', 'Barbara', 'Donald', 'Radia', 'Leslie'];
const GOODS = ['tea pot', 'desk lamp', 'bicycle bell', 'notebook', 'enamel mug', 'wool blanket', 'pocket knife'];

const TYPE = { 'content-type': 'application/atom+xml' };

/** The entries of each feed, oldest first. */
export function sample(): Record<string, EntryDraft[]> {
  const orders = Array.from({ length: 64 }, (_, i): EntryDraft => {
    const paid = i % 3 !== 0;
    const goods = GOODS[i % GOODS.length]!;
    return {
      title: `Order ${4100 + i} ${paid ? 'paid' : 'placed'}`,
      content: {
        type: 'application/json',
        value: JSON.stringify({ order: 4100 + i, goods, total: 19 + ((i * 7) % 50) }),
      },
      author: FIRST[i % FIRST.length]!,
      categories: [paid ? 'paid' : 'placed', ...(i % 5 === 0 ? ['gift'] : [])],
    };
  });
  return {
    orders,
    deploys: [
      {
        title: 'shop-web 5.2.0 rolled out',
        content: 'All four heads serve the new version.',
        categories: ['production'],
      },
      { title: 'Failover exercise', content: { type: 'html', value: HTML }, author: 'Radia', categories: ['exercise'] },
    ],
    sensors: Array.from({ length: 90 }, (_, i) => ({
      title: `Cold store ${1 + (i % 3)}: ${(3.6 + ((i * 13) % 11) / 10).toFixed(1)} °C`,
      content: {
        type: 'application/json',
        value: JSON.stringify({ store: 1 + (i % 3), celsius: 3.6 + ((i * 13) % 11) / 10 }),
      },
      categories: [`store-${1 + (i % 3)}`],
    })),
    news: [{ title: 'We open on Sundays', content: 'From March on, from ten to four.', author: 'Grace' }],
    mail: FIRST.map((name) => ({
      title: `Welcome, ${name}`,
      content: `A letter to ${name} was sent.`,
      categories: ['welcome'],
    })),
  };
}

/** Publishes it. @param url of the mount point */
export async function publishSample(url: string): Promise<void> {
  for (const [feed, entries] of Object.entries(sample())) {
    for (const entry of entries) {
      const answer = await fetch(`${url}/feed=${feed}`, { method: 'POST', headers: TYPE, body: writeDraft(entry) });
      assert.equal(answer.status, 201, await answer.text());
    }
  }
  const metadata = `<feed xmlns="http://www.w3.org/2005/Atom"><title>Orders</title><subtitle>What customers placed and paid, as it happens</subtitle></feed>`;
  assert.equal((await fetch(`${url}/feed=orders`, { method: 'PUT', headers: TYPE, body: metadata })).status, 200);
}
