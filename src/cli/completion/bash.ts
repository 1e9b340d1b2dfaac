/** Completion for bash, by itself: without the package bash-completion. */
import { COMMON, type Command, type Completes, type Flag } from '../command.js';
import { COMMANDS } from '../commands.js';
import { flagsFor, NAMES, OPTION_FLAGS, takesAll, valued } from './flags.js';

/** The script. Names of feeds are anybody's texts: they are compared and quoted, and never given to what expands them. */
export function bash(): string {
  return `# Completion of atommq in bash: source <(atommq completion bash)
_atommq() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} name= flags= url= count=0 i
  # "=" is a word of its own to bash.
  if [[ $word == = ]]; then word=; elif [[ $before == = ]]; then before=\${COMP_WORDS[COMP_CWORD-2]}; fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case \${COMP_WORDS[i]} in
      --url) url=\${COMP_WORDS[i+1]}; [[ $url == = ]] && url=\${COMP_WORDS[i+2]} ;;
      -*|=) ;;
      *) case " $_atommq_valued = " in
           *" \${COMP_WORDS[i-1]} "*) ;;
           *) if [[ -z $name ]]; then name=\${COMP_WORDS[i]}; else ((count++)); fi ;;
         esac ;;
    esac
  done
  COMPREPLY=()
  case $name:$before in
${unique(COMMANDS.flatMap((command) => (command.flags ?? []).map((flag) => caseOf(command.name, flag)))).join('\n')}
${unique([...COMMON, ...OPTION_FLAGS].map((flag) => caseOf('*', flag))).join('\n')}
  esac
  case $name in
    '') flags=$_atommq_options ;;
${COMMANDS.map(flagsCase).join('\n')}
  esac
  if [[ $word == -* ]]; then _atommq_words "$flags"; return; fi
  case $name:$count in
    :*) _atommq_words "${NAMES.join(' ')}" ;;
${COMMANDS.flatMap(places).join('\n')}
  esac
}
_atommq_options="${wordsOf([...COMMON, ...OPTION_FLAGS])}"
_atommq_valued="${valued().join(' ')}"
_atommq_words() { COMPREPLY=($(compgen -W "$1" -- "$word")); }
_atommq_feeds() {
  local feed
  while IFS= read -r feed; do
    [[ $feed == "$word"* ]] && COMPREPLY+=("$(printf %q "$feed")")
  done < <("\${COMP_WORDS[0]}" completion feeds \${url:+--url "$url"} 2>/dev/null)
}
_atommq_files() {
  local file
  compopt -o filenames
  while IFS= read -r file; do COMPREPLY+=("$file"); done < <(compgen -f -- "$word")
}
complete -F _atommq atommq
`;
}

/** What a flag's value may be; nothing for one that takes none. */
function caseOf(command: string, { name, value, completes }: Flag): string | undefined {
  return value === undefined ? undefined : `    ${command}:--${name}) ${actionOf(completes)}; return ;;`;
}

function flagsCase(command: Command): string {
  const own = wordsOf(flagsFor(command));
  return `    ${command.name}) flags="${own}${takesAll(command) ? ' $_atommq_options' : ''}" ;;`;
}

/** What stands in a place: each of its own, the last for all that follow. */
function places({ name, completes = [] }: Command): string[] {
  return completes.map((what, i) => {
    const isLast = i === completes.length - 1;
    return `    ${name}:${isLast ? '*' : i}) ${actionOf(what)} ;;`;
  });
}

function actionOf(completes: Completes | undefined): string {
  if (completes === undefined) return ':';
  if (completes === 'file') return '_atommq_files';
  if (completes === 'feed') return '_atommq_feeds';
  if (completes === 'command') return `_atommq_words "${NAMES.join(' ')}"`;
  return completes.length === 0 ? ':' : `_atommq_words "${completes.join(' ')}"`;
}

function wordsOf(flags: Flag[]): string {
  return flags.map(({ name }) => `--${name}`).join(' ');
}

function unique(lines: (string | undefined)[]): string[] {
  return [...new Set(lines)].filter((line) => line !== undefined);
}
