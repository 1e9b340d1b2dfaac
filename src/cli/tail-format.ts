/** How `atommq tail` writes an entry. */
import type { AtomEntry, DeletedEntry, Entry } from '../client/client.js';
import { Failed } from './failed.js';

type Any = Entry | DeletedEntry | AtomEntry;

/** @returns writes an entry, with a line end */
export async function formatter(format: 'text' | 'json' | 'ndjson' | 'atom'): Promise<(entry: Any) => string> {
  switch (format) {
    case 'atom':
      return (entry) => `${(entry as AtomEntry).xml}\n`;
    case 'json':
      return (entry) => `${JSON.stringify((entry as Entry).item, null, 2)}\n`;
    case 'ndjson':
      return (entry) => `${oneLine(JSON.stringify((entry as Entry).item))}\n`;
    case 'text': {
      const { textOfHtml } = await import('../atom/text.js');
      return (entry) => (entry.deleted ? '' : `${textOf(entry as Entry, textOfHtml)}\n`);
    }
    default:
      throw new Failed(`there is no format ${format}`);
  }
}

/** The content as text; the title where there is none, and the address of what is not text. */
function textOf({ content, title }: Entry, textOfHtml: (html: string) => string): string {
  if (content.src !== undefined) return content.src;
  const { type, value = '' } = content;
  return (type === 'html' ? textOfHtml(value) : value) || title;
}

/** For those who take more than line feeds for line ends. */
function oneLine(json: string): string {
  return json.replace(/[\u0085\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
