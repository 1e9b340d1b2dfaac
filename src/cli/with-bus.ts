/** A bus that a command opens for one piece of work on the database. */
import { AtomMQ } from '../bus.js';
import type { Settings } from '../config.js';
import { StoreUnavailable } from '../store/store.js';
import { adviceOn, opening } from './databases.js';
import { Failed } from './failed.js';

/**
 * @returns what the work returns
 * @throws Failed where the database does not open, or does not answer
 */
export async function withBus<T>(settings: Settings, work: (bus: AtomMQ) => Promise<T>): Promise<T> {
  const bus = await opening(settings.databaseName, () => AtomMQ.from(settings, console.error, { runOnce: true }));
  try {
    return await work(bus);
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    const { message } = error.cause as Error;
    throw new Failed(`the database does not answer (${message})${adviceOn(error.cause)}`);
  } finally {
    await bus.close();
  }
}
