/** Completion for fish. */
import { COMMON, type Command, type Completes, type Flag } from '../command.js';
import { COMMANDS } from '../commands.js';
import { briefly, flagsFor, NAMES, OPTION_FLAGS, quoted, takesAll } from './flags.js';

/** The script. */
export function fish(): string {
  const none = '-n "not __fish_seen_subcommand_from $__atommq_commands"';
  const all = '-n "not __fish_seen_subcommand_from $__atommq_limited"';
  const lines = [
    ...COMMANDS.map(({ name, summary }) => `complete -c atommq ${none} -a ${name} -d ${quoted(summary)}`),
    ...COMMON.map((flag) => `complete -c atommq ${none} ${specOf(flag)}`),
    ...OPTION_FLAGS.map((flag) => `complete -c atommq ${all} ${specOf(flag)}`),
    ...COMMANDS.flatMap(linesOf),
  ];
  return `# Completion of atommq in fish: atommq completion fish > ~/.config/fish/completions/atommq.fish
set -g __atommq_commands ${NAMES.join(' ')}
# Those that not all options have a meaning for.
set -g __atommq_limited ${COMMANDS.filter((command) => !takesAll(command))
    .map(({ name }) => name)
    .join(' ')}
function __atommq_feeds
  set -l words (commandline -opc)
  set -l url
  if set -l at (contains -i -- --url $words)
    set url --url $words[(math $at + 1)]
  end
  $words[1] completion feeds $url 2>/dev/null
end
complete -c atommq -f
${lines.join('\n')}
`;
}

/** What a place takes is offered in every place: fish does not count words. */
function linesOf(command: Command): string[] {
  const when = `-n "__fish_seen_subcommand_from ${command.name}"`;
  const words = (command.completes ?? []).map(argumentsOf).filter((what) => what !== '');
  const lines = [...words, ...flagsFor(command).map(specOf)].map((what) => `complete -c atommq ${when} ${what}`);
  return [...new Set(lines)];
}

function specOf(flag: Flag): string {
  const { name, value, completes } = flag;
  const takes = value === undefined ? '' : completes === 'file' ? ' -r -F' : ` -x ${argumentsOf(completes)}`.trimEnd();
  return `-l ${name}${takes} -d ${quoted(briefly(flag))}`;
}

function argumentsOf(completes: Completes | undefined): string {
  if (completes === undefined) return '';
  if (completes === 'file') return '-F';
  if (completes === 'feed') return '-a "(__atommq_feeds)"';
  if (completes === 'command') return `-a "${NAMES.join(' ')}"`;
  return completes.length === 0 ? '' : `-a "${completes.join(' ')}"`;
}
