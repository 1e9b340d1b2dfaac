/** `atommq check`. */
import type { Input } from './commands.js';
export async function check(_input: Input): Promise<number> {
  return 0;
}
