/** Colours: on terminals, and for whoever asks for them. */

const CODES = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
} as const;

export type Style = keyof typeof CODES;

/** A text in a style, or as it is where there are no colours. */
export type Paint = (style: Style, text: string) => string;

/**
 * What paints for a stream: by `--color` and `--no-color`, else NO_COLOR (https://no-color.org), else FORCE_COLOR, else
 * where it is a terminal that knows colours.
 * @param wanted the flag's value; undefined where it was not given
 */
export function paintFor(
  stream: { isTTY?: boolean | undefined },
  wanted?: unknown,
  env: NodeJS.ProcessEnv = process.env,
): Paint {
  const { NO_COLOR, FORCE_COLOR, TERM } = env;
  const isOn =
    typeof wanted === 'boolean'
      ? wanted
      : NO_COLOR
        ? false
        : FORCE_COLOR
          ? FORCE_COLOR !== '0' && FORCE_COLOR !== 'false'
          : stream.isTTY === true && TERM !== 'dumb';
  if (!isOn) return (_style, text) => text;
  return (style, text) => `\x1b[${CODES[style][0]}m${text}\x1b[${CODES[style][1]}m`;
}
