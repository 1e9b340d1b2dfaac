/** What was found out about a string, for when it comes again: clients send few different ones. */

/**
 * Remembers what a function says of strings; it must say the same each time.
 * @param most how many are remembered; with one more all are forgotten
 * @param longest strings longer than this are not remembered
 */
export function memo<Value>(most: number, longest: number, of: (text: string) => Value): (text: string) => Value {
  const known = new Map<string, Value>();
  return (text) => {
    const there = known.get(text);
    if (there !== undefined) return there;
    const value = of(text);
    if (text.length <= longest) {
      if (known.size >= most) known.clear();
      known.set(text, value);
    }
    return value;
  };
}
