/** The parser of server-sent events (HTML §9.2.6): text in pieces of any size, whole events out. */

/** One event. */
export interface ServerEvent {
  /** The last id that the stream has named, here or earlier; empty where it has named none. */
  id: string;
  /** `message` unless the stream says otherwise. */
  event: string;
  data: string;
}

export class SseParser {
  #id = '';
  #event = '';
  #data: string[] = [];
  /** The line that has not ended yet. */
  #line = '';
  /** The last piece ended in a carriage return: a line feed that comes first belongs to it. */
  #afterReturn = false;
  /** Milliseconds after which the stream wants its reader back; undefined where it has not said. */
  retry: number | undefined;

  /** Takes the next piece, and gives the events that it completes. An event that never ends is none. */
  *push(text: string): Generator<ServerEvent> {
    if (text === '') return;
    let from = this.#afterReturn && text[0] === '\n' ? 1 : 0;
    this.#afterReturn = false;
    const ends = /\r\n|\r|\n/g;
    ends.lastIndex = from;
    for (let end = ends.exec(text); end !== null; end = ends.exec(text)) {
      const line = this.#line + text.slice(from, end.index);
      this.#line = '';
      from = ends.lastIndex;
      if (end[0] === '\r' && from === text.length) this.#afterReturn = true;
      if (line !== '') this.#take(line);
      else {
        const event = this.#dispatch();
        if (event !== undefined) yield event;
      }
    }
    this.#line += text.slice(from);
  }

  #take(line: string): void {
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (field === 'data') this.#data.push(value);
    else if (field === 'event') this.#event = value;
    else if (field === 'id') {
      if (!value.includes('\0')) this.#id = value;
    } else if (field === 'retry' && /^\d+$/.test(value)) this.retry = Number(value);
  }

  #dispatch(): ServerEvent | undefined {
    const event = this.#event || 'message';
    const data = this.#data;
    this.#event = '';
    this.#data = [];
    return data.length === 0 ? undefined : { id: this.#id, event, data: data.join('\n') };
  }
}
