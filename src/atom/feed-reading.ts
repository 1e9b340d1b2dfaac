/** A feed document that says something of a feed, while it is read. */
import { type Child, ElementReading, relationOf, withInherited } from './element-reading.js';
import { APP, ATOM, type SentMetadata } from './model.js';
import { escapeAttribute } from './xml.js';

/** Links of a page, which depend on where and what it is (RFC 5005, RFC 5023 §10.1, WebSub §4). */
const LINKS = new Set('self edit first last next previous current prev-archive next-archive hub'.split(' '));
const READ = new Set(['id', 'title']);
const SINGLE = new Set(['id', 'title', 'updated', 'subtitle', 'rights', 'icon', 'logo', 'generator']);

/** `xml:lang` and `xml:base` of the feed go to its children: a page's entries must not come under them. */
export class FeedReading extends ElementReading {
  protected override readonly single = SINGLE;
  protected override readonly read = READ;
  protected override readonly called = 'The feed';
  #title: string | undefined;

  protected override keep({ tag, start, inside }: Child): void {
    const { attributes } = this.init.outer;
    if (attributes.length === 0) return;
    let open = `<${tag.name}`;
    for (const [name, value] of withInherited(tag, attributes, true)) open += ` ${name}="${escapeAttribute(value)}"`;
    this.cut(start, inside, `${open}${tag.isSelfClosing ? '/' : ''}>`);
  }

  protected override isServers({ local, uri, tag, text }: Child): boolean {
    if (uri === APP) return local === 'edited';
    if (uri !== ATOM) return false;
    if (local === 'id' && text.trim() !== '') this.takeId(text.trim());
    if (local === 'title') this.#title = text.replace(/\s+/g, ' ').trim();
    return local === 'id' || local === 'updated' || (local === 'link' && LINKS.has(relationOf(tag)));
  }

  finish(): SentMetadata {
    return {
      name: this.tag.name,
      open: this.startTag(
        [...withInherited(this.tag, [])].filter(([name]) => name !== 'xml:lang' && name !== 'xml:base'),
      ),
      inner: this.finishInner(),
      id: this.id,
      title: this.#title,
      has: this.seen,
    };
  }
}
