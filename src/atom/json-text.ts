/**
 * Strict reading of JSON (RFC 8259) that keeps values as text: numbers to the letter, strings in one spelling, no white
 * space between them. What is kept so comes back as it was, however large its numbers are.
 */
import { HttpError } from '../http.js';

/** A value. */
export interface Json {
  /** Where it begins in the text. */
  at: number;
  /** The value; empty where it was opened. */
  text: string;
  /** What an object has, by decoded names, where it was opened. */
  members?: Map<string, Json>;
  /** What an array has, where it was opened. */
  items?: Json[];
}

/** Values inside one another, as deep as elements of XML; readers of most languages stop at some hundreds. */
const MOST_DEPTH = 200;

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /true|false|null/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

/**
 * Reads one document.
 * @param opened how many levels of objects and arrays are wanted by their parts; what is deeper is kept as text
 * @throws HttpError 400 with `line` and `column` for what is not JSON, nested too deep, or has a name twice in one object
 */
export function readJson(text: string, opened = 0): Json {
  return new Reading(text, opened).run();
}

/** Line and column of a place in a text, both from 1. */
export function placeIn(text: string, at: number): { line: number; column: number } {
  const before = text.slice(0, at).split(/\r\n|\r|\n/);
  return { line: before.length, column: before.at(-1)!.length + 1 };
}

class Reading {
  readonly #text: string;
  readonly #opened: number;
  #at = 0;

  constructor(text: string, opened: number) {
    this.#text = text;
    this.#opened = opened;
  }

  run(): Json {
    this.#space();
    const value = this.#value(1);
    this.#space();
    if (this.#at < this.#text.length) this.#fail('something follows the value.');
    return value;
  }

  /** A value, opened where it is not too deep for that. */
  #value(depth: number): Json {
    const at = this.#at;
    if (depth > this.#opened) return { at, text: this.#skim(depth) };
    if (this.#text[at] === '{') {
      const members = new Map<string, Json>();
      this.#members(depth, (name) => members.set(JSON.parse(name) as string, this.#value(depth + 1)));
      return { at, text: '', members };
    }
    if (this.#text[at] === '[') {
      const items: Json[] = [];
      this.#list(']', depth, () => items.push(this.#value(depth + 1)));
      return { at, text: '', items };
    }
    return { at, text: this.#skim(depth) };
  }

  /** The text of a value. */
  #skim(depth: number): string {
    const text = this.#text;
    const parts: string[] = [];
    switch (text[this.#at]) {
      case '"':
        return this.#string();
      case '{':
        this.#members(depth, (name) => parts.push(`${name}:${this.#skim(depth + 1)}`));
        return `{${parts.join(',')}}`;
      case '[':
        this.#list(']', depth, () => parts.push(this.#skim(depth + 1)));
        return `[${parts.join(',')}]`;
      default:
        return (
          this.#matched(NUMBER) ??
          this.#matched(WORD) ??
          this.#fail(this.#at < text.length ? `a value cannot begin with ${this.#shown()}.` : 'it ends too early.')
        );
    }
  }

  /** An object or an array: what stands between its brackets is read by `element`, again and again. */
  #list(close: string, depth: number, element: () => void): void {
    const most = MOST_DEPTH + this.#opened;
    if (depth > most) this.#fail(`values are nested more than ${most} deep.`);
    this.#at += 1;
    this.#space();
    if (this.#text[this.#at] === close) {
      this.#at += 1;
      return;
    }
    for (;;) {
      element();
      this.#space();
      const next = this.#text[this.#at];
      if (next !== close && next !== ',') this.#fail(`a comma or ${close} is missing.`);
      this.#at += 1;
      if (next === close) return;
      this.#space();
    }
  }

  /** An object: `take` is given each name as text, and reads the value. */
  #members(depth: number, take: (name: string) => void): void {
    const names = new Set<string>();
    this.#list('}', depth, () => {
      if (this.#text[this.#at] !== '"') this.#fail('the name of a member is missing.');
      const name = this.#string();
      // What stands twice is taken by some for the first and by others for the last.
      if (names.has(name)) this.#fail(`the member ${name.slice(0, 80)} stands twice.`);
      names.add(name);
      this.#space();
      if (this.#text[this.#at] !== ':') this.#fail('a colon is missing.');
      this.#at += 1;
      this.#space();
      take(name);
    });
  }

  /** A string in the one spelling that we write. */
  #string(): string {
    const text = this.#text;
    const begun = this.#at;
    let isPlain = true;
    for (let at = begun + 1; ; at += 1) {
      const code = text.charCodeAt(at);
      if (code === 0x22) {
        this.#at = at + 1;
        const written = text.slice(begun, this.#at);
        return isPlain ? written : spelled(JSON.parse(written) as string);
      }
      if (code === 0x5c) {
        ESCAPE.lastIndex = at;
        const found = ESCAPE.exec(text);
        this.#at = at;
        if (found === null) this.#fail('a backslash begins no escape.');
        at += found![0].length - 1;
        isPlain = false;
      } else if (code < 0x20 || Number.isNaN(code)) {
        this.#at = at;
        this.#fail(at < text.length ? 'a control character stands in a string.' : 'a string has no end.');
      } else if (code === 0xfffe || code === 0xffff) isPlain = false;
    }
  }

  #matched(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }

  #space(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.#at += 1;
    }
  }

  #shown(): string {
    return JSON.stringify(String.fromCodePoint(this.#text.codePointAt(this.#at)!));
  }

  #fail(what: string): never {
    const { line, column } = placeIn(this.#text, this.#at);
    throw new HttpError(400, `Malformed JSON at line ${line}, column ${column}: ${what}`, {
      members: { line, column },
    });
  }
}

/** A string as JSON, with what XML has no place for as escapes. */
export function spelled(value: string): string {
  return JSON.stringify(value).replace(/[\ufffe\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16)}`);
}
