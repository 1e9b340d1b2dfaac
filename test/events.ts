/** A small reader of server-sent events for tests: what came, in the order in which it came. */
import { get } from 'node:http';

export interface SeenEvent {
  id?: string;
  event?: string;
  data: string;
}

/** An open stream. */
export interface EventReader {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  /** What has come so far. */
  events: SeenEvent[];
  comments: number;
  /** Resolves when so many events have come, and rejects when the stream ends before. */
  until(count: number): Promise<SeenEvent[]>;
  ended: Promise<void>;
  close(): void;
}

/** Opens a stream; resolves with its header. */
export function readEvents(url: string, headers: Record<string, string> = {}): Promise<EventReader> {
  return new Promise((resolve, reject) => {
    const request = get(url, { headers: { accept: 'text/event-stream', ...headers }, agent: false }, (response) => {
      let text = '';
      let check = () => {};
      let isOver = false;
      const reader: EventReader = {
        status: response.statusCode ?? 0,
        headers: response.headers,
        events: [],
        comments: 0,
        until: (count) =>
          new Promise((found, failed) => {
            check = () => {
              if (reader.events.length >= count) found(reader.events);
              else if (isOver) failed(new Error(`the stream ended after ${reader.events.length} of ${count} events`));
            };
            check();
          }),
        ended: new Promise((done) => {
          response.once('close', () => {
            isOver = true;
            check();
            done();
          });
        }),
        close: () => request.destroy(),
      };
      response.setEncoding('utf8');
      response.on('error', () => {});
      response.on('data', (chunk: string) => {
        text += chunk;
        for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
          take(text.slice(0, end).split('\n'), reader);
          text = text.slice(end + 2);
        }
        check();
      });
      resolve(reader);
    });
    request.on('error', reject);
  });
}

function take(lines: string[], reader: EventReader): void {
  const event: SeenEvent = { data: '' };
  const data: string[] = [];
  for (const line of lines) {
    const [, name = '', value = ''] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
    if (name === '') reader.comments += 1;
    else if (name === 'data') data.push(value);
    else if (name === 'id' || name === 'event') event[name] = value;
  }
  if (data.length > 0) reader.events.push({ ...event, data: data.join('\n') });
}
