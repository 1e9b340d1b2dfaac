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
/** Most bytes of content that one record can hold. */
export const MOST_CONTENT = 65_535;

export interface FcgiRecord {
  type: number;
  id: number;
  content: Buffer;
}

/** What is not FastCGI: the connection cannot be understood any more. */
export class ProtocolError extends Error {}

/** Cuts a stream of bytes into records. */
export class RecordReader {
  #chunks: Buffer[] = [];
  #length = 0;
  /** How many bytes are needed before another look is worth while. */
  #needed = HEADER;

  /** Some of a record has come, and not all of it. */
  get unfinished(): boolean {
    return this.#length > 0;
  }

  /**
   * The records that a chunk completes; their content is a view of the chunk where it can be.
   * @throws ProtocolError
   */
  *read(chunk: Buffer): Generator<FcgiRecord> {
    // A first byte that is not the version will not become one: do not wait for the rest of a header.
    if (this.#length === 0 && chunk.length > 0) checkVersion(chunk[0]);
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    // Joining only what is enough keeps a record that comes byte by byte from being copied as often.
    if (this.#length < this.#needed) return;
    let bytes = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks, this.#length);
    this.#needed = HEADER;
    while (bytes.length >= HEADER) {
      checkVersion(bytes[0]);
      if (bytes[1] === 0) throw new ProtocolError('record type 0');
      const length = bytes.readUInt16BE(4);
      const whole = HEADER + length + bytes[6]!;
      if (bytes.length < whole) {
        this.#needed = whole;
        break;
      }
      yield { type: bytes[1]!, id: bytes.readUInt16BE(2), content: bytes.subarray(HEADER, HEADER + length) };
      bytes = bytes.subarray(whole);
    }
    if (bytes.length > 0) checkVersion(bytes[0]);
    this.#chunks = bytes.length > 0 ? [bytes] : [];
    this.#length = bytes.length;
  }
}

function checkVersion(byte: number | undefined): void {
  if (byte !== VERSION) throw new ProtocolError(`version ${byte}`);
}

/** The header of a record without padding. */
export function recordHeader(type: number, id: number, length: number): Buffer {
  const header = Buffer.allocUnsafe(HEADER);
  header[0] = VERSION;
  header[1] = type;
  header[2] = id >> 8;
  header[3] = id & 0xff;
  header[4] = length >> 8;
  header[5] = length & 0xff;
  header[6] = 0;
  header[7] = 0;
  return header;
}

/** One record; the content must fit. */
export function writeRecord(type: number, id: number, content: Uint8Array): Buffer {
  if (content.length > MOST_CONTENT) throw new RangeError(`${content.length} bytes do not fit into one record`);
  return Buffer.concat([recordHeader(type, id, content.length), content]);
}

/** The content of a record that ends a request (§5.5). */
export function endContent(appStatus: number, protocolStatus: number): Buffer {
  const content = Buffer.alloc(8);
  content.writeUInt32BE(appStatus >>> 0, 0);
  content[4] = protocolStatus;
  return content;
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

/** Name-value pairs as bytes. */
export function writePairs(pairs: Record<string, string>): Buffer {
  const parts: Buffer[] = [];
  for (const [name, value] of Object.entries(pairs)) {
    parts.push(pairLength(name), pairLength(value), Buffer.from(name + value, 'latin1'));
  }
  return Buffer.concat(parts);
}

function pairLength({ length }: string): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const four = Buffer.alloc(4);
  four.writeUInt32BE((length | 0x80000000) >>> 0, 0);
  return four;
}
