/** Texts of others made fit for a log: one line, no control characters, nothing secret. */

/** Most characters of an address in a log. */
const MOST = 2048;
/** Names of parameters whose values are nobody's business; `start_after` and the like are not among them. */
const SECRET = /token|secret|pass|pwd|auth|credential|signature|api.?key|^(key|sig|code|session|jwt)$/i;

/** One line: its breaks become bars; what else would steer a terminal, or turn the text around, is escaped as in JSON. */
export function oneLine(text: string): string {
  return text
    .trim()
    .replace(/\s*[\r\n\u2028\u2029]+\s*/g, ' | ')
    .replace(/[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, escaped);
}

/** Without the passwords of addresses. */
export function withoutPasswords(text: string): string {
  return text.replace(/(\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@"']*):[^\s/@"']*@/gi, '$1:***@');
}

/** A path with its query, without the values of parameters that look like secrets. */
export function maskedAddress(path: string, search: string): string {
  const query = search === '' ? '' : `?${search.split('&').map(masked).join('&')}`;
  const address = withoutPasswords(`${path || '/'}${query}`);
  return oneLine(address.length > MOST ? `${address.slice(0, MOST)}…` : address);
}

function masked(parameter: string): string {
  const at = parameter.indexOf('=');
  if (at < 0) return parameter;
  const name = parameter.slice(0, at);
  return SECRET.test(decodedName(name)) ? `${name}=***` : parameter;
}

function decodedName(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
