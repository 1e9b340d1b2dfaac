/** The names of XML 1.0 (§2.3) and of Namespaces in XML (§3). */

const START =
  'A-Z_a-z\\u00c0-\\u00d6\\u00d8-\\u00f6\\u00f8-\\u02ff\\u0370-\\u037d\\u037f-\\u1fff\\u200c\\u200d\\u2070-\\u218f\\u2c00-\\u2fef\\u3001-\\ud7ff\\uf900-\\ufdcf\\ufdf0-\\ufffd\\u{10000}-\\u{effff}';
const REST = `${START}\\-.0-9\\u00b7\\u0300-\\u036f\\u203f\\u2040`;

const NAME = new RegExp(`[:${START}][:${REST}]*`, 'uy');
const NCNAME = new RegExp(`^[${START}][${REST}]*$`, 'u');

/** Of each ASCII character: 2 where a name may begin with it, 1 where one may go on with it. */
const ASCII = Uint8Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code);
  return /[:A-Z_a-z]/.test(character) ? 2 : /[-.0-9]/.test(character) ? 1 : 0;
});

/** Whether a text is a name without a colon. */
export function isNcName(text: string): boolean {
  return NCNAME.test(text);
}

/** Where the name ends that begins at a place of a text; that place itself where none does. */
export function endOfName(text: string, start: number): number {
  let at = start;
  let code = text.charCodeAt(at);
  if (ASCII[code] === 2) {
    do {
      at += 1;
      code = text.charCodeAt(at);
    } while (ASCII[code]! > 0);
  }
  if (!(code > 127)) return at;
  NAME.lastIndex = start;
  return NAME.test(text) ? NAME.lastIndex : start;
}
