/**
 * Looks for a string in texts, in time linear in the text whatever both are, in steps. The engine's search is the fastest there is for what
 * people look for, and quadratic where long periods meet: it only ever looks for the beginning of a long string.
 */
import { STEP_OCTETS, type Steps } from './steps.ts';

/** Characters up to which the engine's own search keeps its bound: V8 looks at the last 250 of a pattern when it skips. */
const ENGINE_SEARCHES = 128;

export type Finder = (text: string) => Steps<boolean>;

/** @returns whether a text holds `wanted` */
export function finder(wanted: string): Finder {
  const head = wanted.slice(0, ENGINE_SEARCHES);
  let automaton: Automaton | undefined;
  return function* (text) {
    if (text.length < wanted.length) return false;
    const from = yield* headIn(text, head);
    if (from === undefined || head.length === wanted.length) return from !== undefined;
    return yield* holds(text, from, (automaton ??= automatonOf(wanted)));
  };
}

function* headIn(text: string, head: string): Steps<number | undefined> {
  for (let from = 0; ; from += STEP_OCTETS) {
    const found = text.slice(from, from + STEP_OCTETS + head.length - 1).indexOf(head);
    if (found !== -1) return from + found;
    if (from + STEP_OCTETS >= text.length) return undefined;
    yield;
  }
}

interface Automaton {
  readonly wanted: Uint16Array;
  /** For each count of matched characters how many stay matched when the next one differs; -1: not even that one can begin a match. */
  readonly fallback: Int32Array;
}

/** Knuth, Morris, Pratt: no character of the text is looked at again. Typed arrays: three times the speed of strings. */
function* holds(text: string, start: number, { wanted, fallback }: Automaton): Steps<boolean> {
  let matched = 0;
  for (let from = start; from < text.length; from += STEP_OCTETS) {
    const end = Math.min(text.length, from + STEP_OCTETS);
    for (let at = from; at < end; at++) {
      const unit = text.charCodeAt(at);
      while (matched >= 0 && wanted[matched] !== unit) matched = fallback[matched] ?? -1;
      if (++matched === wanted.length) return true;
    }
    yield;
  }
  return false;
}

function automatonOf(text: string): Automaton {
  const wanted = Uint16Array.from({ length: text.length }, (_, at) => text.charCodeAt(at));
  const fallback = new Int32Array(wanted.length + 1).fill(-1);
  let border = 0;
  for (let at = 1; at < wanted.length; at++, border++) {
    if (wanted[at] === wanted[border]) fallback[at] = fallback[border] ?? -1;
    else {
      fallback[at] = border;
      while (border >= 0 && wanted[at] !== wanted[border]) border = fallback[border] ?? -1;
    }
  }
  return { wanted, fallback };
}
