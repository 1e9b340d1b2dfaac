/** The same work by what people would use instead: published by 64 clients and by one, and read by one consumer. */
import { missing, openFolder } from '../../doors/children.js';
import { nats } from '../peers/nats.js';
import type { Peer, PeerKind } from '../peers/peer.js';
import { redis } from '../peers/redis.js';
import type { Row } from '../row.js';
import type { Figures, Stage } from '../stage.js';

const CLIENTS = 64;

interface Rates {
  many: number[];
  one: number[];
  replayed: number[];
}

async function rate(seconds: number, clients: number, peer: Peer): Promise<number> {
  const begin = performance.now();
  const end = begin + seconds * 1000;
  let count = 0;
  await Promise.all(
    Array.from({ length: clients }, async (_, i) => {
      for (; performance.now() < end; count += 1) await peer.publish(i);
    }),
  );
  return (count * 1000) / (performance.now() - begin);
}

/** All of a broker's works at once, so that it is started once; what is replayed is what was published. */
async function measure(stage: Stage, kind: PeerKind, synced: boolean): Promise<Rates> {
  const peer = await kind.start(synced, openFolder(), CLIENTS);
  const { seconds, rounds } = stage.settings;
  const rates: Rates = { many: [], one: [], replayed: [] };
  try {
    for (let round = 0; round < rounds; round += 1) {
      rates.many.push(await rate(seconds, CLIENTS, peer));
      rates.one.push(await rate(seconds, 1, peer));
    }
    const messages = Math.floor((rates.many[0]! * seconds) / 1000) * 1000;
    for (let round = 0; round < rounds && messages > 0; round += 1) {
      const begin = performance.now();
      await peer.replay(messages);
      rates.replayed.push((messages * 1000) / (performance.now() - begin));
    }
  } finally {
    await peer.stop();
  }
  return rates;
}

const works: [keyof Rates, string][] = [
  ['many', 'publish, 64 clients'],
  ['one', 'publish, 1 client'],
  ['replayed', 'replay'],
];

export const rows: Row[] = [redis, nats].flatMap((kind) =>
  [true, false].flatMap((synced) =>
    works.map(
      ([key, work]): Row => ({
        name: `peer ${kind.name}, ${synced ? 'fsync' : 'default'}: ${work}`,
        against: '',
        async measure(stage): Promise<Figures | string> {
          const absent = missing(kind.needs);
          if (absent.length > 0) return `not measured: apt install ${absent.join(' ')}`;
          if (synced && kind.cannotSync?.()) return 'not measured: this version cannot fsync first';
          const rates = await stage.once(`peer ${kind.name} ${synced}`, () => measure(stage, kind, synced));
          return { unit: 'messages/s', ours: rates[key] };
        },
      }),
    ),
  ),
);
