/** Matches folder names against the patterns of LIST and LSUB: RFC 3501 6.3.8. No backtracking: all states run side by side. */
import { MAX_LIST_PATTERN, MAX_LIST_WILDCARDS } from './limits.ts';
import { canonicalInbox, INBOX, SEPARATOR } from './folder-name.ts';

export type NamePattern = (name: string) => boolean;

/**
 * @param reference put in front of the pattern as it is
 * @returns undefined when the pattern is too long or has too many wildcards: it matches nothing then
 */
export function listPattern(reference: string, pattern: string): NamePattern | undefined {
  const whole = joinWildcards(canonicalInbox(reference + pattern));
  if (whole.length > MAX_LIST_PATTERN) return undefined;
  const wildcards = whole.split('').filter(isWildcard).length;
  if (wildcards > MAX_LIST_WILDCARDS) return undefined;
  if (wildcards === 0) return (name) => name === whole;
  if (whole === '*') return () => true;
  const states = new Uint8Array(whole.length + 1);
  // RFC 3501 5.1: INBOX matches in any case, wildcards beside it or not.
  const capitals = whole.toUpperCase();
  return (name) => matches(whole, name, states) || (name === INBOX && matches(capitals, name, states));
}

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

/** states[n] = 1: the first n characters of the pattern match the name so far. */
function matches(pattern: string, name: string, states: Uint8Array): boolean {
  states.fill(0);
  states[0] = 1;
  let low = 0;
  let high = skipWildcard(pattern, states, 0);
  for (let at = 0; at < name.length && low <= high; at++) {
    const character = name.charAt(at);
    let nextLow = pattern.length + 1;
    let nextHigh = -1;
    // Downwards, so that a state moves once per character.
    for (let state = high; state >= low; state--) {
      if (!states[state]) continue;
      const token = pattern[state];
      const stays = token === '*' || (token === '%' && character !== SEPARATOR);
      if (!stays) states[state] = 0;
      else nextHigh = Math.max(nextHigh, skipWildcard(pattern, states, state));
      const moves = !isWildcard(token) && token === character;
      if (moves) {
        states[state + 1] = 1;
        nextHigh = Math.max(nextHigh, skipWildcard(pattern, states, state + 1));
      }
      if (stays || moves) nextLow = stays ? state : Math.min(nextLow, state + 1);
    }
    low = nextLow;
    high = nextHigh;
  }
  return states[pattern.length] === 1;
}

/** A wildcard matches nothing too: the state behind it is reached with it. */
function skipWildcard(pattern: string, states: Uint8Array, state: number): number {
  if (!isWildcard(pattern[state])) return state;
  states[state + 1] = 1;
  return state + 1;
}
