/** Commands: clients of a server that runs. */
import { type Command, CREDENTIALS, JSON_FLAG, SECRETS, SERVER, URL_FLAG } from '../command.js';

const REFUSED = 'the server refused or does not answer';

export const CLIENTS: Command[] = [
  {
    name: 'publish',
    summary: 'publish files, or standard input',
    first: true,
    usage: 'FEED [FILE…|-]',
    words: [1, Number.POSITIVE_INFINITY],
    completes: ['feed', 'file'],
    flags: [
      { name: 'lines', help: 'each line is a message' },
      { name: 'type', value: 'TYPE', help: 'media type: the files are stored as they are' },
      { name: 'slug', value: 'TEXT', help: "what a media file's title is made of; default its name" },
      { name: 'retry', value: 'SECONDS', help: 'how long to try again when the server does not answer; default 60' },
      URL_FLAG,
      JSON_FLAG,
    ],
    options: SERVER,
    notes: `${CREDENTIALS}

Files by name: .atom and .xml are Atom entries, or feeds of entries; .ndjson and .jsonl have a line of JSON for each entry, as tail --format ndjson prints it, with what there is of id, title, content_text, content_html, summary, authors, tags, date_published, date_modified; others are media. Standard input is Atom when it begins with <, NDJSON when it begins with {.

Entries are stored in their order, many in one request. One without an id gets one before it is sent, so that nothing is stored twice when an answer is lost.`,
    examples: [
      ['atommq publish widgets entry.atom photo.png', 'an entry and a picture'],
      ['tail -f app.log | atommq publish log --lines', 'each line as it comes'],
    ],
    exits: {
      0: 'all is stored',
      1: 'something was refused or not readable (a line on standard error for each), or the server did not answer',
      130: 'SIGINT ended it',
    },
    run: async (input) => (await import('../publish.js')).publish(input),
  },
  {
    name: 'tail',
    summary: 'print the entries of a feed as they come, or run a command for each',
    first: true,
    usage: 'FEED',
    words: [1, 1],
    completes: ['feed'],
    flags: [
      {
        name: 'from',
        value: 'WHERE',
        completes: ['earliest', 'now'],
        help: 'where to begin: earliest (the default), now, or after the entry with this id',
      },
      {
        name: 'position',
        value: 'FILE',
        completes: 'file',
        help: 'go on where the last run ended, which FILE keeps; --from is for the first run',
      },
      { name: 'exec', value: 'CMD', help: 'run CMD by the shell for each entry, with the entry on its standard input' },
      {
        name: 'format',
        value: 'FORM',
        completes: ['text', 'json', 'ndjson', 'atom'],
        help: 'text, json, ndjson or atom; default text, for --exec atom',
      },
      { name: 'count', value: 'N', help: 'end after so many entries' },
      { name: 'follow', help: 'wait for more at the end (the default); --no-follow ends there' },
      { name: 'deleted', help: 'what is left of deleted entries, too, in json, ndjson and atom' },
      {
        name: 'mode',
        value: 'MODE',
        completes: ['auto', 'sse', 'poll'],
        help: 'sse, poll, or auto (the default): events where they come through',
      },
      URL_FLAG,
    ],
    options: SERVER,
    notes: `${CREDENTIALS}

CMD gets ATOMMQ_ID, ATOMMQ_FEED and ATOMMQ_TITLE in its environment. When it ends with anything but 0 it is run again for the same entry, after a while. The position moves when an entry was printed, or when CMD ended with 0: an entry may come twice when tail is killed, and never not at all.`,
    examples: [
      ['atommq tail log --from now', 'what comes from now on'],
      [`atommq tail jobs --position ./jobs.position --exec './work "$ATOMMQ_ID"'`, 'a consumer'],
      ['atommq tail widgets --no-follow --format ndjson | atommq publish copy', 'a copy'],
    ],
    exits: {
      0: 'the end was reached, or SIGINT, SIGTERM or a closed pipe ended it',
      1: 'the server refused, or the position is gone',
    },
    ownOutput: true,
    run: async (input) => (await import('../tail.js')).tail(input),
  },
  {
    name: 'feeds',
    summary: 'list feeds: how many entries, how fast they come, the last one',
    first: true,
    usage: '[PATTERN…]',
    words: [0, Number.POSITIVE_INFINITY],
    completes: ['feed'],
    flags: [{ name: 'watch', help: 'draw the table anew every second, until a key ends it' }, URL_FLAG, JSON_FLAG],
    options: SERVER,
    notes: `PATTERN is a name, in which * stands for any characters and ? for one; several show what any of them matches. ${SECRETS} With --watch and --json it is a line of JSON each second.`,
    examples: [
      ["atommq feeds 'log-*' --watch", 'what flows through some feeds'],
      ['atommq feeds --json | jq -r .feeds[].name', 'their names'],
    ],
    exits: { 0: 'done, or it was ended', 1: `${REFUSED}, or no feed is named so` },
    run: async (input) => (await import('../feeds.js')).feeds(input),
  },
  {
    name: 'show',
    summary: 'show one entry, or what a feed says of itself',
    first: true,
    usage: 'FEED [ID|first|last]',
    words: [1, 2],
    completes: ['feed', ['first', 'last']],
    flags: [
      {
        name: 'format',
        value: 'FORM',
        completes: ['text', 'json', 'ndjson', 'atom'],
        help: 'text (the default), json, ndjson or atom',
      },
      URL_FLAG,
      { name: 'json', help: 'the same as --format json' },
    ],
    options: SERVER,
    notes: `${CREDENTIALS} ID is an atom:id, or the bare UUID of a urn:uuid: one.`,
    examples: [
      ['atommq show widgets', 'how many entries, the first and the last, title, ETag'],
      ['atommq show widgets last', 'the entry that came last'],
    ],
    exits: { 0: 'shown', 1: `${REFUSED}, or there is no such feed or entry` },
    run: async (input) => (await import('../show.js')).show(input),
  },
];
