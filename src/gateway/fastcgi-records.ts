/** FastCGI records (FastCGI 1.0 §3): bytes in, bytes out, no behaviour. */

export const TYPE = {
  begin: 1,
  abort: 2,
  end: 3,
  params: 4,
  stdin: 5,
  stdout: 6,
  stderr: 7,
  data: 8,
  getValues: 9,
  getValuesResult: 10,
  unknown: 11,
} as const;

const VERSION = 1;
const HEADER = 8;
const MOST_CONTENT = 65_535;

export interface FcgiRecord {
  type: number;
  id: number;
  content: Buffer;
}

/** What is not FastCGI: the connection cannot be understood any more. */
export class ProtocolError extends Error {}

/** Cuts a stream of bytes into records. */
export class RecordReader {
  #rest: Buffer = Buffer.alloc(0);

  /** Some of a record has come, and not all of it. */
  get unfinished(): boolean {
    return this.#rest.length > 0;
  }

  /** @throws ProtocolError */
  *read(chunk: Buffer): Generator<FcgiRecord> {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (bytes.length >= HEADER) {
      if (bytes[0] !== VERSION) throw new ProtocolError(`version ${bytes[0]}`);
      if (bytes[1] === 0) throw new ProtocolError('record type 0');
      const length = bytes.readUInt16BE(4);
      const whole = HEADER + length + bytes[6]!;
      if (bytes.length < whole) break;
      yield { type: bytes[1]!, id: bytes.readUInt16BE(2), content: bytes.subarray(HEADER, HEADER + length) };
      bytes = bytes.subarray(whole);
    }
    // A first byte that is not the version will not become one: do not wait for the rest of a header.
    if (bytes.length > 0 && bytes[0] !== VERSION) throw new ProtocolError(`version ${bytes[0]}`);
    this.#rest = bytes;
  }
}

/** One record; the content must fit. */
export function writeRecord(type: number, id: number, content: Uint8Array): Buffer {
  const record = Buffer.alloc(HEADER + content.length);
  record[0] = VERSION;
  record[1] = type;
  record.writeUInt16BE(id, 2);
  record.writeUInt16BE(content.length, 4);
  record.set(content, HEADER);
  return record;
}

/** Content of any length as records of one type, without the empty one that ends a stream. */
export function writeStream(type: number, id: number, content: Uint8Array): Buffer {
  if (content.length <= MOST_CONTENT) return content.length === 0 ? Buffer.alloc(0) : writeRecord(type, id, content);
  const records: Buffer[] = [];
  for (let i = 0; i < content.length; i += MOST_CONTENT) {
    records.push(writeRecord(type, id, content.subarray(i, i + MOST_CONTENT)));
  }
  return Buffer.concat(records);
}

/**
 * Name-value pairs (§3.4). Bytes become characters one to one, as a web server passes them.
 * @throws ProtocolError when a length leads beyond the end
 */
export function readPairs(content: Buffer): Record<string, string> {
  const pairs: Record<string, string> = Object.create(null);
  let at = 0;
  const length = (): number => {
    const first = content[at];
    if (first === undefined || (first >= 0x80 && at + 4 > content.length)) throw new ProtocolError('truncated pair');
    if (first < 0x80) {
      at += 1;
      return first;
    }
    at += 4;
    return content.readUInt32BE(at - 4) & 0x7fffffff;
  };
  while (at < content.length) {
    const name = length();
    const value = length();
    if (at + name + value > content.length) throw new ProtocolError('truncated pair');
    pairs[content.toString('latin1', at, at + name)] = content.toString('latin1', at + name, at + name + value);
    at += name + value;
  }
  return pairs;
}

/** One short name-value pair. */
export function writePair(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.from([name.length, value.length]), Buffer.from(name + value, 'latin1')]);
}
