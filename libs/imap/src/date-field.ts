const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** Octets of a Date field that are looked at: the longest sane one has under 60. */
export const MAX_DATE_FIELD = 200;

const DAY_MS = 86_400_000;

/** Days since 1970-01-01 of the moment, in UTC: what the INTERNALDATE keys of SEARCH compare. */
export const dayOf = (date: Date): number => Math.floor(date.getTime() / DAY_MS);

/**
 * Days since 1970-01-01 of the date as written, "disregarding time and timezone" (RFC 3501 6.4.4, SENTON); undefined where none can be
 * read. Takes `Mon, 2 Jan 2006 ...`, without the day of the week, with dashes, with the short years of RFC 5322 4.3, and ISO 8601.
 */
export function sentDay(field: string): number | undefined {
  const text = field.slice(0, MAX_DATE_FIELD);
  const usual = /(?<!\d)(\d{1,2})[ \t-]{1,9}([a-z]{3})[a-z]{0,6}[ \t,.-]{1,9}(\d{2,4})(?!\d)/i.exec(text);
  if (usual) return day(year(usual[3] ?? ''), MONTHS.indexOf((usual[2] ?? '').toLowerCase()), Number(usual[1]));
  const iso = /(?<!\d)(\d{4})-(\d{2})-(\d{2})(?!\d)/.exec(text);
  return iso ? day(Number(iso[1]), Number(iso[2]) - 1, Number(iso[3])) : undefined;
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
