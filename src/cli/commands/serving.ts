/** Commands: a server, from its configuration to its health. */
import { type Command, JSON_FLAG, SECRETS, URL_FLAG } from '../command.js';

export const SERVING: Command[] = [
  {
    name: 'serve',
    summary: 'serve through a gateway',
    first: true,
    notes: `Flags without a command mean serve, too: atommq --port 8081. So does atommq alone where ATOMMQ_* variables configure it, systemd passes a socket, or the gateway is fastcgi or cgi.

SIGTERM and SIGINT let running requests finish. SIGHUP replaces the workers of a pool one by one, and opens the access log anew.`,
    examples: [
      ['atommq serve', 'on http://127.0.0.1:8080/atommq, with the entries in ./atommq.db'],
      ['atommq serve --gateway fastcgi --socket /run/atommq/fcgi.sock --workers 2', 'behind a web server'],
    ],
    exits: {
      0: 'it was stopped, and all requests finished',
      1: 'the database does not open, something was cut off, or workers keep dying',
      4: 'it cannot listen',
    },
    ownOutput: true,
    // The bus and its database are loaded for those who serve only.
    run: async ({ resolved, argv, version }) => (await import('../serve.js')).serve(resolved, argv, version),
  },
  {
    name: 'init',
    summary: 'write a config.yml that explains every option',
    first: true,
    usage: '[FILE]',
    words: [0, 1],
    completes: ['file'],
    flags: [{ name: 'force', help: 'write over a file that is there' }],
    options: [],
    notes:
      'All options stand in it with their defaults, commented out, so that it changes nothing until a # is taken away.',
    exits: { 0: 'the file is written', 1: 'it is there already, or cannot be written' },
    run: async (input) => (await import('../init.js')).init(input),
  },
  {
    name: 'config',
    summary: 'print what is in force and where each value came from',
    flags: [JSON_FLAG],
    exits: { 0: 'the configuration can be used' },
    run: async ({ resolved, flags }) => (await import('../config.js')).showConfig(resolved, flags.json === true),
  },
  {
    name: 'check',
    summary: 'look for what is wrong with the database, the server and the web server before it',
    flags: [
      URL_FLAG,
      { name: 'read-only', help: 'leave out all that publishes' },
      { name: 'wait', value: 'SECONDS', help: 'how long an answer is held back by Prefer: wait; default 3' },
      JSON_FLAG,
    ],
    notes: `A line for each thing: ok, warning or problem, with what to do about it. What publishes does so to a feed of its own, atommq-check-…, which is removed at the end. ${SECRETS} A server that does not run is a warning.`,
    examples: [['atommq check --url https://example.org/atommq', 'through the web server, as clients come']],
    exits: { 0: 'there is no problem', 1: 'there is one' },
    run: async (input) => (await import('../check.js')).check(input),
  },
];
