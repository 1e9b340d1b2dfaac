/** The other processes of the same server, as far as guards are concerned: what they count, they count together. */

export interface Siblings {
  /** How many processes there are, this one included. */
  count: number;
  /** Tells all others; it does not wait until they have heard. */
  tell(topic: string, said: unknown): void;
  /** Calls back with whatever others tell of a topic. */
  hear(topic: string, listener: (said: unknown) => void): void;
}
