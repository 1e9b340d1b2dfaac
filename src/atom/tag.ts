/** A start tag as the scanner reads it. */

export const XML = 'http://www.w3.org/XML/1998/namespace';
export const XMLNS = 'http://www.w3.org/2000/xmlns/';

/** A name as it stands in a document, and its parts. */
export interface Named {
  name: string;
  /** Empty where the name has no colon. */
  prefix: string;
  local: string;
  /** The namespace; empty for none. */
  uri: string;
}

export interface Attribute extends Named {
  /** With its references resolved and its white space as XML 1.0 §3.3.3 says. */
  value: string;
}

/** Namespaces by prefix; the default one has the empty prefix, and is empty where it is said that there is none. */
export type Names = ReadonlyMap<string, string>;

export const NO_NAMES: Names = new Map();

/** A start tag, or one that is a whole element. */
export class Tag implements Named {
  prefix = '';
  local: string;
  uri = '';
  readonly attributes: Attribute[] = [];
  /** What the tag itself declares. */
  ns: Names = NO_NAMES;
  isSelfClosing = false;

  constructor(readonly name: string) {
    this.local = name;
  }

  /** The value of an attribute by its name in the document. */
  valueOf(name: string): string | undefined {
    for (const attribute of this.attributes) if (attribute.name === name) return attribute.value;
    return undefined;
  }
}

/** Of what somebody sent, so much that it is known again. */
export function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}
