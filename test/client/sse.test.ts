/** The parser of server-sent events: however a stream is cut into pieces, its events are the same. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type ServerEvent, SseParser } from '../../src/client/sse.js';
import { Events } from '../../src/client/stream.js';

/** The events of a whole text, read as the standard is written: line by line. */
function reference(text: string): ServerEvent[] {
  const events: ServerEvent[] = [];
  const lines = text.replace(/^\ufeff/, '').split(/\r\n|\r|\n/);
  // What stands after the last line end is no line yet.
  lines.pop();
  let [id, event, data]: [string, string, string | undefined] = ['', '', undefined];
  for (const line of lines) {
    if (line === '') {
      if (data !== undefined) events.push({ id, event: event || 'message', data });
      [event, data] = ['', undefined];
      continue;
    }
    const [, field, value = ''] = /^([^:]*)(?::\x20?([\s\S]*))?$/.exec(line)!;
    if (field === 'data') data = data === undefined ? value : `${data}\n${value}`;
    if (field === 'event') event = value;
    if (field === 'id' && !value.includes('\0')) id = value;
  }
  return events;
}

function cut(bytes: Uint8Array, places: number[]): Uint8Array[] {
  const at = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((from, i) => bytes.subarray(from, at[i] ?? bytes.length));
}

async function eventsOf(pieces: Uint8Array[]): Promise<ServerEvent[]> {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece);
      controller.close();
    },
  });
  const events: ServerEvent[] = [];
  for await (const event of new Events(body, { silence: 60_000, first: 60_000, signal: undefined })) events.push(event);
  return events;
}

const end = fc.constantFrom('\n', '\r', '\r\n');
const word = fc.string({ unit: fc.constantFrom('a', ':', ' ', 'é', '𝄞', '\u2028', '\0', '\ufeff', '7') });
const line = fc.oneof(
  fc
    .tuple(fc.constantFrom('data', 'event', 'id', 'retry', 'other', ''), fc.constantFrom(':', ': '), word)
    .map((parts) => parts.join('')),
  fc.constantFrom('data', 'id', 'event', ''),
  fc.constant(''),
);
const stream = fc
  .tuple(fc.constantFrom('', '\ufeff'), fc.array(fc.tuple(line, end)))
  .map(([mark, lines]) => mark + lines.flat().join(''));

test('any stream in any pieces has the events that it has as a whole', async () => {
  await fc.assert(
    fc.asyncProperty(stream, fc.array(fc.nat()), async (text, places) => {
      assert.deepEqual(await eventsOf(cut(new TextEncoder().encode(text), places)), reference(text));
    }),
    { numRuns: 2000 },
  );
});

test('byte by byte, a carriage return at the end of a piece is one line end with the line feed after it', async () => {
  const bytes = new TextEncoder().encode('id: 1\r\ndata: a\r\ndata: b\r\n\r\n:\r\n\r\ndata: ü\r\r');
  assert.deepEqual(await eventsOf(cut(bytes, Array.from(bytes.keys()))), [
    { id: '1', event: 'message', data: 'a\nb' },
    { id: '1', event: 'message', data: 'ü' },
  ]);
});

test('retry is a whole number or nothing', () => {
  const parser = new SseParser();
  for (const text of ['retry: x\n', 'retry: 1500\n', 'retry: -1\n']) assert.deepEqual([...parser.push(text)], []);
  assert.equal(parser.retry, 1500);
});

test('a large event in small pieces costs what it is long', async () => {
  const data = 'x'.repeat(8_000_000);
  const bytes = new TextEncoder().encode(`data: ${data}\n\n`);
  const [event] = await eventsOf(
    cut(
      bytes,
      Array.from({ length: 8000 }, (_, i) => i * 1000),
    ),
  );
  assert.equal(event?.data.length, data.length);
});
