/** x. */
import type { Input } from './command.js';
export async function completion(_input: Input): Promise<number> {
  return 0;
}
