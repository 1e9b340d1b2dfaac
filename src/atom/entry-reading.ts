/** An entry while it is read: what the server must know of it, and what of it is the server's to write. */
import { isDate } from './date.js';
import { type Child, type ElementInit, ElementReading, relationOf, withInherited } from './element-reading.js';
import { APP, ATOM, type Category, type SentEntry } from './model.js';
import { quoted, type Tag } from './tag.js';

/** Links that only the server can know (RFC 5023 §11): the publisher's are replaced. */
const LINKS = new Set(['self', 'edit', 'edit-media']);
const READ = new Set(['id', 'updated', 'published']);
const SINGLE = new Set(['id', 'title', 'updated', 'published', 'content', 'summary', 'rights', 'source']);

export class EntryReading extends ElementReading {
  protected override readonly single = SINGLE;
  protected override readonly read = READ;
  protected override readonly called: string;
  readonly #at: number;
  readonly #categories: Category[] = [];
  #content: string | undefined;
  readonly #spans: SentEntry['spans'] = {};
  #hasAuthor = false;

  constructor(init: ElementInit) {
    super(init);
    this.#at = init.scanner.end;
    this.called = init.index === undefined ? 'The entry' : `Entry ${init.index} of the feed`;
  }

  override openInner(level: number): void {
    if (level !== 2 || this.child?.local !== 'source' || this.child.uri !== ATOM) return;
    if (this.init.scanner.tag.local === 'author') this.#hasAuthor = true;
  }

  protected override isServers({ local, uri, tag, text, start, inside }: Child): boolean {
    if (uri === APP) return local === 'edited';
    if (uri !== ATOM) return false;
    const { scanner } = this.init;
    switch (local) {
      case 'id': {
        const value = text.trim();
        if (value === '') return this.#forget('id');
        this.takeId(value);
        return false;
      }
      case 'published':
      case 'updated': {
        const value = text.trim();
        if (value === '') return this.#forget(local);
        if (!isDate(value)) this.refuse(`its ${local} ${quoted(value)} is not an RFC 3339 date and time.`);
        if (local === 'updated') this.#spans.updated = [this.keptAt(start), this.keptAt(scanner.end)];
        return false;
      }
      case 'content':
        this.#content = tag.isSelfClosing ? '' : this.init.text.slice(inside, scanner.start);
        this.#spans.content = [this.keptAt(start), this.keptAt(scanner.end)];
        return false;
      case 'author':
        this.#hasAuthor = true;
        return false;
      case 'category':
        this.#takeCategory(tag);
        return false;
      case 'link':
        return LINKS.has(relationOf(tag));
      default:
        return false;
    }
  }

  finish(): SentEntry {
    return {
      name: this.tag.name,
      open: this.startTag(withInherited(this.tag, this.init.outer.attributes)),
      inner: this.finishInner(),
      id: this.id,
      content: this.#content,
      spans: this.#spans,
      has: this.seen,
      categories: this.#categories,
      hasAuthor: this.#hasAuthor,
      at: this.#at,
    };
  }

  #forget(local: string): true {
    this.seen.delete(local);
    return true;
  }

  #takeCategory(tag: Tag): void {
    const term = tag.valueOf('term');
    if (term === undefined || term === '') return;
    const [scheme, label] = [tag.valueOf('scheme'), tag.valueOf('label')];
    this.#categories.push({
      term,
      ...(scheme === undefined ? {} : { scheme }),
      ...(label === undefined ? {} : { label }),
    });
  }
}
