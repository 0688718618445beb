import { Buffer } from 'node:buffer';
import { decoderOf, decodeUnlabelled, type Decoder } from './charset.ts';
import type { Steps } from './steps.ts';
import { decodeQuotedPrintable } from './transfer-encoding.ts';

/** Octets of one encoded word (RFC 2047 2 says 75); a longer one stays as it stands. */
export const MAX_ENCODED_WORD = 1_000;
/** Words decoded in one step. */
const WORDS_A_STEP = 64;

/** How many encoded words may still be looked at. */
export interface WordBudget {
  words: number;
}

interface EncodedWord {
  readonly decoder: Decoder;
  readonly octets: Buffer;
  readonly end: number;
}

/**
 * The text of a field body with its encoded words decoded (RFC 2047), octets outside of them read as UTF-8 where they are, else as
 * windows-1252. Takes latin1-decoded octets. Words of unknown charsets or of broken form stay as they stand. Total, linear.
 * @param budget counted down; words behind it stay as they stand
 */
export function* decodeEncodedWords(field: string, budget: WordBudget): Steps<string> {
  let text = '';
  let from = 0;
  let run: { decoder: Decoder; octets: Buffer[] } | undefined;
  const endRun = (): void => {
    if (run) text += run.decoder.decode(Buffer.concat(run.octets));
    run = undefined;
  };
  for (let at = field.indexOf('=?'); at !== -1 && budget.words > 0;) {
    if (--budget.words % WORDS_A_STEP === 0) yield;
    const word = wordAt(field, at);
    if (word === undefined) {
      at = field.indexOf('=?', at + 2);
      continue;
    }
    const between = field.slice(from, at);
    // RFC 2047 6.2: white space between two words is not shown; letters cut in two by the sender are joined.
    const adjacent = run !== undefined && between.trim() === '';
    if (!adjacent || run?.decoder !== word.decoder) endRun();
    if (!adjacent) text += plain(between);
    run ??= { decoder: word.decoder, octets: [] };
    run.octets.push(word.octets);
    from = word.end;
    at = field.indexOf('=?', from);
  }
  endRun();
  return text + plain(field.slice(from));
}

/** `=?charset?encoding?text?=`; RFC 2231 5 allows `charset*language`. */
function wordAt(field: string, at: number): EncodedWord | undefined {
  const window = field.slice(at, at + MAX_ENCODED_WORD);
  const charsetEnd = window.indexOf('?', 2);
  if (charsetEnd === -1 || window[charsetEnd + 2] !== '?') return undefined;
  const textEnd = window.indexOf('?=', charsetEnd + 3);
  if (textEnd === -1) return undefined;
  const encoding = window.charAt(charsetEnd + 1).toUpperCase();
  if (encoding !== 'B' && encoding !== 'Q') return undefined;
  const [charset = ''] = window.slice(2, charsetEnd).split('*', 1);
  const decoder = decoderOf(charset);
  const encoded = window.slice(charsetEnd + 3, textEnd);
  if (decoder === undefined || encoded.includes('?')) return undefined;
  // RFC 2047 4.2: Q is quoted-printable with `_` for the space.
  const octets =
    encoding === 'B'
      ? Buffer.from(encoded, 'base64')
      : decodeQuotedPrintable(Buffer.from(encoded.replaceAll('_', ' '), 'latin1'));
  return { decoder, octets, end: at + textEnd + 2 };
}

const plain = (latin1: string): string => decodeUnlabelled(Buffer.from(latin1, 'latin1'));
