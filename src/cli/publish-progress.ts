/** How far `atommq publish` is: a bar where it is known how much there is, else a count; nothing where nobody looks on. */
import { Count, Progress, type ProgressStream } from './progress.js';

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
  const entries = new Count('publish', 'entries', stream);
  return {
    bytes: () => {},
    stored: (count) => entries.show(count),
    note: (line) => entries.above(() => note(line)),
    end: () => entries.end(),
  };
}
