const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** Octets of a Date field that are looked at: the longest sane one has under 60, comments may be longer. */
export const MAX_DATE_FIELD = 1_000;

const DAY_MS = 86_400_000;

/** Days since 1970-01-01 of the moment, in UTC: what the INTERNALDATE keys of SEARCH compare. */
export const dayOf = (date: Date): number => Math.floor(date.getTime() / DAY_MS);

/**
 * Days since 1970-01-01 of the date as written, "disregarding time and timezone" (RFC 3501 6.4.4, SENTON); undefined where none can be
 * read. A date-time of RFC 5322 3.3 with the obsolete forms of 4.3: folded, with comments anywhere, without the day of the week, with short
 * years. Beside them what else senders write: dashes between, whole names of months, the month first (C's asctime), ISO 8601.
 */
export function sentDay(field: string): number | undefined {
  const words = wordsOf(field.slice(0, MAX_DATE_FIELD));
  for (const [at, word] of words.entries()) {
    const iso = /^(\d{4})-(\d{2})-(\d{2})(?!\d)/.exec(word);
    if (iso) return day(Number(iso[1]), Number(iso[2]) - 1, Number(iso[3]));
    const month = monthOf(word);
    if (month === undefined) continue;
    const [before, after, third] = [words[at - 1] ?? '', words[at + 1] ?? '', words[at + 2] ?? ''];
    if (isDate(before) && isYear(after)) return day(year(after), month, Number(before));
    // asctime: `Jul 24 23:32:00 2007`; the year comes last of all.
    const last = isYear(third) ? third : (words.slice(at + 2).findLast(isYear) ?? '');
    if (isDate(after) && isYear(last)) return day(year(last), month, Number(after));
    return undefined;
  }
  return undefined;
}

const isDate = (word: string): boolean => /^\d{1,2}$/.test(word);
const isYear = (word: string): boolean => /^\d{2,4}$/.test(word);

function monthOf(word: string): number | undefined {
  if (!/^[a-z]{3,9}$/i.test(word)) return undefined;
  const month = MONTHS.indexOf(word.slice(0, 3).toLowerCase());
  return month === -1 ? undefined : month;
}

/** The words of a field body: what stands between white space, commas, comments (RFC 5322 3.2.2; they nest) and folds. */
function wordsOf(text: string): string[] {
  let plain = '';
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    // RFC 5322 3.2.1: a quoted pair.
    if (char === '\\') at++;
    else if (char === '(') depth++;
    else if (depth === 0) plain += char;
    else if (char === ')') depth--;
    if (depth > 0) plain += plain.endsWith(' ') ? '' : ' ';
  }
  return plain
    .split(/[\s,]+/)
    .flatMap((word) => (/^\d{1,2}-[a-z]{3,9}-\d{2,4}$/i.test(word) ? word.split('-') : [word]));
}

/** RFC 5322 4.3: 00-49 are 2000-2049, 50-99 and three digits count from 1900. */
function year(digits: string): number {
  const value = Number(digits);
  if (digits.length === 4) return value;
  return value + (digits.length === 2 && value < 50 ? 2000 : 1900);
}

function day(year: number, month: number, date: number): number | undefined {
  const found = new Date(0);
  found.setUTCFullYear(year, month, date);
  return found.getUTCMonth() === month && found.getUTCDate() === date ? dayOf(found) : undefined;
}
