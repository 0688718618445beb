import type { Cursor } from '../cursor.ts';
import { DQUOTE, PLUS, SP } from '../octets.ts';

const HYPHEN = 0x2d;
const COLON = 0x3a;
const DAY_MS = 86_400_000;
const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];

/** 0 to 11, undefined for anything but the three letters; any case. */
export function monthOf(name: string): number | undefined {
  const month = MONTHS.indexOf(name.toUpperCase());
  return month === -1 ? undefined : month;
}

const FIRST_MOMENT = Date.parse('0001-01-01T00:00:00Z');
const LAST_MOMENT = Date.parse('9999-12-31T23:59:59Z');

/** Days from 1970-01-01, or undefined when the calendar has no such day. */
export function dayNumber(year: number, month: number, day: number): number | undefined {
  const date = new Date(0);
  date.setUTCFullYear(year, month, day);
  const exists = date.getUTCMonth() === month && date.getUTCDate() === day;
  return exists ? Math.floor(date.getTime() / DAY_MS) : undefined;
}

/** date: `1-Feb-1994`, quoted or not. Days from 1970-01-01. */
export function expectDate(cursor: Cursor): number {
  const quoted = cursor.take(DQUOTE);
  const day = cursor.number() ?? cursor.fail('day');
  const date = expectMonthAndYear(cursor, day);
  if (quoted) cursor.expect(DQUOTE);
  return date;
}

/** date-time: `"17-Jul-1996 02:44:25 -0700"`, the day with a space or a zero in front. Milliseconds since 1970, or undefined. */
export function dateTime(cursor: Cursor): number | undefined {
  if (!cursor.take(DQUOTE)) return undefined;
  const day = cursor.take(SP) ? cursor.expectDigits(1) : cursor.expectDigits(2);
  const date = expectMonthAndYear(cursor, day);
  cursor.expectSP();
  const hours = cursor.expectDigits(2);
  cursor.expect(COLON);
  const minutes = cursor.expectDigits(2);
  cursor.expect(COLON);
  const seconds = cursor.expectDigits(2);
  cursor.expectSP();
  const zone = expectZone(cursor);
  cursor.expect(DQUOTE);
  // 60 is a leap second.
  if (hours > 23 || minutes > 59 || seconds > 60) cursor.fail('time of day');
  const moment = date * DAY_MS + (hours * 3600 + (minutes - zone) * 60 + seconds) * 1000;
  // RFC 3501 9 (date-year): FETCH says it in UTC, with a year of four digits, and the calendar has no year 0.
  return moment >= FIRST_MOMENT && moment <= LAST_MOMENT ? moment : cursor.fail('date-time from year 1 to 9999 in UTC');
}

function expectMonthAndYear(cursor: Cursor, day: number): number {
  cursor.expect(HYPHEN);
  const month = monthOf(cursor.word() ?? '') ?? cursor.fail('month');
  cursor.expect(HYPHEN);
  const year = cursor.expectDigits(4);
  return dayNumber(year, month, day) ?? cursor.fail('date');
}

/** Minutes east of UTC. */
function expectZone(cursor: Cursor): number {
  const east = cursor.take(PLUS);
  if (!east) cursor.expect(HYPHEN);
  const hours = cursor.expectDigits(2);
  const minutes = cursor.expectDigits(2);
  if (hours > 23 || minutes > 59) cursor.fail('zone');
  return (east ? 1 : -1) * (hours * 60 + minutes);
}
