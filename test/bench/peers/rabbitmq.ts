/** RabbitMQ, by the frames of AMQP 0-9-1 that publishing and consuming take: queues that fsync, queues in memory, and streams. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, type Server, startServer } from '../../doors/children.js';
import { pinned } from '../machine.js';
import { entryOf } from '../stage.js';
import { Line, type PeerKind } from './peer.js';

const [METHOD, HEADER, BODY] = [1, 2, 3];
const QUEUE = 'm';
const CHANNEL = 1;

const u8 = (value: number) => Buffer.from([value]);
const u16 = (value: number) => Buffer.from([value >> 8, value & 255]);
const u32 = (value: number) => Buffer.concat([u16(value >>> 16), u16(value & 65535)]);
const u64 = (value: number) => Buffer.concat([u32(0), u32(value)]);
const short = (text: string) => Buffer.concat([u8(text.length), Buffer.from(text)]);
const long = (bytes: string | Buffer) => Buffer.concat([u32(bytes.length), Buffer.from(bytes)]);
/** A table of strings. */
const table = (fields: Record<string, string> = {}) =>
  long(Buffer.concat(Object.entries(fields).flatMap(([name, value]) => [short(name), Buffer.from('S'), long(value)])));

function frame(type: number, channel: number, ...parts: Buffer[]): Buffer {
  const payload = Buffer.concat(parts);
  return Buffer.concat([u8(type), u16(channel), u32(payload.length), payload, u8(0xce)]);
}

const method = (channel: number, classId: number, id: number, ...given: Buffer[]) =>
  frame(METHOD, channel, u16(classId), u16(id), ...given);

/** The size of the first frame, 0 while it is not whole. */
function sizeOf(bytes: Buffer): number {
  if (bytes.length < 7) return 0;
  const size = bytes.readUInt32BE(3) + 8;
  if (bytes.length < size) return 0;
  const [classId, id] = [bytes.readUInt16BE(7), bytes.readUInt16BE(9)];
  // connection.close and channel.close say why.
  const closes = bytes[0] === METHOD && ((classId === 10 && id === 50) || (classId === 20 && id === 40));
  if (closes) throw new Error(bytes.toString('latin1', 14, 14 + bytes[13]!));
  return size;
}

/** A connection with one channel that is open. */
async function open(port: number, take = sizeOf): Promise<Line> {
  const line = await Line.open(port, take);
  await line.ask('AMQP\0\0\x09\x01');
  const tune = await line.ask(method(0, 10, 11, table(), short('PLAIN'), long('\0guest\0guest'), short('en_US')));
  const agreed = method(0, 10, 31, tune.subarray(11, 17), u16(0));
  await line.ask(Buffer.concat([agreed, method(0, 10, 40, short('/'), short(''), u8(0))]));
  await line.ask(method(CHANNEL, 20, 10, short('')));
  return line;
}

/** The broker and the name server of Erlang's that it needs, all on ports and in folders of their own. */
async function startBroker(folder: string, port: number): Promise<() => Promise<void>> {
  const [names, distribution] = [await freePort(), await freePort()];
  const epmd = startServer({ command: 'epmd', arguments: ['-address', '127.0.0.1', '-port', `${names}`] });
  writeFileSync(join(folder, 'plugins'), '[].\n');
  const run = pinned('server', RABBITMQ, []);
  const broker: Server = startServer({
    command: run.command,
    arguments: run.args,
    cwd: folder,
    environment: {
      HOME: folder,
      ERL_EPMD_PORT: `${names}`,
      ERL_EPMD_ADDRESS: '127.0.0.1',
      RABBITMQ_NODENAME: `bench-${port}@localhost`,
      RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
      RABBITMQ_NODE_PORT: `${port}`,
      RABBITMQ_DIST_PORT: `${distribution}`,
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
      RABBITMQ_MNESIA_BASE: join(folder, 'data'),
      RABBITMQ_LOG_BASE: join(folder, 'log'),
      RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'plugins'),
      RABBITMQ_CONF_ENV_FILE: join(folder, 'none'),
      RABBITMQ_CONFIG_FILE: join(folder, 'none'),
      // Then no shell stands between us and the process that is to end.
      RUNNING_UNDER_SYSTEMD: 'true',
    },
  });
  return async () => {
    await broker.stop();
    await epmd.stop();
  };
}

const RABBITMQ = '/usr/lib/rabbitmq/bin/rabbitmq-server';

/** What a queue of each way is declared with, and its messages are sent as. */
const QUEUES: Record<string, { durable: boolean; type: string }> = {
  fsync: { durable: true, type: 'quorum' },
  default: { durable: false, type: 'classic' },
  stream: { durable: true, type: 'stream' },
};

export const rabbitMQ: PeerKind = {
  name: 'RabbitMQ',
  needs: { [RABBITMQ]: 'rabbitmq-server' },
  ways: [
    { name: 'fsync', acknowledges: 'written and fsynced (quorum queue of one node, publisher confirms)' },
    { name: 'default', acknowledges: 'in memory (transient message in a classic queue, publisher confirms)' },
    { name: 'stream', acknowledges: 'written, not fsynced (stream, publisher confirms)' },
  ],
  async start(way, folder, clients) {
    const port = await freePort();
    const stop = await startBroker(folder, port);
    const { durable, type } = QUEUES[way.name]!;
    const lines: Line[] = [];
    for (let i = 0; i < clients; i += 1) lines.push(await open(port));
    const bits = u8(durable ? 2 : 0);
    await lines[0]!.ask(method(CHANNEL, 50, 10, u16(0), short(QUEUE), bits, table({ 'x-queue-type': type })));
    await Promise.all(lines.map((line) => line.ask(method(CHANNEL, 85, 10, u8(0)))));
    const body = Buffer.from(entryOf());
    const deliveryMode = u8(durable ? 2 : 1);
    const message = Buffer.concat([
      method(CHANNEL, 60, 40, u16(0), short(''), short(QUEUE), u8(0)),
      frame(HEADER, CHANNEL, u16(60), u16(0), u64(body.length), u16(0x1000), deliveryMode),
      frame(BODY, CHANNEL, body),
    ]);
    return {
      async publish(client) {
        const answer = await lines[client]!.ask(message);
        // basic.ack, not basic.nack.
        if (answer.readUInt16BE(9) !== 80) throw new Error('RabbitMQ did not take a message');
      },
      replay: (messages) => consume(port, messages, type),
      async stop() {
        for (const line of lines) line.close();
        await stop();
      },
    };
  },
};

/** By one consumer to whom messages are pushed; streams want to hear from time to time that they were taken. */
async function consume(port: number, messages: number, type: string): Promise<void> {
  const isStream = type === 'stream';
  let seen = 0;
  let finish = () => {};
  let last: Buffer = u64(0);
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const reader = await open(port, (bytes) => {
    const size = sizeOf(bytes);
    if (size === 0) return 0;
    // basic.deliver has the consumer's name, and then the number of the delivery.
    if (bytes[0] === METHOD && bytes.readUInt32BE(7) === DELIVER) {
      const at = 12 + bytes[11]!;
      last = Buffer.from(bytes.subarray(at, at + 8));
    }
    if (bytes[0] !== BODY) return size;
    seen += 1;
    if (isStream && seen % 500 === 0) void reader.ask(method(CHANNEL, 60, 80, last, u8(1)));
    if (seen === messages) finish();
    return size;
  });
  await reader.ask(method(CHANNEL, 60, 10, u32(0), u16(2000), u8(0)));
  const from = table(isStream ? { 'x-stream-offset': 'first' } : {});
  await reader.ask(method(CHANNEL, 60, 20, u16(0), short(QUEUE), short('c'), u8(isStream ? 0 : 2), from));
  await finished;
  reader.close();
}

/** The class and the method of basic.deliver. */
const DELIVER = 60 * 65536 + 60;
