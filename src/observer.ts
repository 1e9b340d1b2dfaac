/** What the parts of a bus tell to whoever counts what happens in them; nobody is told anything unless somebody does. */

/** Plain methods that are called in the midst of work: they are quick and never throw. All times in seconds. */
export interface Observer {
  /** A publish was answered, so long after it came. */
  published(seconds: number): void;
  /** One flush is over: its entries, the database's time for it, and whether it was stored. */
  flushed(entries: number, seconds: number, stored: boolean): void;
  /** The database could not do something: the kind of trouble, `other` for an error that is none of those known. */
  troubled(kind: string): void;
  /** The same is tried again. */
  retried(): void;
  /** A WebSub delivery has ended: `delivered`, `gone` or `failed`. */
  delivered(outcome: string, seconds: number): void;
}
