/** What can go wrong between a client and a bus, as types. */

/** A problem document (RFC 9457), as far as the server sent one. */
export interface Problem {
  type?: string;
  title?: string;
  detail?: string;
  [member: string]: unknown;
}

/** The server refused: the same request will be refused again. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly status: number;
  readonly problem: Problem;

  constructor(status: number, problem: Problem) {
    super(problem.detail ?? problem.title ?? `The server answered ${status}.`);
    this.status = status;
    this.problem = problem;
  }
}

/** There was no answer, or one that asks to come back later, and the time for trying again is over. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
  /** The status of the last answer; undefined where there was none. */
  readonly status: number | undefined;
  /** How long the server asks to wait, in milliseconds. */
  readonly retryAfter: number | undefined;

  constructor(message: string, about: { status?: number; retryAfter?: number | undefined; cause?: unknown } = {}) {
    super(message, about.cause === undefined ? undefined : { cause: about.cause });
    this.status = about.status;
    this.retryAfter = about.retryAfter;
  }
}

/** What is known when a reader's place in a feed is gone. */
export interface Reset {
  feed: string;
  /** The id after which the reader was to go on. */
  after: string | undefined;
  /** `removed`: retention took that entry, or the feed was made anew; `unknown`: the feed never held it. */
  reason: 'removed' | 'unknown';
}

/** The place where reading was to go on is gone; the oldest entry that is held is the next there is. */
export class PositionGone extends Error implements Reset {
  override readonly name = 'PositionGone';
  readonly feed: string;
  readonly after: string | undefined;
  readonly reason: Reset['reason'];

  constructor({ feed, after, reason }: Reset) {
    super(
      `The feed ${JSON.stringify(feed)} ${reason === 'removed' ? 'no longer holds' : 'never held'} the entry ${after}, after which reading was to go on.`,
    );
    this.feed = feed;
    this.after = after;
    this.reason = reason;
  }
}
