/** The placeholder `…`: what it is in an answer does not matter, and in a request it is what was answered before. */

const ANY = '…';

/** Whether a text is as it is shown, white space aside. */
export function isAs(shown: string, real: string): boolean {
  return new RegExp(`^${patternOf(shown.replace(/\s+/g, ''))}$`).test(real.replace(/\s+/g, ''));
}

/** Whether a text begins as it is shown, white space aside. */
export function beginsAs(shown: string, real: string): boolean {
  return new RegExp(`^${patternOf(shown.replace(/\s+/g, ''))}`).test(real.replace(/\s+/g, ''));
}

function patternOf(shown: string): string {
  return shown.split(ANY).map(escaped).join('[\\s\\S]*?');
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

/**
 * A text with every word that has a placeholder in it made whole, by the last that fits.
 * @param said what was answered and printed so far, the last at the end
 * @throws Error for a word that nothing fits
 */
export function filled(text: string, said: string): string {
  return text.replace(/[^\s"'`<>=&?(){},;]*…[^\s"'`<>=&?(){},;]*/g, (word) => {
    const parts = word.split(ANY).map(escaped);
    // A comment's or a list's own dots are no placeholder.
    if (parts.every((part) => part === '')) return word;
    const fitting = new RegExp(`(?<![\\w.-])${parts.join(`[^\\s"'<>&?(){},;]+`)}`, 'g');
    const last = said.match(fitting)?.at(-1);
    if (last === undefined) throw new Error(`nothing that was answered so far fits ${word}`);
    return last;
  });
}
