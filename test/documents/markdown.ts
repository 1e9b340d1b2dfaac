/** A document in Markdown as steps: its blocks of code, with what the comments before them say, and comments that are steps. */

/** What a comment may say of the block after it. */
const NOTES = ['skip', 'read', 'with', 'then', 'file', 'meanwhile', 'until', 'output'] as const;
/** Comments that do something themselves. */
const STEPS = ['run', 'server', 'anew'];

export type Notes = { [Name in (typeof NOTES)[number]]?: string };

export interface Step {
  /** Where it begins, counted from 1. */
  line: number;
  /** The language of a block, empty where it has none; `run`, `server` or `anew`. */
  kind: string;
  text: string;
  notes: Notes;
}

/** @throws Error with the line of a comment or a block that cannot be right */
export function stepsOf(document: string): Step[] {
  const lines = document.split('\n');
  const steps: Step[] = [];
  let notes: Notes = {};
  for (let at = 0; at < lines.length; at += 1) {
    const line = at + 1;
    const [, indent = '', fence, language = ''] = /^(\s*)(```+|~~~+)\s*(\w*)/.exec(lines[at]!) ?? [];
    if (fence !== undefined) {
      const end = lines.findIndex((text, index) => index > at && text.trim() === fence);
      if (end < 0) throw new Error(`line ${line}: a block that does not end`);
      const inside = lines
        .slice(at + 1, end)
        .map((text) => (text.startsWith(indent) ? text.slice(indent.length) : text));
      steps.push({ line, kind: language, text: inside.join('\n'), notes });
      notes = {};
      at = end;
      continue;
    }
    if (!lines[at]!.trimStart().startsWith('<!--')) continue;
    const end = lines.findIndex((text, index) => index >= at && text.includes('-->'));
    if (end < 0) throw new Error(`line ${line}: a comment that does not end`);
    const comment = lines.slice(at, end + 1).join('\n');
    at = end;
    const [, name = '', text = ''] = /^\s*<!--\s*(\w+)(?::\s*?|\s)([\s\S]*?)\s*-->\s*$/.exec(comment) ?? [];
    if (STEPS.includes(name)) steps.push({ line, kind: name, text: text.trim(), notes: {} });
    else if ((NOTES as readonly string[]).includes(name)) notes = { ...notes, [name]: text.trim() };
    else throw new Error(`line ${line}: a comment is one of ${[...STEPS, ...NOTES].join(', ')}`);
    if (name === 'skip' && text.trim() === '') throw new Error(`line ${line}: a block that is skipped needs a reason`);
  }
  if (Object.keys(notes).length > 0) throw new Error(`a comment (${Object.keys(notes)}) with no block after it`);
  return steps;
}
