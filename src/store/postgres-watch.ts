/** Writes of other processes, told by PostgreSQL itself: `LISTEN` on a connection of its own. */
import type { Client, ClientConfig } from 'pg';

/** The channel; a message is the name of a feed that changed. */
export const CHANNEL = 'mq_feed';

/** Time before a lost connection is made again: doubled with each failure in a row, in milliseconds. */
const BACKOFF = 100;
const MOST_BACKOFF = 5000;

/**
 * @param onHint is told which feeds changed; undefined after a time in which nobody could tell
 * @returns what ends it
 */
export function listen(config: ClientConfig, onHint: (feeds?: string[]) => void): () => void {
  let client: Client | undefined;
  let timer: NodeJS.Timeout | undefined;
  let failures = 0;
  let over = false;
  const again = () => {
    client = undefined;
    if (over || timer !== undefined) return;
    timer = setTimeout(connect, Math.min(MOST_BACKOFF, BACKOFF * 2 ** failures)).unref();
    failures += 1;
  };
  const connect = async () => {
    timer = undefined;
    const { Client } = (await import('pg')).default;
    const made = new Client(config);
    // Both may come, in any order, for one end.
    made.on('error', again);
    made.on('end', again);
    made.on('notification', ({ payload }) => onHint(payload ? [payload] : undefined));
    try {
      await made.connect();
      await made.query(`LISTEN ${CHANNEL}`);
      if (over) return void made.end().catch(() => {});
      client = made;
      failures = 0;
      // What was written while nobody listened.
      onHint();
    } catch {
      made.end().catch(() => {});
      again();
    }
  };
  void connect();
  return () => {
    over = true;
    clearTimeout(timer);
    client?.end().catch(() => {});
  };
}
