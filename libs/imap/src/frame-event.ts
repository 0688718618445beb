/** What the framer says, and under which limits. */
import type { Buffer } from 'node:buffer';
import {
  MAX_DISCARD,
  MAX_DISCARD_BEFORE_LOGIN,
  MAX_LINE,
  MAX_LINE_BEFORE_LOGIN,
  MAX_LITERALS,
  MAX_LITERALS_BEFORE_LOGIN,
} from './limits.ts';

/** All in octets per command. */
export interface FrameLimits {
  /** Outside of literals, line ends included. */
  readonly line: number;
  /** All literals together. */
  readonly literals: number;
  /** Of a command over its limits: read and thrown away. */
  readonly discard: number;
  /** Commands, in capitals, whose literals are asked for; undefined: of all, and the message of APPEND is streamed. */
  readonly literalsOf?: ReadonlySet<string>;
}

export const BEFORE_LOGIN: FrameLimits = {
  line: MAX_LINE_BEFORE_LOGIN,
  literals: MAX_LITERALS_BEFORE_LOGIN,
  discard: MAX_DISCARD_BEFORE_LOGIN,
  literalsOf: new Set(['LOGIN', 'AUTHENTICATE', 'ID']),
};
export const AFTER_LOGIN: FrameLimits = {
  line: MAX_LINE,
  literals: MAX_LITERALS,
  discard: MAX_DISCARD,
};

/** A line, one literal, or the number of literals; `too-early`: a literal of a command that would be refused before login. */
export type TooLarge = 'line' | 'literal' | 'literals' | 'too-early';

/** Buffers may share memory with the chunk: use or copy them before the next `push`. */
export type FrameEvent =
  /** A whole command without its last line end; literals stand in it as they came. */
  | { readonly kind: 'command'; readonly octets: Buffer }
  /** The line that was expected, without its line end. */
  | { readonly kind: 'line'; readonly octets: Buffer }
  /** The client waits for `+ ` before it sends a literal. */
  | { readonly kind: 'continue' }
  /** A message of `size` octets is coming once the framer is told `accept`; `head` is the command up to the closing brace. */
  | { readonly kind: 'append-literal'; readonly head: Buffer; readonly size: number; readonly sync: boolean }
  | { readonly kind: 'append-octets'; readonly octets: Buffer }
  /** `rest` is what stands behind the message on its line: anything but nothing is a syntax error. */
  | { readonly kind: 'append-end'; readonly rest: Buffer }
  /** Answer `BAD` with the tag; the command has been skipped. */
  | { readonly kind: 'too-large'; readonly tag: string | undefined; readonly what: TooLarge }
  /** Answer `* BYE` and close: nothing more will come out. */
  | { readonly kind: 'bye'; readonly what: TooLarge };
