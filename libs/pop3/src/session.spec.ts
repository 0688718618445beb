import { Buffer } from 'node:buffer';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_BAD_COMMANDS } from './limits.ts';
import { compactMaildrop, type Maildrop } from './maildrop.ts';
import { mark, markedNumbers, NO_MARKS } from './marks.ts';
import { begin, onLine, type Action, type Session } from './session.ts';
import { onExpunged, onMaildrop, onMessageFailed } from './world.ts';

const dropOf = (count: number): Maildrop =>
  compactMaildrop({
    sizes: Array.from({ length: count }, (_, index) => 100 + index),
    uidlOf: (number) => `id-${number}`,
  });
const loggedIn = (count: number): Session => onMaildrop(begin(true), { kind: 'open', drop: dropOf(count) })[0];
const line = (text: string): Buffer => Buffer.from(text);

const COMMANDS = fc.oneof(
  fc.constantFrom(
    'STAT',
    'LIST',
    'UIDL',
    'NOOP',
    'RSET',
    'CAPA',
    'AUTH',
    'USER a',
    'PASS b',
    'JUNK',
    'RETR',
    '*',
    'AUTH PLAIN',
  ),
  fc
    .tuple(fc.constantFrom('LIST', 'UIDL', 'RETR', 'DELE', 'DELE', 'TOP'), fc.integer({ min: -1, max: 12 }))
    .map(([verb, n]) => `${verb} ${n}${verb === 'TOP' ? ' 1' : ''}`),
  fc.string(),
);

describe('a session', () => {
  test('answers every line with exactly one action, and expunges only at QUIT', () => {
    fc.assert(
      fc.property(fc.array(COMMANDS, { maxLength: 40 }), (lines) => {
        let session = loggedIn(10);
        for (const text of lines) {
          const [next, action] = onLine(session, line(text));
          if (text.trim().toUpperCase() !== 'QUIT') expect(action.do).not.toBe('expunge');
          if (action.do === 'reply') expect(action.text).toMatch(/^(\+OK|-ERR|\+) .*\r\n/);
          session = next;
        }
      }),
    );
  });

  test('STAT, LIST and QUIT agree with a set of marks', () => {
    const steps = fc.array(fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constant('RSET' as const)), { maxLength: 60 });
    fc.assert(
      fc.property(steps, (todo) => {
        let session = loggedIn(20);
        const marked = new Set<number>();
        for (const step of todo) {
          [session] = onLine(session, line(step === 'RSET' ? 'RSET' : `DELE ${step}`));
          if (step === 'RSET') marked.clear();
          else marked.add(step);
        }
        const left = Array.from({ length: 20 }, (_, index) => index + 1).filter((number) => !marked.has(number));
        const octets = left.reduce((sum, number) => sum + 99 + number, 0);
        expect(onLine(session, line('STAT'))[1]).toEqual({ do: 'reply', text: `+OK ${left.length} ${octets}\r\n` });
        const [, listing] = onLine(session, line('LIST'));
        const text = listing.do === 'send-listing' ? [...listing.pieces].join('') : '';
        expect(text.split('\r\n').length).toBe(left.length + 3);
        const expunge: Action = { do: 'expunge', numbers: [...marked].toSorted((a, b) => a - b) };
        expect(onLine(session, line('QUIT'))[1]).toEqual(
          marked.size > 0 ? expunge : { do: 'close', text: '+OK bye\r\n' },
        );
      }),
    );
  });

  test(`before login it ends at bad command ${MAX_BAD_COMMANDS}, whatever lies between`, () => {
    let session = begin(true);
    let closed = 0;
    for (let count = 1; count <= 10_000 && closed === 0; count++) {
      const [next, action] = onLine(session, count % 2 === 0 ? line('JUNK') : 'too-long');
      session = next;
      if (action.do === 'close') closed = count;
      else [session] = onLine(session, line('CAPA'));
    }
    expect(closed).toBe(MAX_BAD_COMMANDS);
    expect(onLine(session, line('NOOP'))[1]).toEqual({ do: 'reply', text: '-ERR command out of order\r\n' });
  });

  test(`after login it ends at ${MAX_BAD_COMMANDS} bad commands in a row, and good ones begin anew`, () => {
    let session = loggedIn(3);
    for (let count = 0; count < 10 * MAX_BAD_COMMANDS; count++) {
      [session] = onLine(session, line('JUNK'));
      const [next, action] = onLine(session, line('NOOP'));
      expect(action.do).toBe('reply');
      session = next;
    }
    for (let count = 1; count < MAX_BAD_COMMANDS; count++) {
      const [next, action] = onLine(session, line('LIST x'));
      expect(action.do).toBe('reply');
      session = next;
    }
    expect(onLine(session, line('JUNK'))[1].do).toBe('close');
  });

  test('hands the driver what it needs to send a message', () => {
    const session = loggedIn(3);
    expect(onLine(session, line('RETR 2'))).toEqual([
      session,
      { do: 'send-message', number: 2, lines: undefined, head: '+OK 101 octets\r\n' },
    ]);
    expect(onLine(session, line('TOP 2 5'))).toEqual([
      session,
      { do: 'send-message', number: 2, lines: 5, head: '+OK top of message\r\n' },
    ]);
  });

  test.for([
    ['gone', '-ERR no such message\r\n'],
    ['temp', '-ERR [SYS/TEMP] cannot read the message now, try again later\r\n'],
    ['damaged', '-ERR [SYS/PERM] the message cannot be read\r\n'],
  ] as const)('a message that is %s leaves the session as it is', ([failure, text]) => {
    const session = loggedIn(1);
    expect(onMessageFailed(session, failure)).toEqual([session, { do: 'reply', text }]);
  });

  test('is over after the update, whatever came of it', () => {
    const [session] = onLine(onLine(loggedIn(2), line('DELE 1'))[0], line('QUIT'));
    expect(session.phase).toBe('update');
    expect(onExpunged(session, 'failed')).toEqual([
      { phase: 'closed', bad: 0, passwords: true },
      { do: 'close', text: '-ERR [SYS/TEMP] some deleted messages not removed\r\n' },
    ]);
  });

  test('lines that come while the world is asked change nothing', () => {
    const [session] = onLine(onLine(begin(true), line('USER a'))[0], line('PASS b'));
    expect(session.phase).toBe('authenticating');
    expect(onLine(session, line('STAT'))).toEqual([session, { do: 'reply', text: '-ERR command out of order\r\n' }]);
  });

  test('an over-long SASL response ends the exchange, not the session', () => {
    const [session] = onLine(begin(true), line('AUTH PLAIN'));
    const [after, action] = onLine(session, 'too-long');
    expect(action).toEqual({ do: 'reply', text: '-ERR line too long\r\n' });
    expect(after).toMatchObject({ phase: 'authorization', bad: 1 });
  });

  test('marks on several pages: old marks stay as they were, and the numbers come in order', () => {
    const drop = dropOf(20_000);
    const numbers = fc.uniqueArray(fc.oneof(fc.integer({ min: 1, max: 20_000 }), fc.constantFrom(4_096, 4_097, 8_193)));
    fc.assert(
      fc.property(numbers, (todo) => {
        const values = todo.reduce((all, number) => [...all, mark(all.at(-1) ?? NO_MARKS, drop, number)], [NO_MARKS]);
        for (const [at, marks] of values.entries()) {
          expect(markedNumbers(marks)).toEqual(todo.slice(0, at).toSorted((a, b) => a - b));
          const before = values[at - 1]?.pages ?? [];
          const changed = marks.pages.filter((page, index) => page !== before[index]);
          expect(changed.length, 'all other pages are shared').toBeLessThanOrEqual(1);
        }
      }),
      { numRuns: 30 },
    );
  });

  test('every message of a large maildrop can be deleted', () => {
    let session = loggedIn(10_000);
    for (let number = 1; number <= 10_000; number++) [session] = onLine(session, line(`DELE ${number}`));
    expect(onLine(session, line('STAT'))[1]).toEqual({ do: 'reply', text: '+OK 0 0\r\n' });
  });
});

describe('a compact maildrop', () => {
  test('has a unique-id and a size for each number', () => {
    const drop = dropOf(3);
    expect([1, 2, 3].map((number) => drop.uidlOf(number))).toEqual(['id-1', 'id-2', 'id-3']);
    expect([drop.count, drop.octets, drop.sizeOf(3)]).toEqual([3, 303, 102]);
  });
  test('empty ones are all the same object', () => {
    expect(dropOf(0)).toBe(dropOf(0));
  });
});
