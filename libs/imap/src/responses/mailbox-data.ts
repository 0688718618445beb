/** Untagged data about folders and the server: everything of RFC 3501 7.2 and 7.3 but FETCH; CRLF included. */
import type { StatusItem } from '../command.ts';
import { encodeFlags, STORABLE_FLAGS } from '../flags.ts';
import { encodeAstring, encodeNstring, encodeString } from './strings.ts';

/** RFC 3501 7.2.1. What is announced is derived from what is registered: give it in the order it shall be sent. */
export const encodeCapability = (capabilities: readonly string[]): string =>
  `* CAPABILITY ${capabilities.join(' ')}\r\n`;

/** RFC 3501 7.2.6; the keywords that are in use behind the system flags. */
export const encodeFlagsLine = (keywords: readonly string[] = []): string =>
  `* FLAGS ${encodeFlags(STORABLE_FLAGS, keywords)}\r\n`;

/** RFC 3501 7.3.1 */
export const encodeExists = (messages: number): string => `* ${messages} EXISTS\r\n`;

/** RFC 3501 7.3.2 */
export const encodeRecent = (messages: number): string => `* ${messages} RECENT\r\n`;

/** RFC 3501 7.4.1 */
export const encodeExpunge = (seq: number): string => `* ${seq} EXPUNGE\r\n`;

/** Numbers of one piece of a SEARCH response: 22,000 octets at most. */
const SEARCH_PIECE = 2_000;

/** RFC 3501 7.2.5. In pieces, together one line: it may name every message of a large folder. */
export function* encodeSearch(numbers: Iterable<number>): Generator<string, void> {
  let text = '* SEARCH';
  let count = 0;
  for (const number of numbers) {
    text += ` ${number}`;
    if (++count % SEARCH_PIECE > 0) continue;
    yield text;
    text = '';
  }
  yield `${text}\r\n`;
}

/** RFC 5161 3.2 */
export const encodeEnabled = (capabilities: readonly string[]): string =>
  `* ${['ENABLED', ...capabilities].join(' ')}\r\n`;

export interface ListEntry {
  /** With backslash: `\HasNoChildren`, `\Sent` (RFC 6154). */
  readonly attributes: readonly string[];
  /** One ASCII character; null: a flat name. */
  readonly delimiter: string | null;
  /** In modified UTF-7 (RFC 3501 5.1.3). */
  readonly name: string;
}

/** RFC 3501 7.2.2 */
export const encodeList = (entry: ListEntry): string => listLine('LIST', entry);

/** RFC 3501 7.2.3 */
export const encodeLsub = (entry: ListEntry): string => listLine('LSUB', entry);

function listLine(kind: 'LIST' | 'LSUB', { attributes, delimiter, name }: ListEntry): string {
  return `* ${kind} (${attributes.join(' ')}) ${encodeNstring(delimiter)} ${encodeAstring(name)}\r\n`;
}

/** RFC 3501 7.2.4; the name in modified UTF-7, items in the order they shall be sent. */
export function encodeStatus(name: string, items: Iterable<readonly [StatusItem, number]>): string {
  return `* STATUS ${encodeAstring(name)} (${Array.from(items, ([item, value]) => `${item} ${value}`).join(' ')})\r\n`;
}

export interface Namespace {
  /** In modified UTF-7, with the delimiter at its end unless empty. */
  readonly prefix: string;
  readonly delimiter: string | null;
}

/** RFC 2342 5: personal, other users' and shared namespaces; an empty list is NIL. */
export function encodeNamespace(
  personal: readonly Namespace[],
  others: readonly Namespace[] = [],
  shared: readonly Namespace[] = [],
): string {
  return `* NAMESPACE ${namespaces(personal)} ${namespaces(others)} ${namespaces(shared)}\r\n`;
}

function namespaces(list: readonly Namespace[]): string {
  if (list.length === 0) return 'NIL';
  return `(${list.map(({ prefix, delimiter }) => `(${encodeString(prefix)} ${encodeNstring(delimiter)})`).join('')})`;
}

/** RFC 2971 3.2; no fields: NIL. */
export function encodeId(fields: readonly (readonly [string, string | null])[]): string {
  if (fields.length === 0) return '* ID NIL\r\n';
  return `* ID (${fields.map(([name, value]) => `${encodeString(name)} ${encodeNstring(value)}`).join(' ')})\r\n`;
}
