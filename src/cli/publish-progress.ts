/** How far `atommq publish` is: a bar where it is known how much there is, else a count; nothing where nobody looks on. */
import { Progress, type ProgressStream } from './progress.js';

export interface Shown {
  /** So many bytes of the files were read. */
  bytes(count: number): void;
  /** So many entries are stored. */
  stored(count: number): void;
  /** A line of its own. */
  note(line: string): void;
  end(): void;
}

/** @param total bytes of all files; undefined where one of them is a pipe */
export function shownOn(stream: ProgressStream, total: number | undefined): Shown {
  const note = (line: string) => void stream.write(`${line}\n`);
  if (!stream.isTTY) return { bytes: () => {}, stored: () => {}, note, end: () => {} };
  if (total !== undefined) {
    const progress = new Progress('publish, bytes', total, stream);
    return {
      bytes: (count) => progress.add(count),
      stored: () => {},
      note: (line) => progress.note(line),
      end: () => progress.end(),
    };
  }
  let shown = 0;
  const show = (count: number) => {
    shown = count;
    stream.write(`\r\x1b[Kpublish: ${count} entries`);
  };
  return {
    bytes: () => {},
    // Each hundredth is enough to see that it goes on.
    stored: (count) => {
      if (count - shown >= 100) show(count);
    },
    note: (line) => {
      stream.write(`\r\x1b[K${line}\n`);
      shown = 0;
    },
    end: () => void stream.write('\r\x1b[K'),
  };
}
