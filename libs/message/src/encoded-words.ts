import { MAX_ENCODED_WORD, MAX_FIELD_OCTETS } from './limits.ts';
import { isSpace } from './text.ts';

/** WHATWG decoder labels of the charsets we read (RFC 2047 2); ISO-8859-1 is read as windows-1252, as every reader of mail does. */
const CHARSETS = new Map([
  ['utf-8', 'utf-8'],
  ['utf8', 'utf-8'],
  ['us-ascii', 'windows-1252'],
  ['ascii', 'windows-1252'],
  ['iso-8859-1', 'windows-1252'],
  ['latin1', 'windows-1252'],
  ['windows-1252', 'windows-1252'],
  ['cp1252', 'windows-1252'],
]);

const HEX_PAIR = /^[0-9a-f]{2}$/i;

interface EncodedWord {
  label: string;
  octets: Buffer;
  end: number;
}

/**
 * Text of an unstructured field body for people: encoded words decoded, raw octets read as UTF-8 where they are, else as windows-1252.
 * Takes a latin1 string of octets (unfolded), reads at most MAX_FIELD_OCTETS of it. Words of unknown charsets or with broken encoding
 * stay as they stand. Never throws.
 */
export function decodeEncodedWords(latin1: string): string {
  const text = latin1.slice(0, MAX_FIELD_OCTETS);
  let out = '';
  let plainFrom = 0;
  let run: { label: string; pieces: Buffer[] } | undefined;
  for (let at = text.indexOf('=?'); at !== -1;) {
    const word = encodedWordAt(text, at);
    if (!word) {
      at = text.indexOf('=?', at + 2);
      continue;
    }
    // RFC 2047 6.2: white space between two encoded words is not shown. Words of one charset are joined first, as senders cut letters in two.
    const joined = run !== undefined && isBlank(text, plainFrom, at);
    if (!joined || run?.label !== word.label) {
      out += decodeRun(run) + (joined ? '' : plain(text.slice(plainFrom, at)));
      run = { label: word.label, pieces: [] };
    }
    run?.pieces.push(word.octets);
    plainFrom = word.end;
    at = text.indexOf('=?', word.end);
  }
  return out + decodeRun(run) + plain(text.slice(plainFrom));
}

function isBlank(text: string, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (!isSpace(text.charCodeAt(i))) return false;
  return true;
}

/** `=?charset?encoding?text?=` at `at`; RFC 2231 5 allows `charset*language`. */
function encodedWordAt(text: string, at: number): EncodedWord | undefined {
  const window = text.slice(at, at + MAX_ENCODED_WORD);
  const charsetEnd = window.indexOf('?', 2);
  const textEnd = charsetEnd === -1 || window[charsetEnd + 2] !== '?' ? -1 : window.indexOf('?', charsetEnd + 3);
  if (textEnd === -1 || window[textEnd + 1] !== '=') return undefined;
  const [charset = ''] = window.slice(2, charsetEnd).toLowerCase().split('*', 1);
  const label = CHARSETS.get(charset);
  const octets = decodeOctets(window.charAt(charsetEnd + 1), window.slice(charsetEnd + 3, textEnd));
  return label === undefined || octets === undefined ? undefined : { label, octets, end: at + textEnd + 2 };
}

function decodeOctets(encoding: string, text: string): Buffer | undefined {
  if (encoding === 'B' || encoding === 'b') return Buffer.from(text, 'base64');
  if (encoding !== 'Q' && encoding !== 'q') return undefined;
  const octets = Buffer.allocUnsafe(text.length);
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const pair = code === 61 ? text.slice(i + 1, i + 3) : '';
    const hex = HEX_PAIR.test(pair) ? Number.parseInt(pair, 16) : Number.NaN;
    if (!Number.isNaN(hex)) i += 2;
    octets[length++] = Number.isNaN(hex) ? (code === 95 ? 32 : code) : hex; // RFC 2047 4.2: _ is a space
  }
  return octets.subarray(0, length);
}

const decodeRun = (run: { label: string; pieces: Buffer[] } | undefined): string =>
  run ? new TextDecoder(run.label).decode(Buffer.concat(run.pieces)) : '';

function plain(latin1: string): string {
  // eslint-disable-next-line no-control-regex -- all of US-ASCII
  if (/^[\0-\x7f]*$/.test(latin1)) return latin1;
  const octets = Buffer.from(latin1, 'latin1');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(octets);
  } catch {
    return new TextDecoder('windows-1252').decode(octets);
  }
}
