/** One POP3 command line becomes one value. Total: whatever comes in, a Command goes out. */
import { Buffer, isUtf8 } from 'node:buffer';
import { MAX_COMMAND_LINE } from './limits.ts';

/** What is wrong with a line that is no command. */
export type BadCommand = 'unknown' | 'syntax' | 'too-long';

/** A message number as the client wrote it; 0 stands for every number that cannot name a message. */
type MessageNumber = number;

export type Command =
  | { readonly verb: 'USER'; readonly name: string }
  | { readonly verb: 'PASS'; readonly password: string }
  | { readonly verb: 'AUTH'; readonly mechanism: string | undefined; readonly initial: string | undefined }
  | { readonly verb: 'CAPA' }
  | { readonly verb: 'STAT' | 'NOOP' | 'RSET' | 'QUIT' }
  | { readonly verb: 'LIST' | 'UIDL'; readonly number: MessageNumber | undefined }
  | { readonly verb: 'RETR' | 'DELE'; readonly number: MessageNumber }
  | { readonly verb: 'TOP'; readonly number: MessageNumber; readonly lines: number }
  | { readonly verb: 'bad'; readonly why: BadCommand };

const CRLF_LENGTH = 2;

/**
 * @param line without its line end. Text is UTF-8; a line that is not is read as ISO 8859-1, so that the passwords of old
 * clients compare as the characters their users typed.
 */
export function parseCommand(line: Buffer): Command {
  const text = line.toString(isUtf8(line) ? 'utf8' : 'latin1');
  const space = text.indexOf(' ');
  const verb = (space === -1 ? text : text.slice(0, space)).toUpperCase();
  const rest = space === -1 ? undefined : text.slice(space + 1);
  const isLogin = verb === 'PASS' || verb === 'AUTH';
  if (!isLogin && line.length > MAX_COMMAND_LINE - CRLF_LENGTH) return bad('too-long');
  return isLogin ? parseLogin(verb, rest) : parseOther(verb, rest);
}

function parseLogin(verb: 'PASS' | 'AUTH', rest: string | undefined): Command {
  // RFC 1939 7: the password is all the rest of the line, spaces too.
  if (verb === 'PASS') return rest ? { verb, password: rest } : bad('syntax');
  const [mechanism, initial, ...more] = words(rest);
  if (more.length > 0) return bad('syntax');
  return { verb, mechanism: mechanism?.toUpperCase(), initial };
}

function parseOther(verb: string, rest: string | undefined): Command {
  switch (verb) {
    case 'USER':
      return rest?.trim() ? { verb, name: rest.trim() } : bad('syntax');
    case 'CAPA':
    case 'STAT':
    case 'NOOP':
    case 'RSET':
    case 'QUIT':
      return words(rest).length === 0 ? { verb } : bad('syntax');
    case 'LIST':
    case 'UIDL':
    case 'RETR':
    case 'DELE':
    case 'TOP':
      return parseNumbered(verb, words(rest));
    default:
      return bad('unknown');
  }
}

function parseNumbered(verb: 'LIST' | 'UIDL' | 'RETR' | 'DELE' | 'TOP', args: readonly string[]): Command {
  const numbers = args.map(decimal);
  const [number, lines] = numbers;
  if (numbers.includes(undefined) || numbers.length > 2) return bad('syntax');
  if (verb === 'TOP')
    return number === undefined || lines === undefined ? bad('syntax') : { verb, number: named(number), lines };
  if (numbers.length > 1) return bad('syntax');
  if (verb === 'LIST' || verb === 'UIDL') return { verb, number: number === undefined ? undefined : named(number) };
  return number === undefined ? bad('syntax') : { verb, number: named(number) };
}

const words = (text: string | undefined): string[] => (text ?? '').split(' ').filter((word) => word !== '');

/** Digits without sign or leading zero; saturates, so that 2^64 is a number like every other that is too large. */
function decimal(word: string): number | undefined {
  for (let at = 0; at < word.length; at++) {
    const code = word.charCodeAt(at);
    if (code < 0x30 || code > 0x39) return undefined;
  }
  if (word.length > 1 && word.startsWith('0')) return undefined;
  return Math.min(Number(word), Number.MAX_SAFE_INTEGER);
}

const named = (number: number): MessageNumber => (number < Number.MAX_SAFE_INTEGER ? number : 0);

const bad = (why: BadCommand): Command => ({ verb: 'bad', why });
