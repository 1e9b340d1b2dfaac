/** Sixteen publishers for three seconds over kept connections; tells its parent how many entries a second were taken. */
import { Agent, request as httpRequest } from 'node:http';

const SECONDS = 3;
const CLIENTS = 16;
const BODY = '<entry><title>t</title></entry>';

const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });
const headers = { 'content-type': 'application/atom+xml', 'content-length': BODY.length };
const options = {
  host: '127.0.0.1',
  port: Number(process.argv[2]),
  method: 'POST',
  path: '/atommq/feed=other',
  headers,
};

function publish(): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ ...options, agent }, (response) => {
      if (response.statusCode !== 201) reject(new Error(`status ${response.statusCode}`));
      response.resume().once('end', resolve);
    });
    request.once('error', reject);
    request.end(BODY);
  });
}

const end = performance.now() + SECONDS * 1000;
let count = 0;
await Promise.all(
  Array.from({ length: CLIENTS }, async () => {
    while (performance.now() < end) {
      await publish();
      count += 1;
    }
  }),
);
process.send!(count / SECONDS);
process.disconnect();
agent.destroy();
