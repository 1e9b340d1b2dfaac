/** The same work by what people would use instead: published by 64 clients and by one, and read by one consumer. */
import { missing, openFolder } from '../../doors/children.js';
import { atomBus, atomMQ } from '../peers/atom.js';
import { nats } from '../peers/nats.js';
import type { Peer, PeerKind, Way } from '../peers/peer.js';
import { rabbitMQ } from '../peers/rabbitmq.js';
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
async function measure(stage: Stage, kind: PeerKind, way: Way): Promise<Rates> {
  const peer = await kind.start(way, openFolder(), CLIENTS);
  const { seconds, rounds } = stage.settings;
  const rates: Rates = { many: [], one: [], replayed: [] };
  try {
    // By one client, so that no two make the same feed at the same time; then for warming up.
    await peer.publish(0);
    await rate(Math.min(1, seconds), CLIENTS, peer);
    for (let round = 0; round < rounds; round += 1) {
      rates.many.push(await rate(seconds, CLIENTS, peer));
      rates.one.push(await rate(seconds, 1, peer));
    }
    // A queue gives each message once: no more in all than there are.
    const messages = Math.floor(Math.min(...rates.many) * seconds);
    for (let round = 0; round < rounds; round += 1) {
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

async function lacking({ needs }: PeerKind, { lacks }: Way): Promise<string | undefined> {
  const absent = new Set(missing(Object.keys(needs)).map((need) => needs[need]));
  return absent.size > 0 ? `apt install ${[...absent].join(' ')}` : lacks?.();
}

export const rows: Row[] = [atomMQ, atomBus, redis, nats, rabbitMQ].flatMap((kind) =>
  kind.ways.flatMap((way) =>
    works.map(
      ([key, work]): Row => ({
        name: `peer ${kind.name}, ${way.name}: ${work}`,
        against: '',
        acknowledges: way.acknowledges,
        async measure(stage): Promise<Figures | string> {
          const lacks = await lacking(kind, way);
          if (lacks !== undefined) return `not measured: ${lacks}`;
          const rates = await stage.once(`peer ${kind.name} ${way.name}`, () => measure(stage, kind, way));
          return { unit: 'messages/s', ours: rates[key] };
        },
      }),
    ),
  ),
);
