/** Blocks of HTTP: requests that are sent as they stand, and the answers that must come. */
import assert from 'node:assert/strict';
import { type IncomingMessage, STATUS_CODES, request as send } from 'node:http';
import type { Session } from './session.js';
import { beginsAs, filled, isAs } from './words.js';

interface Message {
  start: string;
  fields: [name: string, value: string][];
  /** Empty where none is shown. */
  body: string;
}

/** A stream must have brought what is shown in so many milliseconds. */
const PATIENCE = 20_000;

/** Sends each request of a block, and compares its answer. */
export async function exchange(session: Session, text: string): Promise<void> {
  const messages = messagesOf(text);
  assert.ok(messages.length >= 2 && messages.length % 2 === 0, 'a request and its answer, as often as needed');
  for (let at = 0; at < messages.length; at += 2) {
    await oneExchange(session, messages[at]!, messages[at + 1]!);
  }
}

/** Where an answer or another request begins. */
const START = /^(?:HTTP\/1\.1 \d{3}|[A-Z]+ (?:\/|\*)\S*(?: HTTP\/1\.1)?$)/;

function messagesOf(text: string): Message[] {
  const messages: Message[] = [];
  let inBody = false;
  for (const line of text.split('\n')) {
    const last = messages.at(-1);
    if (START.test(line)) {
      messages.push({ start: line, fields: [], body: '' });
      inBody = false;
    } else if (last === undefined) throw new Error('an exchange begins with a request: METHOD PATH');
    else if (inBody) last.body += `${line}\n`;
    else if (line === '') inBody = true;
    else if (/^\s/.test(line) && last.fields.length > 0) last.fields.at(-1)![1] += ` ${line.trim()}`;
    else {
      const [, name, value] = /^([\w-]+):\s*(.*)$/.exec(line) ?? [];
      if (name === undefined) throw new Error(`no header field: ${line}`);
      last.fields.push([name, value!]);
    }
  }
  return messages.map((message) => ({ ...message, body: message.body.trimEnd() }));
}

async function oneExchange(session: Session, asked: Message, expected: Message): Promise<void> {
  const [, method, path] = /^([A-Z]+) (\S+)/.exec(asked.start) ?? [];
  const whole = async (text: string) => session.real(filled(text, session.said));
  const body = await whole(asked.body);
  const fields = await Promise.all(asked.fields.map(async ([name, value]) => [name, await whole(value)]));
  const headers: Record<string, string> = Object.fromEntries(fields);
  if (body !== '') headers['Content-Length'] ??= String(Buffer.byteLength(body));
  const port = Number(/:(\d+)$/.exec(headers.Host ?? '')?.[1] ?? (await session.port('8080')));
  headers.Host ??= `localhost:${port}`;
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    whole(path!).then((real) => {
      send({ host: '127.0.0.1', port, method, path: real, headers, agent: false }, resolve)
        .on('error', reject)
        .end(body);
    }, reject);
  });
  const text = session.shown(await bodyOf(session, answer, expected));
  const shown = `${head(session, answer)}\n\n${text}`;
  session.remember(shown);
  compare(answer, text, expected, session, shown);
}

function head(session: Session, { statusCode, rawHeaders }: IncomingMessage): string {
  const lines = [`HTTP/1.1 ${statusCode} ${STATUS_CODES[statusCode!]}`];
  for (let at = 0; at < rawHeaders.length; at += 2)
    lines.push(`${rawHeaders[at]}: ${session.shown(rawHeaders[at + 1]!)}`);
  return lines.join('\n');
}

/** The body; of a stream, as much as is shown. */
async function bodyOf(session: Session, answer: IncomingMessage, expected: Message): Promise<string> {
  const isStream = answer.headers['content-type']?.startsWith('text/event-stream') ?? false;
  let text = '';
  answer.setEncoding('utf8');
  const timer = setTimeout(() => answer.destroy(), PATIENCE);
  try {
    for await (const chunk of answer) {
      text += chunk;
      if (isStream && beginsAs(expected.body, session.shown(text))) return text;
    }
  } catch (error) {
    if (!isStream) throw error;
  } finally {
    clearTimeout(timer);
    answer.destroy();
  }
  return text;
}

function compare(answer: IncomingMessage, text: string, expected: Message, session: Session, shown: string): void {
  const [, status, reason] = /^HTTP\/1\.1 (\d{3})(?: (.*))?$/.exec(expected.start) ?? [];
  assert.equal(answer.statusCode, Number(status), `the answer is\n${shown}`);
  if (reason !== undefined) assert.equal(STATUS_CODES[Number(status)], reason);
  for (const [name, value] of expected.fields) {
    const real = answer.headers[name.toLowerCase()];
    assert.notEqual(real, undefined, `there is no field ${name}:\n${shown}`);
    assert.ok(isAs(value, session.shown(String(real))), `${name} is not ${value}:\n${shown}`);
  }
  if (expected.body === '') return;
  const matches = answer.headers['content-type']?.startsWith('text/event-stream') ? beginsAs : isAs;
  assert.ok(matches(expected.body, text), `the body is not as shown:\n${shown}`);
}
