/** Completion for zsh. */
import { COMMON, type Command, type Completes, type Flag } from '../command.js';
import { COMMANDS } from '../commands.js';
import { briefly, flagsFor, OPTION_FLAGS, quoted, takesAll, valued } from './flags.js';

/** The script: good for `source` and as a file `_atommq` in the path of functions. */
export function zsh(): string {
  const commands = COMMANDS.map(({ name, summary }) => `    ${quoted(`${escaped(name)}:${summary}`)}`);
  return `#compdef atommq
# Completion of atommq in zsh: source <(atommq completion zsh), after compinit
_atommq_feeds() {
  local -a names
  local url=$opt_args[--url]
  names=(\${(f)"$($program completion feeds \${url:+--url=$url} 2>/dev/null)"})
  compadd -a names
}
_atommq_commands() {
  local -a commands
  commands=(
${commands.join('\n')}
  )
  _describe command commands
}
_atommq() {
  local name= i
  local program=$words[1]
  typeset -A opt_args
  local -a options
  options=(
${OPTION_FLAGS.map((flag) => `    ${specOf(flag)}`).join('\n')}
  )
  for ((i = 2; i < CURRENT; i++)); do
    if [[ $words[i] != -* && " $_atommq_valued " != *" $words[i-1] "* ]]; then name=$words[i]; break; fi
  done
  case $name in
${COMMANDS.map(caseOf).join('\n')}
    *) _arguments "$options[@]" ${COMMON.map(specOf).join(' ')} '1: :_atommq_commands' ;;
  esac
}
_atommq_valued=${quoted(valued().join(' '))}
if [[ $funcstack[1] == _atommq ]]; then _atommq "$@"; else compdef _atommq atommq; fi
`;
}

/** The first word is the command itself. */
function caseOf(command: Command): string {
  const { name, completes = [], words: [, most] = [0, 0] } = command;
  const words = completes.map((what, i) => {
    const goesOn = i === completes.length - 1 && most > completes.length;
    return quoted(`${goesOn ? '*' : i + 2}: :${actionOf(what)}`);
  });
  const options = takesAll(command) ? ['"$options[@]"'] : [];
  return `    ${name}) _arguments ${[...options, ...flagsFor(command).map(specOf), "'1: :'", ...words].join(' ')} ;;`;
}

function specOf(flag: Flag): string {
  const { name, value, completes } = flag;
  const help = `[${escaped(briefly(flag)).replaceAll('[', '(').replaceAll(']', ')')}]`;
  if (value === undefined) return quoted(`--${name}${help}`);
  return quoted(`--${name}=${help}:${escaped(value)}:${actionOf(completes)}`);
}

function actionOf(completes: Completes | undefined): string {
  if (completes === undefined) return ' ';
  if (completes === 'file') return '_files';
  if (completes === 'feed') return '_atommq_feeds';
  if (completes === 'command') return '_atommq_commands';
  return completes.length === 0 ? ' ' : `(${completes.join(' ')})`;
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll(':', '\\:');
}
