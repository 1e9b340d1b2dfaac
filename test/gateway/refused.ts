/** Waits until nobody listens any more. */
import { connect, type NetConnectOpts } from 'node:net';

export async function refused(at: NetConnectOpts): Promise<void> {
  for (;;) {
    const taken = await new Promise<boolean>((resolve) => {
      const socket = connect(at, () => resolve(true));
      socket.once('error', () => resolve(false));
      socket.once('close', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (!taken) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
