/** stub */
import type { Database, OpenOptions } from './dialect.js';
import type { DatabaseSettings } from './store.js';
export async function openPortable(_settings: DatabaseSettings, _options: OpenOptions): Promise<Database> {
  throw new Error('not yet');
}
