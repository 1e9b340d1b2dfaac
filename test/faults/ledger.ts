/** Publishers that keep a ledger of what was acknowledged, consumers that follow, and what is wrong between the two. */
import { Agent, request as httpRequest } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** After so many milliseconds without an answer it is asked again. */
const PATIENCE = 20_000;
/** Entries of a batch, and of a publisher at most. */
const BATCH = 100;
const MOST = 100_000_000;
const ATOM = 'xmlns="http://www.w3.org/2005/Atom"';

/** How a publisher sends: batches of entries with ids, single entries with an id, single ones with an `Idempotency-Key`. */
type Manner = 'batch' | 'id' | 'key';
const MANNERS: Manner[] = ['batch', 'id', 'batch', 'key', 'batch', 'id', 'key', 'batch', 'id', 'key'];

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

export interface LoadOptions {
  /** How many to publish; without it until {@link Load.end} is called. */
  entries?: number;
  /** The last tenth of them waits for this. */
  lastly?: Promise<void>;
  /** Who answers; a request that broke off goes to the next one. */
  ports: number[];
  consumers?: number;
  feed?: string;
}

/** What should be 0, and how much there was. */
export interface Findings {
  acknowledged: number;
  /** Requests whose outcome nobody knew, and repeats that turned out to be stored already. */
  unknown: number;
  replayed: number;
  refused: number;
  lost: number;
  doubled: number;
  disordered: number;
}

/** A run of publishers and consumers. An entry is a number: that of its publisher times `MOST`, and its own. */
export class Load {
  /** Answers that nobody should get, whatever is down; the run ends with the first. */
  readonly wrong: string[] = [];
  acknowledged = 0;
  #left: number;
  #unknown = 0;
  #replayed = 0;
  #refused = 0;
  #published = false;
  readonly #options: Required<LoadOptions>;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 100 });
  /** How many of each publisher were acknowledged: it goes on only when the one before is. */
  readonly #counts: number[] = [];
  readonly #views: number[][] = [];
  readonly #done: Promise<void>;

  constructor(options: LoadOptions) {
    this.#options = {
      entries: Number.POSITIVE_INFINITY,
      lastly: Promise.resolve(),
      consumers: 3,
      feed: 'order',
      ...options,
    };
    this.#left = this.#options.entries;
    const publishing = MANNERS.map((manner, publisher) => this.#publish(publisher, manner));
    const consuming = Array.from({ length: this.#options.consumers }, (_, i) => this.#consume(i));
    this.#done = Promise.all(publishing).then(async () => {
      this.#published = true;
      await Promise.all(consuming);
      this.#agent.destroy();
    });
  }

  /** Nothing more is published. */
  end(): void {
    this.#left = 0;
  }

  /** Whether everything is published and read. */
  async isOver(milliseconds: number): Promise<boolean> {
    return Promise.race([this.#done.then(() => true), sleep(milliseconds, false, { ref: false })]);
  }

  /** Resolves when everything is published and read. */
  async findings(): Promise<Findings> {
    await this.#done;
    const [first = []] = this.#views;
    let doubled = 0;
    let disordered = 0;
    const seen = this.#counts.map((count) => new Uint8Array(count));
    const last = this.#counts.map(() => -1);
    for (const entry of first) {
      const publisher = Math.floor(entry / MOST);
      const n = entry % MOST;
      if (seen[publisher]![n] === 1) doubled += 1;
      else if (n < last[publisher]!) disordered += 1;
      seen[publisher]![n] = 1;
      last[publisher] = n;
    }
    for (const view of this.#views) {
      if (view.length !== first.length) disordered += 1;
      for (const [i, entry] of view.entries()) if (entry !== first[i]) disordered += 1;
    }
    const lost = seen.reduce((sum, of) => sum + of.reduce((lacking, one) => lacking + (one === 1 ? 0 : 1), 0), 0);
    const counts = { acknowledged: this.acknowledged, unknown: this.#unknown, replayed: this.#replayed };
    return { ...counts, refused: this.#refused, lost, doubled, disordered };
  }

  async #publish(publisher: number, manner: Manner): Promise<void> {
    this.#counts[publisher] = 0;
    for (let n = 0; this.#left > 0 && this.wrong.length === 0; ) {
      if (this.#left <= this.#options.entries / 10) await this.#options.lastly;
      const size = Math.min(manner === 'batch' ? BATCH : 1, this.#left);
      this.#left -= size;
      const [body, headers] = sent(publisher, manner, n, size);
      await this.#until201(publisher, body, headers);
      n += size;
      this.#counts[publisher] = n;
      this.acknowledged += size;
    }
  }

  /** Sends the same again, to one server after the other, until it is acknowledged. */
  async #until201(first: number, body: string, headers: Record<string, string>): Promise<void> {
    const { ports, feed } = this.#options;
    for (let tries = first; this.wrong.length === 0; tries += 1) {
      const answer = await this.#ask('POST', ports[tries % ports.length]!, `/feed=${feed}`, body, {
        prefer: 'return=minimal',
        'content-type': 'application/atom+xml',
        ...headers,
      });
      if (answer?.status === 201) {
        if (answer.headers['idempotency-replayed'] === 'true') this.#replayed += 1;
        return;
      }
      this.#note(answer);
      await sleep(20 + Math.random() * 80);
    }
  }

  /** Reads from the start, each page from another server, until nothing is left. */
  async #consume(which: number): Promise<void> {
    const { ports, feed } = this.#options;
    const view: number[] = [];
    this.#views[which] = view;
    let position = '';
    for (let asked = which; this.wrong.length === 0; asked += 1) {
      const last = this.#published;
      // Every other one waits for what comes rather than to ask all the time.
      const headers: Record<string, string> = which % 2 === 1 && !last ? { prefer: 'wait=5' } : {};
      const answer = await this.#ask(
        'GET',
        ports[asked % ports.length]!,
        `/feed=${feed}${position}`,
        undefined,
        headers,
      );
      if (answer?.status !== 200) {
        // Before the first entry there is no feed.
        if (answer?.status !== 404 || position !== '') this.#note(answer);
        await sleep(50);
        continue;
      }
      let id: string | undefined;
      for (const [, of, publisher, n] of answer.body.matchAll(
        /<entry[ >].*?<id>([^<]*)<\/id>.*?<title[^>]*>(\d+):(\d+)<\/title>/gs,
      )) {
        id = of!;
        view.push(Number(publisher) * MOST + Number(n));
      }
      if (id !== undefined) position = `?start_after=${encodeURIComponent(id)}`;
      else if (last && answer.headers['atommq-up-to-date'] === 'true') return;
      else if (which % 2 === 0) await sleep(10);
    }
  }

  /** Whatever is not an acknowledgement must be a request to try again. */
  #note(answer: Answer | undefined): void {
    if (answer === undefined || answer.status === 502 || answer.status === 504) this.#unknown += 1;
    else if (answer.status === 503) this.#refused += 1;
    else this.wrong.push(`${answer.status} ${answer.body.slice(0, 500)}`);
  }

  #ask(
    method: string,
    port: number,
    path: string,
    body: string | undefined,
    headers: Record<string, string>,
  ): Promise<Answer | undefined> {
    return new Promise((resolve) => {
      const length: Record<string, string> = body === undefined ? {} : { 'content-length': String(body.length) };
      const all = { ...length, ...headers };
      const options = { host: '127.0.0.1', port, method, path: `/atommq${path}`, headers: all, agent: this.#agent };
      const request = httpRequest(options, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', () => resolve(undefined));
        response.on('end', () => {
          const { statusCode = 0, headers: answered, complete } = response;
          const text = Buffer.concat(chunks).toString();
          resolve(complete ? { status: statusCode, headers: answered, body: text } : undefined);
        });
      });
      request.setTimeout(PATIENCE, () => request.destroy());
      request.on('error', () => resolve(undefined));
      request.on('close', () => resolve(undefined));
      request.end(body);
    });
  }
}

/** What is sent of a publisher: entries from its `n`th on. */
function sent(publisher: number, manner: Manner, n: number, size: number): [string, Record<string, string>] {
  const entries = Array.from({ length: size }, (_, i) => {
    const id = manner === 'key' ? '' : `<id>urn:ledger:${publisher}:${n + i}</id>`;
    return `<entry ${ATOM}>${id}<title>${publisher}:${n + i}</title><content>entry ${n + i}</content></entry>`;
  });
  if (manner !== 'batch') return [entries[0]!, manner === 'key' ? { 'idempotency-key': `"${publisher}:${n}"` } : {}];
  return [`<feed ${ATOM}>${entries.join('')}</feed>`, {}];
}
