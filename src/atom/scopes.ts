/** Which namespaces names are in (Namespaces in XML 1.0). */
import { type Attribute, type Named, type Names, NO_NAMES, quoted, type Tag, XML, XMLNS } from './tag.js';

/** The declarations in scope while a document is read. */
export class Scopes {
  /** Of elements that declare something, the innermost last. */
  readonly #declared: Names[];
  readonly #fail: (what: string) => never;

  /**
   * @param outer what is declared around the text
   * @param fail is told what is wrong
   */
  constructor(outer: Names, fail: (what: string) => never) {
    this.#declared = [outer];
    this.#fail = fail;
  }

  /** Takes an attribute's name apart; one that declares a namespace does so from here on. */
  take(tag: Tag, attribute: Attribute): void {
    this.#split(attribute);
    const { prefix, local, name, value } = attribute;
    if (prefix === 'xmlns') this.#declare(tag, local, value.trim());
    else if (name === 'xmlns') this.#declare(tag, '', value.trim());
  }

  /** Finds the namespaces of a start tag, when all of its attributes have been taken. */
  enter(tag: Tag): void {
    this.#split(tag);
    tag.uri = this.#of(tag.prefix) ?? '';
    if (tag.prefix === 'xmlns') this.#fail('an element must not have the prefix "xmlns".');
    if (tag.prefix !== '' && tag.uri === '') this.#fail(unbound(tag));
    const { attributes } = tag;
    if (attributes.length === 0) return;
    for (const attribute of attributes) {
      // The default namespace is not for attributes.
      if (attribute.prefix !== '') attribute.uri = this.#of(attribute.prefix) ?? this.#fail(unbound(attribute));
      else if (attribute.name === 'xmlns') attribute.uri = XMLNS;
    }
    if (attributes.length > 1) this.#refuseRepeated(attributes);
  }

  /** Leaves the element of a tag. */
  leave({ ns }: Tag): void {
    if (ns !== NO_NAMES) this.#declared.pop();
  }

  #split(named: Named): void {
    const { name } = named;
    const colon = name.indexOf(':');
    if (colon < 0) return;
    if (colon === 0 || colon === name.length - 1 || name.includes(':', colon + 1)) {
      this.#fail(`the name ${quoted(name)} has no place for its colon.`);
    }
    named.prefix = name.slice(0, colon);
    named.local = name.slice(colon + 1);
  }

  #declare(tag: Tag, prefix: string, uri: string): void {
    if (prefix !== '' && uri === '') this.#fail('a prefix cannot be undeclared in XML 1.0.');
    if (prefix === 'xmlns' || uri === XMLNS)
      this.#fail(`the namespace ${XMLNS} and the prefix "xmlns" are not to be declared.`);
    if ((prefix === 'xml') !== (uri === XML))
      this.#fail(`the prefix "xml" and the namespace ${XML} go with each other alone.`);
    let names = tag.ns as Map<string, string>;
    if (names === NO_NAMES) {
      names = new Map();
      tag.ns = names;
      this.#declared.push(names);
    }
    names.set(prefix, uri);
  }

  #of(prefix: string): string | undefined {
    for (let i = this.#declared.length - 1; i >= 0; i -= 1) {
      const uri = this.#declared[i]!.get(prefix);
      if (uri !== undefined) return uri;
    }
    return prefix === 'xml' ? XML : prefix === 'xmlns' ? XMLNS : undefined;
  }

  #refuseRepeated(attributes: Attribute[]): void {
    const seen = new Set<string>();
    for (const { uri, local, name } of attributes) {
      const key = uri === '' ? local : `{${uri}}${local}`;
      if (seen.has(key)) this.#fail(`the attribute ${quoted(name)} stands twice.`);
      seen.add(key);
    }
  }
}

function unbound({ prefix }: Named): string {
  return `the prefix ${quoted(prefix)} is not declared.`;
}
