/**
 * Many entries through servers that are killed all the time:
 * `node dist/test/faults/million.js [sqlite|postgresql|mariadb] [ENTRIES] [--kills SECONDS]`.
 * Ends with one line, and with 1 when an entry was lost, doubled or out of order.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { endAll } from '../server.js';
import { type DatabaseKind, databases, lackingFor } from '../store/databases.js';
import { startFleet } from './fleet.js';
import { type Findings, Load } from './ledger.js';

export interface Result extends Findings {
  kills: Record<string, number>;
  seconds: number;
  wrong: string[];
}

/**
 * @param pause between one kill and the next, on average, in seconds
 * @param log is told how it goes
 */
export async function million(
  kind: DatabaseKind,
  entries: number,
  pause: number,
  log: (line: string) => void = () => {},
): Promise<Result> {
  const database = await kind.create();
  const fleet = await startFleet(database, await kind.server?.());
  const began = performance.now();
  let allKilled = () => {};
  const lastly = new Promise<void>((resolve) => {
    allKilled = resolve;
  });
  const load = new Load({ entries, ports: fleet.ports, lastly });
  const kills = Object.fromEntries(Object.keys(fleet.victims).map((name) => [name, 0]));
  let over = false;
  const killing = (async () => {
    const names = Object.keys(kills);
    for (let n = 0; ; n += 1) {
      await Promise.race([sleep(pause * 1000 * (0.5 + Math.random())), load.isOver(1e9)]);
      if (over) return;
      // Each in turn first, so that a short run has them all, then at random.
      const name = names[n < names.length ? n : Math.floor(Math.random() * names.length)]!;
      if (await fleet.victims[name]!()) kills[name]! += 1;
      if (names.every((one) => kills[one]! > 0)) allKilled();
    }
  })();
  for (let seconds = 10; !(await load.isOver(10_000)); seconds += 10) {
    log(`${seconds} s: ${load.acknowledged} acknowledged, kills ${JSON.stringify(kills)}`);
  }
  const findings = await load.findings();
  const seconds = (performance.now() - began) / 1000;
  over = true;
  await killing;
  await fleet.stop();
  if (load.wrong.length > 0) log(fleet.said());
  return { ...findings, kills, seconds, wrong: load.wrong };
}

/** A result as one line. */
export function lineOf(name: string, { kills, seconds, ...found }: Result): string {
  const killed = Object.entries(kills).map(([who, count]) => `${count} ${who}`);
  const sum = Object.values(kills).reduce((all, count) => all + count, 0);
  return (
    `${name}: ${found.acknowledged} entries, ${sum} kills (${killed.join(', ')}), ${found.lost} lost, ` +
    `${found.doubled} doubled, ${found.disordered} out of order, ${seconds.toFixed(0)} seconds ` +
    `(${found.unknown} without an answer, ${found.replayed} of them stored already, ${found.refused} refused with 503)`
  );
}

async function main(): Promise<number> {
  const argv = process.argv.slice(2);
  const at = argv.indexOf('--kills');
  const pause = at === -1 ? 5 : Number(argv.splice(at, 2)[1]);
  const name = argv.find((one) => /^[a-z]/i.test(one)) ?? 'sqlite';
  const entries = Number(argv.find((one) => /^\d/.test(one)) ?? 1_000_000);
  const kind = databases.find((one) => one.name.toLowerCase() === name.toLowerCase());
  if (kind === undefined || !(pause > 0) || !(entries > 0)) {
    console.error('usage: million.js [sqlite|postgresql|mariadb] [ENTRIES] [--kills SECONDS]');
    return 2;
  }
  const lacking = lackingFor(kind);
  if (lacking !== false) throw new Error(lacking);
  const result = await million(kind, entries, pause, (line) => console.error(line));
  for (const wrong of result.wrong) console.error(wrong);
  console.log(lineOf(kind.name, result));
  return result.wrong.length + result.lost + result.doubled + result.disordered > 0 ? 1 : 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  process.once('exit', endAll);
  // The database's servers end with this process, whatever else would keep it.
  main().then(
    (code) => process.exit(code),
    (error) => {
      console.error(error);
      process.exit(1);
    },
  );
}
