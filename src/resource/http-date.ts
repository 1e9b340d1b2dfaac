/** Dates in HTTP fields (RFC 9110 §5.6.7): the three forms that recipients must read, and no other. */

const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');
const DAY = '(?:Sun|Mon|Tue|Wed|Thu|Fri|Sat)';
const MONTH = `(?<month>${MONTHS.join('|')})`;
const CLOCK = '(?<hour>[01]\\d|2[0-3]):(?<minute>[0-5]\\d):(?<second>[0-5]\\d|60)';

const FORMS = [
  // What everybody sends, RFC 850's with its two digits of a year, and what C's asctime() makes.
  new RegExp(`^${DAY}, (?<day>\\d\\d) ${MONTH} (?<year>\\d{4}) ${CLOCK} GMT$`),
  new RegExp(`^(?:Sun|Mon|Tues|Wednes|Thurs|Fri|Satur)day, (?<day>\\d\\d)-${MONTH}-(?<year>\\d\\d) ${CLOCK} GMT$`),
  new RegExp(`^${DAY} ${MONTH} (?<day>[ \\d]\\d) ${CLOCK} (?<year>\\d{4})$`),
];

/**
 * Milliseconds since 1970; undefined for what is not a date of HTTP, which a condition must then ignore. `Date.parse` is no
 * help: it reads asctime's form as local time, and takes `tomorrow 2099` for a date.
 */
export function httpDate(field: string | undefined): number | undefined {
  if (field === undefined) return undefined;
  const text = field.trim();
  for (const form of FORMS) {
    const parts = form.exec(text)?.groups;
    if (parts === undefined) continue;
    const number = (name: string) => Number(parts[name]);
    const year = parts.year!.length === 2 ? fullYear(number('year')) : number('year');
    const midnight = Date.UTC(year, MONTHS.indexOf(parts.month!), number('day'));
    if (new Date(midnight).getUTCDate() !== number('day')) return undefined;
    return midnight + ((number('hour') * 60 + number('minute')) * 60 + number('second')) * 1000;
  }
  return undefined;
}

/** Two digits that would be more than fifty years ahead are of the century before (RFC 9110 §5.6.7). */
function fullYear(digits: number): number {
  const now = new Date().getUTCFullYear();
  const year = now - (now % 100) + digits;
  return year > now + 50 ? year - 100 : year;
}
