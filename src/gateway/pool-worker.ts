/** A worker of a pool: serves until its primary tells it to stop, or is gone. */
import type { Listener } from './listener.js';
import { hear, type Share, type ShareMessage, say } from './share.js';

/** What a primary says. */
export const STOP = 'stop';
/** What a worker says first: that it listens and where, or why it cannot. */
export const LISTENING = 'listening';
export interface WorkerMessage {
  type: typeof LISTENING | 'failed';
  text: string;
}

/** @returns the exit code */
export async function runWorker(start: () => Promise<Listener>, drainSeconds?: number, share?: Share): Promise<number> {
  // The primary decides when to stop: a terminal sends its signals to the whole group.
  for (const signal of ['SIGINT', 'SIGHUP', 'SIGTERM'] as const) process.on(signal, () => {});
  // Without its primary a worker must not hold the socket: a web server would never start another pool.
  const told = new Promise<void>((resolve) => {
    process.on('message', (message: typeof STOP | ShareMessage) => {
      if (message === STOP) resolve();
      else hear(message, share);
    });
    process.once('disconnect', resolve);
  });
  let listener: Listener;
  try {
    listener = await start();
  } catch (error) {
    await tell({ type: 'failed', text: (error as Error).message });
    return 4;
  }
  await tell({ type: LISTENING, text: listener.address });
  await told;
  const clean = await listener.close(drainSeconds);
  await say(0, share);
  return clean ? 0 : 1;
}

/** Resolves also when nobody can hear it any more. */
function tell(message: WorkerMessage): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined || !process.connected) resolve();
    else process.send(message, undefined, undefined, () => resolve());
  });
}
