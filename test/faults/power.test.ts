/** Power cuts: at hundreds of places in a run, what the disk may hold then has all that was acknowledged, in its order. */
import assert from 'node:assert/strict';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openFolder } from '../doors/children.js';
import { endAll, freePort, overHttp, start, stop } from '../server.js';
import { idsOf, openStore } from '../store/stores.js';
import { Disk, lackingCompiler, lengthOf, onDisk, randomFrom, readLog } from './disk.js';
import { SqliteFile } from './file.js';
import { BIN } from './fleet.js';

after(endAll);
const CUTS = Number(process.env.ATOMMQ_FAULT_CUTS ?? 400);
const ENTRIES = Number(process.env.ATOMMQ_FAULT_POWER_ENTRIES ?? 600);
const PUBLISHERS = 4;
const SEED = Number(process.env.ATOMMQ_SEED ?? Date.now() % 2 ** 31);

/** What a run came to: the log, and for each acknowledged entry how long the log was then. */
interface Run {
  log: string;
  acknowledged: Map<string, number>;
  /** All entries in their order, at the end. */
  order: string[];
}

/** Publishes through two processes; one is killed and comes back, and both end at times, which ends the write-ahead log. */
async function record(): Promise<Run> {
  const folder = join(openFolder(), 'data');
  mkdirSync(folder);
  const log = join(openFolder(), 'log');
  const database = join(folder, 'bus.db');
  const acknowledged = new Map<string, number>();
  let next = 0;
  for (let round = 1; round <= 3; round += 1) {
    const ports = [await freePort(), await freePort()];
    const serve = (port: number) =>
      start(BIN, ['--port', String(port), '--database', database], onDisk(folder, { LOG: log }));
    const servers = [serve(ports[0]!)];
    await ready(ports[0]!);
    servers.push(serve(ports[1]!));
    await ready(ports[1]!);
    const publishing = Array.from({ length: PUBLISHERS }, async (_, publisher) => {
      while (next < (ENTRIES * round) / 3) {
        next += 1;
        const id = `urn:${next}`;
        const filler = 'x'.repeat(next % 7 === 0 ? 20_000 : next % 300);
        const body = `<entry><id>${id}</id><title>${filler}</title><category term="${next % 5}"/></entry>`;
        for (let tries = publisher; ; tries += 1) {
          const sent = overHttp(ports[tries % 2]!)('POST', '/feed=a', { body });
          const answer = await sent.catch(() => undefined);
          if (answer?.status === 201) break;
          assert.ok(answer === undefined || answer.status === 503, answer?.body);
          await sleep(20);
        }
        acknowledged.set(id, lengthOf(log));
      }
    });
    while (next < (ENTRIES * (round - 0.5)) / 3) await sleep(5);
    await stop(servers[1]!, 'SIGKILL');
    servers[1] = serve(ports[1]!);
    await Promise.all(publishing);
    for (const server of servers) await stop(server, round === 2 ? 'SIGKILL' : 'SIGTERM');
  }
  const { store } = await openStore(database);
  const order = await idsOf(store, 'a');
  await store.close();
  assert.equal(order.length, ENTRIES);
  return { log, acknowledged, order };
}

async function ready(port: number): Promise<void> {
  for (let i = 0; ; i += 1) {
    const answer = await overHttp(port)('GET', '/health/ready').catch(() => undefined);
    if (answer?.status === 200) return;
    assert.ok(i < 400, 'the server does not start');
    await sleep(25);
  }
}

/** What is wrong with what a cut left; undefined if nothing is. */
function wrongIn(folder: string, order: string[], needed: number): string | undefined {
  try {
    const database = new SqliteFile(join(folder, 'bus.db'));
    try {
      const integrity = database.value('PRAGMA integrity_check');
      if (integrity !== 'ok') return `integrity: ${integrity}`;
      const isNew = database.value(`SELECT count(*) FROM sqlite_schema WHERE name = 'mq_entry'`) === 0;
      const rows = isNew
        ? []
        : database.all<{ atom_id: string; position: number }>(
            'SELECT atom_id, position FROM mq_entry ORDER BY position',
          );
      const moved = rows.find(({ atom_id, position }, i) => atom_id !== order[i] || position !== i + 1);
      if (moved !== undefined) return `${moved.atom_id} is at ${moved.position}`;
      if (rows.length < needed) return `${needed - rows.length} acknowledged entries are lost`;
      const head = rows.length === 0 ? 0 : database.value('SELECT head FROM mq_feed');
      return head === rows.length ? undefined : `the head is ${head}, not ${rows.length}`;
    } finally {
      database.close();
    }
  } catch (error) {
    return String(error);
  }
}

/**
 * Cuts the power at random places, and says what was wrong after which.
 * @param isDeaf which files the disk does not keep when it is told to
 */
async function cut(
  { log, acknowledged, order }: Run,
  cuts: number,
  isDeaf?: (path: string) => boolean,
): Promise<string[]> {
  const random = randomFrom(SEED);
  const steps = readLog(log);
  const places = Array.from({ length: cuts }, () => Math.floor(random() * (steps.length + 1))).sort((a, b) => a - b);
  const disk = new Disk(isDeaf);
  const wrong: string[] = [];
  let done = 0;
  for (const [number, place] of places.entries()) {
    for (; done < place; done += 1) disk.do(steps[done]!);
    const time = steps[place - 1]?.end ?? 0;
    // They are in the database in their order, so the last that is needed needs all before it.
    const needed = order.findLastIndex((id) => acknowledged.get(id)! <= time) + 1;
    const folder = openFolder();
    disk.cut(folder, random);
    const found = wrongIn(folder, order, needed);
    if (found !== undefined) wrong.push(`cut ${number} after step ${place} of ${steps.length}: ${found}`);
    else if (number % 50 === 0 && isDeaf === undefined) {
      // As a server would find it, tables or not.
      const { store } = await openStore(join(folder, 'bus.db'));
      assert.deepEqual((await idsOf(store, 'a')).slice(0, needed), order.slice(0, needed));
      await store.close();
    }
    rmSync(folder, { recursive: true });
  }
  return wrong;
}

test(`${CUTS} power cuts lose nothing`, { skip: lackingCompiler() }, async (t) => {
  t.diagnostic(`ATOMMQ_SEED=${SEED}`);
  const run = await record();
  assert.deepEqual(await cut(run, CUTS), []);
  t.diagnostic(`${CUTS} cuts of ${readLog(run.log).length} steps with ${run.acknowledged.size} acknowledged entries`);
  // What is checked here would be seen to be wrong.
  for (const end of ['', '-wal', '.db']) {
    const harmful = await cut(run, 60, (path) => path.endsWith(end));
    assert.ok(harmful.length > 5, `only ${harmful.length} of 60 cuts did harm without syncs of *${end}`);
    t.diagnostic(`without syncs of *${end} ${harmful.length} of 60 do harm: ${harmful.at(-1)}`);
  }
});
