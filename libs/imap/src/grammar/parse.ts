/** One framed command becomes one value. Total: whatever comes in, a command or a SyntaxFault goes out. */
import type { Buffer } from 'node:buffer';
import type { Command, CommandName } from '../command.ts';
import { Cursor } from '../cursor.ts';
import { SyntaxFault } from '../syntax-fault.ts';
import { parseAppend } from './append.ts';
import { parseFetch } from './fetch.ts';
import { parseCreate, parseList, parseLsub, parseOnFolder, parseRename, parseStatus } from './folders.ts';
import { parseAuthenticate, parseEnable, parseId, parseLogin } from './login.ts';
import { parseStore, parseTransfer, parseUidExpunge } from './messages.ts';
import { parseSearch } from './search.ts';

export type Parsed =
  | { readonly tag: string; readonly command: Command; readonly fault?: undefined }
  /** Without a tag the answer is untagged. */
  | { readonly tag: string | undefined; readonly fault: SyntaxFault; readonly command?: undefined };

type BareName = 'CAPABILITY' | 'NOOP' | 'LOGOUT' | 'NAMESPACE' | 'IDLE' | 'CHECK' | 'CLOSE' | 'UNSELECT' | 'EXPUNGE';
type Grammar = (cursor: Cursor) => Command;

const bare =
  (name: BareName): Grammar =>
  () => ({ name });

/** By name, so that none is forgotten. */
const GRAMMARS: Record<CommandName, Grammar> = {
  CAPABILITY: bare('CAPABILITY'),
  NOOP: bare('NOOP'),
  LOGOUT: bare('LOGOUT'),
  CHECK: bare('CHECK'),
  CLOSE: bare('CLOSE'),
  EXPUNGE: bare('EXPUNGE'),
  UNSELECT: bare('UNSELECT'),
  IDLE: bare('IDLE'),
  NAMESPACE: bare('NAMESPACE'),
  ID: parseId,
  ENABLE: parseEnable,
  AUTHENTICATE: parseAuthenticate,
  LOGIN: parseLogin,
  SELECT: parseOnFolder('SELECT'),
  EXAMINE: parseOnFolder('EXAMINE'),
  CREATE: parseCreate,
  DELETE: parseOnFolder('DELETE'),
  SUBSCRIBE: parseOnFolder('SUBSCRIBE'),
  UNSUBSCRIBE: parseOnFolder('UNSUBSCRIBE'),
  RENAME: parseRename,
  LIST: parseList,
  LSUB: parseLsub,
  STATUS: parseStatus,
  APPEND: parseAppend,
  SEARCH: (cursor) => parseSearch(cursor, false),
  FETCH: (cursor) => parseFetch(cursor, false),
  STORE: (cursor) => parseStore(cursor, false),
  COPY: (cursor) => parseTransfer('COPY', cursor, false),
  MOVE: (cursor) => parseTransfer('MOVE', cursor, false),
};

/** RFC 3501 6.4.8, RFC 4315 2.1, RFC 6851 3.2. */
const UID_GRAMMARS = new Map<string, Grammar>([
  ['SEARCH', (cursor) => parseSearch(cursor, true)],
  ['FETCH', (cursor) => parseFetch(cursor, true)],
  ['STORE', (cursor) => parseStore(cursor, true)],
  ['COPY', (cursor) => parseTransfer('COPY', cursor, true)],
  ['MOVE', (cursor) => parseTransfer('MOVE', cursor, true)],
  ['EXPUNGE', parseUidExpunge],
]);

// A Map, because the word comes from the client.
const BY_WORD = new Map<string, Grammar>(Object.entries(GRAMMARS));

/** @param octets as the framer cuts them; for APPEND the `head` of its event */
export function parseCommand(octets: Buffer): Parsed {
  const cursor = new Cursor(octets);
  const tag = cursor.tag();
  try {
    if (tag === undefined) return { tag, fault: new SyntaxFault('tag', 0) };
    cursor.expectSP();
    const command = grammarOf(cursor)(cursor);
    cursor.expectEnd();
    return { tag, command };
  } catch (error) {
    if (error instanceof SyntaxFault) return { tag, fault: error };
    throw error;
  }
}

function grammarOf(cursor: Cursor): Grammar {
  const word = cursor.atom()?.toUpperCase();
  if (word !== 'UID') return BY_WORD.get(word ?? '') ?? cursor.fail('command');
  cursor.expectSP();
  return UID_GRAMMARS.get(cursor.atom()?.toUpperCase() ?? '') ?? cursor.fail('command');
}
