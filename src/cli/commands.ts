/** The one table of commands: what each takes, what its help says, and where it is. */
import { COMMON, type Command, type Flag, SERVER, URL_FLAG } from './command.js';
import { CLIENTS } from './commands/clients.js';
import { DATABASES } from './commands/databases.js';
import { SERVING } from './commands/serving.js';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

const OTHERS: Command[] = [
  {
    name: 'completion',
    summary: 'print what completes command lines in a shell',
    usage: SHELLS.join('|'),
    words: [1, 1],
    completes: [SHELLS],
    flags: [URL_FLAG],
    options: SERVER,
    notes: 'Names of feeds are asked of the server, by ATOMMQ_URL or the configuration in the folder where one is.',
    examples: [
      ['source <(atommq completion bash)', 'in ~/.bashrc'],
      ['source <(atommq completion zsh)', 'in ~/.zshrc, after compinit'],
      ['atommq completion fish > ~/.config/fish/completions/atommq.fish', 'once'],
    ],
    exits: { 0: 'printed' },
    run: async (input) => (await import('./completion.js')).completion(input),
  },
  {
    name: 'help',
    summary: 'print all there is, or the help of a command',
    usage: '[COMMAND]',
    words: [0, 1],
    completes: ['command'],
    options: [],
    exits: { 0: 'printed' },
    run: () => 0,
  },
];

/** Commands that belong together, under the headings that people see. */
export const GROUPS: [heading: string, commands: Command[]][] = [
  ['A server', SERVING],
  ['Feeds of a server', CLIENTS],
  ['Databases', DATABASES],
  ['The command line', OTHERS],
];

export const COMMANDS: Command[] = GROUPS.flatMap(([, commands]) => commands);

/** Every flag of any command that is no option, each once. */
export const OWN_FLAGS: Flag[] = [...COMMON, ...COMMANDS.flatMap(({ flags = [] }) => flags)].filter(
  (flag, i, all) => all.findIndex(({ name }) => name === flag.name) === i,
);
