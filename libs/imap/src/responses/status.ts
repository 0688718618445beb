/** Status responses: OK, NO, BAD, BYE, PREAUTH with their response codes. RFC 3501 7.1 and the extensions that add codes. */
import { encodeText } from './strings.ts';
import { encodeNumbers } from '../sequence-set.ts';

/** What stands in brackets before the text. */
export type ResponseCode =
  | { readonly code: BareCode }
  | { readonly code: 'BADCHARSET'; readonly charsets: readonly string[] }
  | { readonly code: 'CAPABILITY'; readonly capabilities: readonly string[] }
  /** Flags as they are sent, with `\*` where clients may make keywords. */
  | { readonly code: 'PERMANENTFLAGS'; readonly flags: readonly string[] }
  | { readonly code: 'UIDNEXT' | 'UIDVALIDITY' | 'UNSEEN' | 'HIGHESTMODSEQ'; readonly value: number }
  /** RFC 4315 3 */
  | { readonly code: 'APPENDUID'; readonly uidValidity: number; readonly uids: readonly number[] }
  /** RFC 4315 3: the n-th of `to` is the copy of the n-th of `from`. */
  | {
      readonly code: 'COPYUID';
      readonly uidValidity: number;
      readonly from: readonly number[];
      readonly to: readonly number[];
    };

/** Codes without arguments: RFC 3501 7.1, RFC 5530 3, RFC 4315 3 (UIDNOTSTICKY), RFC 7162 (CLOSED), RFC 4469 (TOOBIG). */
export type BareCode =
  | 'ALERT'
  | 'PARSE'
  | 'READ-ONLY'
  | 'READ-WRITE'
  | 'TRYCREATE'
  | 'UIDNOTSTICKY'
  | 'CLOSED'
  | 'TOOBIG'
  | 'UNKNOWN-CTE'
  | 'UNAVAILABLE'
  | 'AUTHENTICATIONFAILED'
  | 'AUTHORIZATIONFAILED'
  | 'EXPIRED'
  | 'PRIVACYREQUIRED'
  | 'CONTACTADMIN'
  | 'NOPERM'
  | 'INUSE'
  | 'EXPUNGEISSUED'
  | 'CORRUPTION'
  | 'SERVERBUG'
  | 'CLIENTBUG'
  | 'CANNOT'
  | 'LIMIT'
  | 'OVERQUOTA'
  | 'ALREADYEXISTS'
  | 'NONEXISTENT';

export type Status = 'OK' | 'NO' | 'BAD';
export type UntaggedStatus = Status | 'BYE' | 'PREAUTH';

/** `tag OK text` with CRLF. The tag is one the parser took; the text may come from anywhere and never breaks the line. */
export function encodeTagged(tag: string, status: Status, text: string, code?: ResponseCode): string {
  return `${tag} ${statusText(status, text, code)}`;
}

/** `* OK text` with CRLF. */
export function encodeUntagged(status: UntaggedStatus, text: string, code?: ResponseCode): string {
  return `* ${statusText(status, text, code)}`;
}

/** `+ text` with CRLF: the client may go on. RFC 3501 7.5. For AUTHENTICATE the text is base64 and may be empty. */
export function encodeContinuation(text = ''): string {
  return text === '' ? '+ \r\n' : `+ ${encodeText(text)}\r\n`;
}

function statusText(status: UntaggedStatus, text: string, code: ResponseCode | undefined): string {
  const bracketed = code === undefined ? '' : `[${encodeCode(code)}] `;
  const shown = encodeText(text);
  // A text that starts with a bracket would be read as a code.
  return `${status} ${bracketed}${bracketed === '' && shown.startsWith('[') ? `- ${shown}` : shown}\r\n`;
}

/** A response code without its brackets. */
export function encodeCode(code: ResponseCode): string {
  switch (code.code) {
    case 'BADCHARSET':
      return `BADCHARSET (${code.charsets.join(' ')})`;
    case 'CAPABILITY':
      return `CAPABILITY ${code.capabilities.join(' ')}`;
    case 'PERMANENTFLAGS':
      return `PERMANENTFLAGS (${code.flags.join(' ')})`;
    case 'UIDNEXT':
    case 'UIDVALIDITY':
    case 'UNSEEN':
    case 'HIGHESTMODSEQ':
      return `${code.code} ${code.value}`;
    case 'APPENDUID':
      return `APPENDUID ${code.uidValidity} ${encodeNumbers(code.uids)}`;
    case 'COPYUID':
      return `COPYUID ${code.uidValidity} ${encodeNumbers(code.from)} ${encodeNumbers(code.to)}`;
    default:
      return code.code;
  }
}
