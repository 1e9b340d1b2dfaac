/** What consumers see of a feed, whoever serves it. */

export interface Seen {
  id: string;
  title: string;
  updated: string;
  /** The content's type, and what is in it without white space at its ends. */
  type: string;
  content: string;
}

/** The entries of a feed document in its order. */
export function entriesOf(xml: string): Seen[] {
  return xml
    .split(/<entry[\s>]/)
    .slice(1)
    .map((entry) => {
      const inside = (name: string) => new RegExp(`<${name}(?: [^>]*)?>([\\s\\S]*?)</${name}>`).exec(entry)?.[1] ?? '';
      const div = /<div xmlns="http:\/\/www\.w3\.org\/1999\/xhtml">([\s\S]*)<\/div>\s*<\/content>/.exec(entry)?.[1];
      return {
        id: inside('id'),
        title: inside('title'),
        updated: inside('updated'),
        type: /<content[^>]* type="([^"]*)"/.exec(entry)?.[1] ?? '',
        content: (div ?? inside('content')).trim(),
      };
    });
}

/** The id, the title and the author of a feed document. */
export function feedOf(xml: string): { id: string; title: string; author: string } {
  const [head = ''] = xml.split(/<entry[\s>]/);
  const inside = (name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(head)?.[1] ?? '';
  return { id: inside('id'), title: inside('title'), author: inside('name') };
}
