/** What a way of authentication finds out, and how it refuses. */
import type { Caller } from '../access/caller.js';

/** Somebody who has proved who they are. */
export interface Identity {
  caller: Caller;
  /** Whether the credentials would still do: for answers that go on for long. */
  stands(): boolean | Promise<boolean>;
}

/** Credentials that do not do: an answer of 401 with a sentence for people. */
export class Refusal extends Error {
  /** The challenge that goes with it: RFC 6750 has words for a bearer's token, Basic has none. */
  readonly scheme: 'basic' | 'bearer' | undefined;

  constructor(why: string, scheme?: 'basic' | 'bearer') {
    super(why);
    this.name = 'Refusal';
    this.scheme = scheme;
  }
}
