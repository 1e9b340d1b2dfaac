/** Where something stands in a document. */

/** Lines count from 1; the column is how many characters of the line there are up to and with the one that is meant. */
export interface Place {
  line: number;
  column: number;
}

/** What is wrong with a document, and at which index of its text. */
export interface Wrong {
  what: string;
  at: number;
}

/** A line end (XML 1.0 §2.11), or a character that is two in a string. */
const COUNTS = /\r\n?|\n|[\ud800-\udbff][\udc00-\udfff]/g;

/** Counts lines and characters, on from where it was asked last: many questions in a row cost one pass. */
export class Places {
  readonly #text: string;
  #at = 0;
  #line = 1;
  #column = 0;
  /** The next thing that counts: where it begins and ends; it ends at -1 while nobody has looked for it. */
  #next = 0;
  #after = -1;

  constructor(text: string) {
    this.#text = text;
  }

  /** The place of the character that ends before an index of the string. */
  before(index: number): Place {
    if (index < this.#at) {
      this.#at = 0;
      this.#line = 1;
      this.#column = 0;
      this.#after = -1;
    }
    for (;;) {
      if (this.#after < 0) this.#look();
      if (this.#next >= index) break;
      this.#pass();
    }
    if (index > this.#at) {
      this.#column += index - this.#at;
      this.#at = index;
    }
    return { line: this.#line, column: this.#column };
  }

  #look(): void {
    COUNTS.lastIndex = this.#at;
    const found = COUNTS.exec(this.#text);
    this.#next = found?.index ?? Number.POSITIVE_INFINITY;
    this.#after = COUNTS.lastIndex;
  }

  #pass(): void {
    if (this.#text.charCodeAt(this.#next) < 0xd800) {
      this.#line += 1;
      this.#column = 0;
    } else this.#column += this.#next - this.#at + 1;
    this.#at = this.#after;
    this.#after = -1;
  }
}
