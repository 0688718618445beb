/** Matches folder names against the patterns of LIST and LSUB: RFC 3501 6.3.8. No backtracking: all states run side by side, one bit each. */
import { MAX_LIST_PATTERN, MAX_LIST_WILDCARDS } from './limits.ts';
import { canonicalInbox, INBOX, SEPARATOR } from './folder-name.ts';

export type NamePattern = (name: string) => boolean;

/**
 * Names are compared in the form in which folders are kept, Unicode NFC: clients that write NFD find them too.
 * @param reference put in front of the pattern as it is
 * @returns undefined when the pattern is too long or has too many wildcards: it matches nothing then
 */
export function listPattern(reference: string, pattern: string): NamePattern | undefined {
  const whole = joinWildcards(canonicalInbox((reference + pattern).normalize('NFC')));
  if (whole.length > MAX_LIST_PATTERN) return undefined;
  const wildcards = whole.split('').filter(isWildcard).length;
  if (wildcards > MAX_LIST_WILDCARDS) return undefined;
  if (wildcards === 0) return (name) => name === whole;
  if (whole === '*') return () => true;
  const matches = longEnough(whole.length - wildcards, matcher(whole));
  // RFC 3501 5.1: INBOX matches in any case, wildcards beside it or not.
  const matchesInbox = matches(INBOX) || matcher(whole.replaceAll(/[a-z]/g, (letter) => letter.toUpperCase()))(INBOX);
  return (name) => (name === INBOX ? matchesInbox : matches(name));
}

/** A name shorter than what is no wildcard cannot match: patterns longer than any name cost nothing. */
const longEnough =
  (least: number, matches: NamePattern): NamePattern =>
  (name) =>
    name.length >= least && matches(name);

const isWildcard = (character: string | undefined): boolean => character === '*' || character === '%';

/** A run of wildcards matches what its strongest does: `%*%` is `*`. */
function joinWildcards(pattern: string): string {
  let out = '';
  for (let at = 0; at < pattern.length; at++) {
    const current = pattern.charAt(at);
    const last = out.at(-1);
    if (!isWildcard(current) || !isWildcard(last)) out += current;
    else if (current === '*' && last === '%') out = `${out.slice(0, -1)}*`;
  }
  return out;
}

/** States in one word of bits. */
const WORD = 32;

/** Bit n of the states: the first n characters of the pattern match the name so far. Costs name times pattern / 32. */
function matcher(pattern: string): NamePattern {
  const words = Math.floor(pattern.length / WORD) + 1;
  const any = bitsOf(pattern, words, '*');
  const wild = bitsOf(pattern, words, '*%');
  const none = new Uint32Array(words);
  const moves = new Map<string, Uint32Array>();
  for (const character of new Set(pattern.split(''))) {
    if (!isWildcard(character)) moves.set(character, bitsOf(pattern, words, character));
  }
  const states = new Uint32Array(words);
  return (name) => {
    states.fill(0);
    states[0] = isWildcard(pattern[0]) ? 3 : 1;
    for (let at = 0; at < name.length; at++) {
      const character = name.charAt(at);
      const stays = character === SEPARATOR ? any : wild;
      if (!step(states, moves.get(character) ?? none, stays, wild)) return false;
    }
    return hasBit(states, pattern.length);
  };
}

/** One character of the name. False when no state is left. */
function step(states: Uint32Array, moves: Uint32Array, stays: Uint32Array, wild: Uint32Array): boolean {
  let alive = 0;
  let moved = 0;
  let skipped = 0;
  for (let word = 0; word < states.length; word++) {
    const before = states[word] ?? 0;
    const moving = before & (moves[word] ?? 0);
    const reached = (moving << 1) | moved | (before & (stays[word] ?? 0));
    // A wildcard matches nothing too: the state behind it, never another wildcard, is reached with it.
    const skipping = reached & (wild[word] ?? 0);
    const after = reached | (skipping << 1) | skipped;
    moved = moving >>> (WORD - 1);
    skipped = skipping >>> (WORD - 1);
    states[word] = after;
    alive |= after;
  }
  return alive !== 0;
}

/** A bit for each place of the pattern that holds one of the characters. */
function bitsOf(pattern: string, words: number, characters: string): Uint32Array {
  const bits = new Uint32Array(words);
  for (let at = 0; at < pattern.length; at++) {
    const word = Math.floor(at / WORD);
    if (characters.includes(pattern.charAt(at))) bits[word] = (bits[word] ?? 0) | (1 << (at % WORD));
  }
  return bits;
}

const hasBit = (bits: Uint32Array, at: number): boolean =>
  ((bits[Math.floor(at / WORD)] ?? 0) & (1 << (at % WORD))) !== 0;
