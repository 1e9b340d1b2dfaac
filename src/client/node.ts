/** What of the client needs Node: positions in a file. */
import { open, readFile, rename, rm } from 'node:fs/promises';
import type { Positions } from './positions.js';

type Kept = Map<string, string>;

/**
 * Positions in a file of JSON, for the consumers of one process. A new one replaces it as a whole and is on the disk
 * first, so that it is never half written.
 * @throws Error from `get` when the file is there and holds something else
 */
export function filePositions(path: string): Positions {
  let kept: Promise<Kept> | undefined;
  let writing: Promise<void> = Promise.resolve();
  const load = () => {
    kept ??= read(path);
    return kept;
  };
  return {
    get: async (key) => (await load()).get(key),
    set: (key, id) => {
      // One after the other, also after one that failed.
      writing = writing
        .catch(() => {})
        .then(async () => {
          const all = await load();
          all.set(key, id);
          await replace(path, `${JSON.stringify(Object.fromEntries(all), null, 2)}\n`);
        });
      return writing;
    },
  };
}

async function read(path: string): Promise<Kept> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map();
    throw error;
  }
  try {
    const all: unknown = text.trim() === '' ? {} : JSON.parse(text);
    if (isKept(all)) return new Map(Object.entries(all));
  } catch {
    // Said below.
  }
  throw new Error(`${path} holds something else than positions; name another file, or remove it to begin anew.`);
}

function isKept(all: unknown): all is Record<string, string> {
  return (
    typeof all === 'object' &&
    all !== null &&
    !Array.isArray(all) &&
    Object.values(all).every((id) => typeof id === 'string')
  );
}

async function replace(path: string, text: string): Promise<void> {
  const next = `${path}.${process.pid}.new`;
  try {
    const file = await open(next, 'w', 0o666);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(next, path);
  } catch (error) {
    await rm(next, { force: true });
    throw error;
  }
}
