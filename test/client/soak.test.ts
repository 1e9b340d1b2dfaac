/** A minute of churn in the suite; `ATOMMQ_SOAK_SECONDS` says how long otherwise, and `soak.js MINUTES` is for longer. */
import { after, test } from 'node:test';
import { endAll } from '../server.js';
import { soak } from './soak.js';

after(endAll);

test('clients come and go, a server restarts, and neither memory nor listeners nor descriptors grow', async (t) => {
  await soak(Number(process.env.ATOMMQ_SOAK_SECONDS ?? 60), (line) => t.diagnostic(line));
});
