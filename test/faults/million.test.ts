/** A short run of what `million.js` does at length; `ATOMMQ_FAULT_ENTRIES` says how many entries. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { endAll } from '../server.js';
import { databases, lackingFor } from '../store/databases.js';
import { lineOf, million } from './million.js';

after(endAll);
const ENTRIES = Number(process.env.ATOMMQ_FAULT_ENTRIES ?? 20_000);

for (const kind of databases.filter(({ name }) => name !== 'better-sqlite3')) {
  test(`${kind.name}: ${ENTRIES} entries while every process is killed`, { skip: lackingFor(kind) }, async (t) => {
    const result = await million(kind, ENTRIES, 0.7);
    t.diagnostic(lineOf(kind.name, result));
    assert.deepEqual(result.wrong, []);
    const { acknowledged, lost, doubled, disordered } = result;
    assert.deepEqual(
      { acknowledged, lost, doubled, disordered },
      { acknowledged: ENTRIES, lost: 0, doubled: 0, disordered: 0 },
    );
    for (const [victim, count] of Object.entries(result.kills)) assert.ok(count > 0, `${victim} was never killed`);
  });
}
