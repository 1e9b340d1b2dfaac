/** What the WebSub hub asks of a database: who wants which topic, and how far each has come. */

/** What a subscriber asks for, until its callback has confirmed it (WebSub §5.3). */
export interface PendingRequest {
  /** Tells it from a later request for the same subscription. */
  requestId: string;
  mode: 'subscribe' | 'unsubscribe';
  /** Seconds that a subscription is granted for. */
  lease: number;
  secret: string | undefined;
}

/** One subscription: what it is, how its deliveries go, and what has been asked for it since. */
export interface Subscription {
  /** A digest of callback and topic: there is one subscription of both. */
  id: string;
  /** The address that was subscribed to, to the letter. */
  topic: string;
  /** The address of the mount point as the subscriber saw it. */
  base: string;
  /** The feed's name. */
  feed: string;
  callback: string;
  secret: string | undefined;
  /** Microseconds since 1970, as all times here. */
  createdAt: number;
  /** The end of the lease; 0 while nobody has ever confirmed it. */
  leaseUntil: number;
  progress: Progress;
  pending: PendingRequest | undefined;
}

/** How far a subscriber has come. */
export interface Progress {
  id: string;
  /** Everything up to this position of this feed has been delivered. */
  feedId: number;
  position: number;
  /** Deliveries that failed since the last one that did not. */
  failures: number;
  /** When the first of them failed; 0 where none did. */
  failingSince: number;
  /** No delivery before this time. */
  nextAt: number;
  /** Given up: kept until its lease ends, and delivered to again once it is renewed. */
  dead: boolean;
  /** What was wrong with the last delivery that failed. */
  error: string | undefined;
}

/** A request to store. */
export interface NewRequest extends PendingRequest {
  id: string;
  topic: string;
  base: string;
  feed: string;
  callback: string;
  /** Where a new subscription begins; one that is in force keeps its place. */
  feedId: number;
  position: number;
  /** Now. */
  at: number;
}

/** The subscriptions of all processes that share the database. Every method may throw `StoreUnavailable`. */
export interface Subscriptions {
  /** How many there are, in whatever state. */
  count(): Promise<number>;
  find(id: string): Promise<Subscription | undefined>;
  /**
   * Keeps a request until it is verified, in place of an earlier one for the same subscription, which stays as it is.
   * @returns false where there is nothing to unsubscribe
   */
  request(asked: NewRequest): Promise<boolean>;
  /** Those that have a request to verify, the oldest request first. */
  pending(limit: number): Promise<Subscription[]>;
  /**
   * A request was confirmed, unless another has taken its place.
   * @param leaseUntil the end of the lease that was granted
   * @returns the subscription as it then is; undefined where it is gone, or waits for another request
   */
  confirm(id: string, requestId: string, leaseUntil: number): Promise<Subscription | undefined>;
  /** A request was not confirmed: the subscription stays as it was, or is gone if it never was confirmed. */
  refuse(id: string, requestId: string): Promise<void>;
  /** Those in force, by id: at most `limit` after one. */
  list(after: string, limit: number): Promise<Subscription[]>;
  /** Keeps how far these have come, where nobody has kept more already. */
  record(progress: Progress[]): Promise<void>;
  /** Ends a subscription; a request that it has stays to be verified. */
  end(id: string): Promise<void>;
  /** Removes those whose lease has ended. */
  removeEnded(time: number): Promise<void>;
}
