/** Lists of rules: a list of objects in a file or a program, the same as JSON in a variable or a flag. */
import { BadValue } from './bad-value.js';
import { nearest } from './nearest.js';

/** The keys of a rule as a file has them: what each becomes, and how it is read. */
export type RuleKeys<Rule> = Record<string, [keyof Rule, (value: unknown) => unknown]>;

/**
 * @param example a list of one rule, as a file has it
 * @param finish says what is missing in a rule, or what it has unless told
 * @throws BadValue that says which rule cannot be used, and why
 */
export function rules<Rule>(
  value: unknown,
  keys: RuleKeys<Rule>,
  example: Record<string, unknown>,
  finish: (made: Partial<Rule>) => Rule,
): Rule[] {
  const list = typeof value === 'string' ? json(value, example) : value;
  if (!Array.isArray(list)) throw new BadValue(`must be a list of rules such as ${asWritten(example)}`);
  return list.map((rule, i) => {
    try {
      return finish(readRule(rule, keys));
    } catch (error) {
      if (error instanceof BadValue) throw new BadValue(`has a rule ${i + 1} that cannot be used: ${error.message}`);
      throw error;
    }
  });
}

function readRule<Rule>(rule: unknown, keys: RuleKeys<Rule>): Partial<Rule> {
  if (typeof rule !== 'object' || rule === null || Array.isArray(rule))
    throw new BadValue('it must have keys and values');
  const made: Partial<Record<keyof Rule, unknown>> = {};
  for (const [key, value] of Object.entries(rule)) {
    // `append_only` in a file, `appendOnly` in a program.
    const name = key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`).replaceAll('-', '_');
    if (!Object.hasOwn(keys, name)) {
      throw new BadValue(
        `unknown key ${JSON.stringify(key)}; the nearest known one is ${nearest(name, Object.keys(keys))}`,
      );
    }
    const [ours, read] = keys[name]!;
    try {
      if (value !== undefined && value !== null) made[ours] = read(value);
    } catch (error) {
      throw error instanceof BadValue ? new BadValue(`${name} ${error.message}`) : error;
    }
  }
  return made as Partial<Rule>;
}

function json(text: string, example: Record<string, unknown>): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new BadValue(`must be a list as JSON such as ${JSON.stringify([example]).replace(/([:,])/g, '$1 ')}`);
  }
}

/** An example as people write it in a file. */
function asWritten(example: Record<string, unknown>): string {
  const plain = (value: unknown): string =>
    Array.isArray(value) ? `[${value.map(plain).join(', ')}]` : /[*@]/.test(String(value)) ? `"${value}"` : `${value}`;
  return `[{${Object.entries(example)
    .map(([key, value]) => `${key}: ${plain(value)}`)
    .join(', ')}}]`;
}
