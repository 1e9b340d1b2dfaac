/** Basic authentication (RFC 7617) against an htpasswd file. */
import { createHmac, randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { HttpError } from '../http.js';
import { Lru } from '../store/lru.js';
import { Backoff } from './backoff.js';
import { type Identity, Refusal } from './identity.js';
import type { Siblings } from './siblings.js';
import { Turns } from './turns.js';
import type { WatchedFile } from './watched-file.js';

/** Right credentials are remembered until nobody has used them for so long, in milliseconds. */
const REMEMBERED = 60_000;
/** So many of them. */
const MOST_REMEMBERED = 10_000;
/** Passwords checked at the same time: each takes a thread of the four that SQLite and files have, too. */
const AT_ONCE = 2;
const MOST_WAITING = 1000;
/** In a wait, right credentials that are remembered still count until their name was guessed at so many times as often. */
const GUESSES = 4;

/** What is looked up and told by the others. */
export interface BasicOptions {
  users: WatchedFile<Map<string, string>>;
  groupsOf: (name: string) => readonly string[];
  /** Failed logins of an address before it must wait; 0 for as many as it likes. */
  failures: number;
  siblings?: Siblings | undefined;
}

export class Basic {
  readonly #users: WatchedFile<Map<string, string>>;
  readonly #groupsOf: (name: string) => readonly string[];
  readonly #secret = randomBytes(32);
  /** When each was last used, by a keyed hash of name, password, their place, and what the file holds for the name. */
  readonly #remembered = new Lru<number>(MOST_REMEMBERED);
  readonly #checking = new Map<string, Promise<boolean>>();
  readonly #turns = new Turns(AT_ONCE, MOST_WAITING);
  readonly #failures: Backoff;
  readonly #guesses: Backoff;
  #bcrypt: typeof import('@node-rs/bcrypt') | undefined;

  constructor({ users, groupsOf, failures, siblings }: BasicOptions) {
    this.#users = users;
    this.#groupsOf = groupsOf;
    this.#failures = new Backoff(failures).share(siblings, 'logins');
    this.#guesses = new Backoff(failures * GUESSES).share(siblings, 'guesses');
  }

  /**
   * @param place where the client is, for counting failures
   * @throws Refusal; HttpError 429 with the seconds to wait after too many failures from there
   */
  async identify(name: string, password: Uint8Array, place: string): Promise<Identity> {
    const hash = this.#users.current.get(name);
    const key = this.#keyOf(place, name, password, hash);
    const guess = JSON.stringify([place, name]);
    // Whoever is known goes on, whatever a neighbour at the same address does; but a wait is no leave to guess what is known.
    if (!this.#isRemembered(key) || this.#guesses.wait(guess) > 0) {
      await this.#check(key, hash ?? this.#unknown(name), password, place, guess);
      if (hash === undefined) throw wrong();
      this.#remembered.set(key, Date.now(), 1);
    }
    return {
      caller: { name, groups: this.#groupsOf(name) },
      stands: () => this.#users.current.get(name) === hash,
    };
  }

  /** @throws Refusal, HttpError 429 */
  async #check(key: string, hash: string, password: Uint8Array, place: string, guess: string): Promise<void> {
    // Many connections of one client that begin at once are one login.
    let checking = this.#checking.get(key);
    if (checking === undefined) {
      checking = this.#turns
        .run(
          place,
          () => this.#mayTry(place, guess),
          () => this.#verify(password, hash),
        )
        .then((right) => {
          if (!right) this.#failed(place, guess);
          return right;
        })
        .finally(() => this.#checking.delete(key));
      this.#checking.set(key, checking);
    }
    if (!(await checking)) throw wrong();
  }

  #mayTry(place: string, guess: string): void {
    const seconds = this.#failures.wait(place);
    if (seconds === 0) return;
    // One in a wait of its own learns nothing, and does not make it longer.
    if (this.#guesses.wait(guess) === 0) this.#guesses.failed(guess);
    throw new HttpError(429, `Too many failed logins from your address; try again in ${seconds} s.`, {
      headers: { 'retry-after': String(seconds) },
    });
  }

  #failed(place: string, guess: string): void {
    this.#failures.failed(place);
    this.#guesses.failed(guess);
  }

  /** Off the main thread. The package compares in constant time. */
  async #verify(password: Uint8Array, hash: string): Promise<boolean> {
    // Not imported: the CGI bundle would hold it, and a process where nobody logs in would load it.
    this.#bcrypt ??= createRequire(import.meta.url)('@node-rs/bcrypt') as typeof import('@node-rs/bcrypt');
    return this.#bcrypt.verify(password, hash);
  }

  #isRemembered(key: string): boolean {
    const used = this.#remembered.get(key);
    const now = Date.now();
    if (used === undefined || now - used > REMEMBERED) return false;
    this.#remembered.set(key, now, 1);
    return true;
  }

  #keyOf(place: string, name: string, password: Uint8Array, hash: string | undefined): string {
    const keyed = createHmac('sha256', this.#secret).update(JSON.stringify([place, name, hash ?? null]));
    return keyed.update('\0').update(password).digest('base64');
  }

  /**
   * A hash that no password has, for a name that is not there: it costs as much as that of some user, the same for a
   * name each time, so that time does not tell who is there.
   */
  #unknown(name: string): string {
    const hashes = [...this.#users.current.values()];
    const at = createHmac('sha256', this.#secret).update(name).digest().readUInt32BE() % Math.max(1, hashes.length);
    return `${hashes[at]?.slice(0, 7) ?? '$2b$10$'}${'.'.repeat(53)}`;
  }
}

function wrong(): Refusal {
  return new Refusal('The name or the password is wrong.', 'basic');
}
