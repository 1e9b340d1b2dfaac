/** NATS JetStream: published with acknowledgements, and read by a consumer that is asked for a thousand at a time. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, PATH, startServer } from '../../doors/children.js';
import { pinned } from '../machine.js';
import { entryOf } from '../stage.js';
import { Line, type PeerKind } from './peer.js';

/** One message to us is an answer; what else the server says is passed over with it. */
function message(bytes: Buffer): number {
  for (let at = 0; ; ) {
    const end = bytes.indexOf('\r\n', at);
    if (end === -1) return 0;
    const line = bytes.toString('latin1', at, end);
    if (line.startsWith('-ERR')) throw new Error(line);
    if (/^H?MSG /.test(line)) {
      const whole = end + 2 + Number(line.split(' ').at(-1)) + 2;
      return bytes.length < whole ? 0 : whole;
    }
    at = end + 2;
  }
}

const publish = (subject: string, body: string) => `PUB ${subject} in ${Buffer.byteLength(body)}\r\n${body}\r\n`;

async function cannotSync(): Promise<string | undefined> {
  const { stdout } = spawnSync('nats-server', ['-v'], { encoding: 'utf8', env: { PATH } });
  return /v2\.[0-9]\./.test(stdout) ? `${stdout.trim()} has no sync_interval, which came with 2.10` : undefined;
}

export const nats: PeerKind = {
  name: 'NATS JetStream',
  needs: { 'nats-server': 'nats-server' },
  ways: [
    { name: 'fsync', acknowledges: 'written and fsynced (sync_interval: always)', lacks: cannotSync },
    { name: 'default', acknowledges: 'written, not fsynced (that happens every two minutes)' },
  ],
  async start(way, folder, clients) {
    const port = await freePort();
    const file = join(folder, 'nats.conf');
    const sync = way.name === 'fsync' ? 'sync_interval: always' : '';
    writeFileSync(file, `listen: 127.0.0.1:${port}\njetstream { store_dir: "${folder}/store"\n ${sync} }\n`);
    const run = pinned('server', 'nats-server', ['-c', file]);
    const server = startServer({ command: run.command, arguments: run.args });
    const hello = 'CONNECT {"verbose":false,"headers":true}\r\nSUB in 1\r\n';
    const lines: Line[] = [];
    for (let i = 0; i < clients; i += 1) lines.push(await Line.open(port, message));
    // The first answer to the connection's own inbox: who we are.
    const inbox = (i: number) => hello.replace('SUB in', `SUB in${i}`);
    const say = (i: number, subject: string, body: string, first = false) =>
      lines[i]!.ask((first ? inbox(i) : '') + publish(subject, body).replace(' in ', ` in${i} `));
    const made = await say(
      0,
      '$JS.API.STREAM.CREATE.s',
      JSON.stringify({ name: 's', subjects: ['m'], storage: 'file' }),
      true,
    );
    if (made.includes('"error"')) throw new Error(made.toString());
    await Promise.all(lines.map((_, i) => (i === 0 ? undefined : say(i, 'm', entryOf(), true))));
    const entry = entryOf();
    return {
      async publish(client) {
        const answer = await say(client, 'm', entry);
        if (answer.includes('"error"')) throw new Error(answer.toString());
      },
      async replay(messages) {
        // A push consumer without acknowledgements: the fastest way that it has.
        let seen = -1;
        let finish = () => {};
        const finished = new Promise<void>((resolve) => {
          finish = resolve;
        });
        const reader = await Line.open(port, (bytes) => {
          const size = message(bytes);
          if (size > 0) seen += 1;
          if (seen === messages) finish();
          return size;
        });
        const config = { deliver_subject: 'out', ack_policy: 'none', deliver_policy: 'all' };
        const body = JSON.stringify({ stream_name: 's', config });
        const create = publish('$JS.API.CONSUMER.CREATE.s', body).replace(' in ', ' in999 ');
        await reader.ask(`${inbox(999)}SUB out 2\r\n${create}`);
        await finished;
        reader.close();
      },
      async stop() {
        for (const line of lines) line.close();
        await server.stop();
      },
    };
  },
};
