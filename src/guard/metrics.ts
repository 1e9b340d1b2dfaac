/** Metrics: counts what passes and what the parts of a bus tell, and answers with all of it as Prometheus reads it. */
import type { Guard, HttpRequest, HttpResponse } from '../http.js';
import type { Observer } from '../observer.js';
import type { FeedHead } from '../store/store.js';
import { counter, Distribution, type Family, gauge, histogram, RequestCounts, SECONDS, Tally } from './counts.js';
import type { Figures } from './exposition.js';
import { routeOf } from './route.js';

/** Bounds of how many entries share a flush. */
const ENTRIES = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000];
/** Bounds of how long clients wait for entries, in seconds. */
const WAITS = [0.1, 1, 5, 10, 20, 30, 60, 120, 300];

/** What is not counted but looked at. */
export interface Sights {
  queue(): { entries: number; bytes: number };
  /** How many clients wait, and how many of them are sent streams. */
  waiting(): { present: number; streaming: number };
  /** How far feeds have come. */
  heads(limit: number): Promise<FeedHead[]>;
}

/** What other processes of the same server have counted: those that run, and those that are gone. */
export interface OtherParts {
  alive: Family[][];
  gone: Family[][];
}

export class Metrics implements Observer {
  /** Asks the other processes of the server, where there are some; given what this one has. */
  others: ((own: Family[]) => Promise<OtherParts>) | undefined;
  readonly #mostFeeds: number;
  readonly #requests = new RequestCounts();
  readonly #waits = new Distribution(WAITS);
  readonly #publishes = new Distribution(SECONDS);
  readonly #commits = new Distribution(SECONDS);
  readonly #entries = new Distribution(ENTRIES);
  readonly #deliveries = new Distribution(SECONDS);
  readonly #outcomes = new Tally();
  readonly #troubles = new Tally();
  #failedCommits = 0;
  #retries = 0;
  #running = 0;
  #sights: Sights | undefined;
  #figures: Promise<Figures> | undefined;
  #scrape: Promise<HttpResponse> | undefined;

  /** @param mostFeeds of so many feeds it is told how far they have come; 0 for none */
  constructor(mostFeeds: number) {
    this.#mostFeeds = mostFeeds;
  }

  /** Says where to look at what is not counted. */
  watch(sights: Sights): void {
    this.#sights = sights;
  }

  readonly guard: Guard = (app) => async (request) => {
    const began = performance.now();
    this.#running += 1;
    let status = 500;
    let applied: string | string[] | undefined;
    try {
      const response = await app(request);
      status = response.status;
      applied = response.headers['preference-applied'];
      return response;
    } finally {
      this.#running -= 1;
      this.#count(request, status, applied, (performance.now() - began) / 1000);
    }
  };

  #count({ path, method }: HttpRequest, status: number, applied: string | string[] | undefined, seconds: number): void {
    // How long somebody waited for others to publish says nothing of how quick we are.
    const waited = applied?.includes('wait=') === true;
    if (waited) this.#waits.add(seconds);
    this.#requests.add(routeOf(path), method, status, waited ? undefined : seconds);
  }

  published(seconds: number): void {
    this.#publishes.add(seconds);
  }

  flushed(entries: number, seconds: number, stored: boolean): void {
    this.#commits.add(seconds);
    if (stored) this.#entries.add(entries);
    else this.#failedCommits += 1;
  }

  troubled(kind: string): void {
    this.#troubles.add(kind);
  }

  retried(): void {
    this.#retries += 1;
  }

  delivered(outcome: string, seconds: number): void {
    this.#outcomes.add(outcome);
    this.#deliveries.add(seconds);
  }

  /** `GET P/metrics`. Those who ask at the same time share one answer. */
  readonly answer = (): Promise<HttpResponse> => {
    this.#scrape ??= this.#answer().finally(() => {
      this.#scrape = undefined;
    });
    return this.#scrape;
  };

  /** What this process has counted, and its figures. */
  async part(): Promise<Family[]> {
    // Loaded when somebody asks for the first time: watching the event loop costs a little all the time.
    this.#figures ??= import('./exposition.js').then(({ Figures }) => new Figures());
    return [...this.#families(), ...(await (await this.#figures).families())];
  }

  async #answer(): Promise<HttpResponse> {
    const { exposition } = await import('./exposition.js');
    const own = await this.part();
    const [{ alive, gone }, feeds] = await Promise.all([this.others?.(own) ?? { alive: [], gone: [] }, this.#feeds()]);
    const { text, contentType } = await exposition([own, ...alive, feeds], gone);
    return { status: 200, headers: { 'content-type': contentType, 'cache-control': 'no-store' }, body: text };
  }

  #families(): Family[] {
    const { entries, bytes } = this.#sights?.queue() ?? { entries: 0, bytes: 0 };
    const { present, streaming } = this.#sights?.waiting() ?? { present: 0, streaming: 0 };
    return [
      gauge('atommq_processes', 'Processes that these numbers are summed over.', 1),
      ...this.#requests.families(),
      histogram('atommq_wait_duration_seconds', 'Time that long polls took.', [[{}, this.#waits]]),
      gauge(
        'atommq_requests_in_progress',
        'Requests whose answer has not begun, those that wait included.',
        this.#running,
      ),
      gauge('atommq_waiters', 'Long polls that wait for entries.', present - streaming),
      gauge('atommq_streams', 'Streams of events that are open.', streaming),
      histogram('atommq_publish_duration_seconds', 'Time from the arrival of entries to their commit.', [
        [{}, this.#publishes],
      ]),
      histogram('atommq_commit_duration_seconds', 'Time that the database took for a flush.', [[{}, this.#commits]]),
      histogram('atommq_commit_entries', 'Entries that were stored by one flush.', [[{}, this.#entries]]),
      counter('atommq_commit_failures_total', 'Flushes that stored nothing.', [
        { value: this.#failedCommits, labels: {} },
      ]),
      gauge('atommq_queue_entries', 'Entries that wait for a flush.', entries),
      gauge('atommq_queue_bytes', 'Bytes of entries that wait for the database.', bytes),
      counter('atommq_database_errors_total', 'Errors of the database, by kind.', this.#troubles.samples('kind')),
      counter('atommq_database_retries_total', 'Statements that were tried again.', [
        { value: this.#retries, labels: {} },
      ]),
      counter(
        'atommq_websub_deliveries_total',
        'Deliveries to WebSub subscribers, by outcome.',
        this.#outcomes.samples('outcome'),
      ),
      histogram('atommq_websub_delivery_duration_seconds', 'Time until a WebSub subscriber answered.', [
        [{}, this.#deliveries],
      ]),
    ];
  }

  /** What is the same whichever process looks. */
  async #feeds(): Promise<Family[]> {
    if (this.#mostFeeds === 0 || this.#sights === undefined) return [];
    const heads = await this.#sights.heads(this.#mostFeeds).catch(() => undefined);
    const up = gauge('atommq_database_up', 'Whether the database answered the question for feeds.', heads ? 1 : 0);
    if (heads === undefined) return [up];
    const family = (what: keyof Omit<FeedHead, 'name'>, help: string): Family => ({
      ...gauge(`atommq_feed_${what}`, help, 0),
      values: heads.map((head) => ({ value: head[what], labels: { feed: head.name } })),
    });
    return [
      up,
      family('head', 'Position of the last entry of a feed.'),
      family('floor', 'Position up to which retention has removed the entries of a feed.'),
      family('bytes', 'Bytes of the entries that a feed holds.'),
    ];
  }
}
