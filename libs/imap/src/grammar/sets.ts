import type { Cursor } from '../cursor.ts';
import { MAX_SEQUENCE_RANGES } from '../limits.ts';
import { DIGIT } from '../octets.ts';
import { STAR, type SequenceRange, type SequenceSet } from '../sequence-set.ts';

const ASTERISK = 0x2a;
const COLON = 0x3a;
const COMMA = 0x2c;

/** sequence-set: `2,4:7,9,12:*`. */
export function expectSequenceSet(cursor: Cursor): SequenceSet {
  const set: SequenceRange[] = [];
  do {
    if (set.length >= MAX_SEQUENCE_RANGES) cursor.over(`at most ${MAX_SEQUENCE_RANGES} ranges`);
    const first = expectSeqNumber(cursor);
    set.push({ first, last: cursor.take(COLON) ? expectSeqNumber(cursor) : first });
  } while (cursor.take(COMMA));
  return set;
}

/** True when a sequence set, and no word, stands here. */
export const atSequenceSet = (cursor: Cursor): boolean => cursor.peek === ASTERISK || DIGIT[cursor.peek] === 1;

const expectSeqNumber = (cursor: Cursor): number => (cursor.take(ASTERISK) ? STAR : expectNzNumberOrSet(cursor));

const expectNzNumberOrSet = (cursor: Cursor): number => cursor.nzNumber() ?? cursor.fail('sequence set');
