import type { Command } from '../command.ts';
import type { Cursor } from '../cursor.ts';
import { MAX_ENABLE, MAX_ID_PARAMETERS } from '../limits.ts';
import { OPEN } from '../octets.ts';
import { lenientText } from '../text.ts';

export function parseLogin(cursor: Cursor): Command {
  cursor.expectSP();
  const user = lenientText(cursor.expectAstring('user name'));
  cursor.expectSP();
  return { name: 'LOGIN', user, password: lenientText(cursor.expectAstring('password')) };
}

/** RFC 4959 3: an initial response behind the mechanism, `=` for an empty one. */
export function parseAuthenticate(cursor: Cursor): Command {
  cursor.expectSP();
  const mechanism = cursor.expectAtom('mechanism').toUpperCase();
  if (!cursor.sp()) return { name: 'AUTHENTICATE', mechanism };
  const initial = cursor.expectAtom('initial response');
  return { name: 'AUTHENTICATE', mechanism, initial: initial === '=' ? '' : initial };
}

/** RFC 5161 3.1. */
export function parseEnable(cursor: Cursor): Command {
  const capabilities: string[] = [];
  do {
    cursor.expectSP();
    if (capabilities.length >= MAX_ENABLE) cursor.over(`at most ${MAX_ENABLE} capabilities`);
    capabilities.push(cursor.expectAtom('capability').toUpperCase());
  } while (!cursor.atEnd);
  return { name: 'ENABLE', capabilities };
}

/** RFC 2971 3.1. */
export function parseId(cursor: Cursor): Command {
  cursor.expectSP();
  if (cursor.peek !== OPEN) return cursor.takeWord('NIL') ? { name: 'ID', fields: null } : cursor.fail('NIL or list');
  const fields = new Map<string, string | null>();
  const field = (): void => {
    const key = lenientText(cursor.expectString());
    cursor.expectSP();
    const value = cursor.nstring();
    if (!fields.has(key)) fields.set(key, value === null ? null : lenientText(value));
  };
  cursor.list(field, MAX_ID_PARAMETERS);
  return { name: 'ID', fields };
}
