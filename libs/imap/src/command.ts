/** Every command a session understands, as values. */
import type { FlagSet } from './flags.ts';
import type { SearchKey } from './search-key.ts';
import type { FetchItem } from './section-spec.ts';
import type { SequenceSet } from './sequence-set.ts';

/** RFC 3501 6.3.10. */
export type StatusItem = 'MESSAGES' | 'RECENT' | 'UIDNEXT' | 'UIDVALIDITY' | 'UNSEEN';

/** RFC 5258 3.1 with RFC 6154 2. */
export type ListSelection = 'SUBSCRIBED' | 'SPECIAL-USE';
/** RFC 5258 3.2 with RFC 6154 2. */
export type ListReturn = 'SUBSCRIBED' | 'CHILDREN' | 'SPECIAL-USE';

/** What STORE does with the flags it names. */
export type StoreMode = 'replace' | 'add' | 'remove';

/** `uid`: the command came with the UID prefix, so that its sets are UIDs and its responses name them. */
interface OnMessages<Name extends string> {
  readonly name: Name;
  readonly uid: boolean;
  readonly set: SequenceSet;
}

type Bare<Name extends string> = { readonly name: Name };
type OnFolder<Name extends string> = { readonly name: Name; readonly folder: string };

/** Commands of any phase. */
export type AnyPhaseCommand =
  | Bare<'CAPABILITY' | 'NOOP' | 'LOGOUT'>
  /** RFC 2971; null for NIL. */
  | { readonly name: 'ID'; readonly fields: ReadonlyMap<string, string | null> | null };

/** Commands before login. */
export type LoginCommand =
  /** Read as UTF-8; octets that are none stand for the characters of ISO 8859-1. */
  | { readonly name: 'LOGIN'; readonly user: string; readonly password: string }
  /** Mechanism in upper case; the initial response (RFC 4959) in base64 as sent, '' for `=`. */
  | { readonly name: 'AUTHENTICATE'; readonly mechanism: string; readonly initial?: string };

export interface ListCommand {
  readonly name: 'LIST' | 'LSUB';
  readonly reference: string;
  /** In Unicode, with `%` and `*` as wildcards; more than one only in the extended form, none where no name can match. */
  readonly patterns: readonly string[];
  readonly select: readonly ListSelection[];
  /** What RETURN asks for. */
  readonly give: readonly ListReturn[];
  /** RFC 5258 3: options or a list of patterns were given; then an empty pattern does not ask for the separator. */
  readonly extended: boolean;
}

export interface AppendCommand {
  readonly name: 'APPEND';
  readonly folder: string;
  readonly flags: FlagSet;
  /** INTERNALDATE in milliseconds since 1970-01-01 UTC; absent means now. */
  readonly date?: number;
  /** Octets of the message that follows. */
  readonly size: number;
}

/** Commands after login. Folder names are Unicode with `/`, INBOX in upper case; '' stands for one that no folder can have. */
export type FolderCommand =
  | OnFolder<'SELECT' | 'EXAMINE' | 'CREATE' | 'DELETE' | 'SUBSCRIBE' | 'UNSUBSCRIBE'>
  | { readonly name: 'RENAME'; readonly from: string; readonly to: string }
  | { readonly name: 'STATUS'; readonly folder: string; readonly items: readonly StatusItem[] }
  /** RFC 5161; names in upper case. */
  | { readonly name: 'ENABLE'; readonly capabilities: readonly string[] }
  | Bare<'NAMESPACE' | 'IDLE'>
  | ListCommand
  | AppendCommand;

/** Commands on a selected folder. */
export type MessageCommand =
  | Bare<'CHECK' | 'CLOSE' | 'UNSELECT'>
  /** With `uids`: UID EXPUNGE of RFC 4315. */
  | { readonly name: 'EXPUNGE'; readonly uids?: SequenceSet }
  /** Charset in upper case; absent means US-ASCII. */
  | { readonly name: 'SEARCH'; readonly uid: boolean; readonly charset?: string; readonly program: SearchKey }
  | (OnMessages<'FETCH'> & { readonly items: readonly FetchItem[] })
  | (OnMessages<'STORE'> & { readonly mode: StoreMode; readonly silent: boolean; readonly flags: FlagSet })
  | (OnMessages<'COPY' | 'MOVE'> & { readonly folder: string });

export type Command = AnyPhaseCommand | LoginCommand | FolderCommand | MessageCommand;
export type CommandName = Command['name'];
