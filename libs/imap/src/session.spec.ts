import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { capabilities } from './capabilities.ts';
import type { CommandName } from './command.ts';
import { advance, COMMANDS, refuse, START, type Outcome, type Session } from './session.ts';

const ALL = Object.keys(COMMANDS) as CommandName[];
const SESSIONS: readonly Session[] = [
  START,
  { phase: 'authenticated' },
  { phase: 'selected', readOnly: false },
  { phase: 'selected', readOnly: true },
  { phase: 'logout' },
];
const [before, authenticated, selected, examined, over] = SESSIONS as [Session, Session, Session, Session, Session];

describe('what is refused', () => {
  test.for<[CommandName, Session, string | undefined]>([
    ['NOOP', before, undefined],
    ['ID', before, undefined],
    ['SELECT', before, 'BAD log in first'],
    ['FETCH', before, 'BAD log in first'],
    ['IDLE', before, 'BAD log in first'],
    ['LOGIN', authenticated, 'BAD already logged in'],
    ['AUTHENTICATE', selected, 'BAD already logged in'],
    ['FETCH', authenticated, 'BAD select a folder first'],
    ['EXPUNGE', authenticated, 'BAD select a folder first'],
    ['APPEND', authenticated, undefined],
    ['SELECT', selected, undefined],
    ['STORE', selected, undefined],
    ['STORE', examined, 'NO [READ-ONLY] folder is read-only'],
    ['EXPUNGE', examined, 'NO [READ-ONLY] folder is read-only'],
    ['MOVE', examined, 'NO [READ-ONLY] folder is read-only'],
    ['COPY', examined, undefined],
    ['CLOSE', examined, undefined],
    ['NOOP', over, 'BAD logged out'],
  ])('%s in %o: %s', ([name, session, expected]) => {
    const refusal = refuse(session, { name });
    const answer = refusal && `${refusal.status} ${refusal.code ? `[${refusal.code}] ` : ''}${refusal.text}`;
    expect(answer).toBe(expected);
  });
});

describe('where a command leads', () => {
  test.for<[CommandName, Session, Outcome, Session]>([
    ['LOGIN', before, 'done', authenticated],
    ['LOGIN', before, 'failed', before],
    ['AUTHENTICATE', before, 'done', authenticated],
    ['SELECT', authenticated, 'done', selected],
    ['SELECT', authenticated, 'done-read-only', examined],
    ['SELECT', selected, 'failed', authenticated],
    ['EXAMINE', selected, 'done', examined],
    ['CLOSE', selected, 'done', authenticated],
    ['CLOSE', selected, 'failed', selected],
    ['UNSELECT', examined, 'done', authenticated],
    ['STORE', selected, 'failed', selected],
    ['LOGOUT', selected, 'done', over],
  ])('%s from %o, %s: %o', ([name, session, outcome, expected]) => {
    expect(advance(session, { name }, outcome)).toEqual(expected);
  });

  test('nobody gets past the login without one, and nobody comes back from logout', () => {
    const step = fc.record({
      name: fc.constantFrom(...ALL),
      outcome: fc.constantFrom<Outcome[]>('done', 'done-read-only', 'failed'),
    });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        let session = START;
        let loggedIn = false;
        for (const { name, outcome } of steps) {
          if (refuse(session, { name })) continue;
          expect(session.phase).not.toBe('logout');
          loggedIn ||= (name === 'LOGIN' || name === 'AUTHENTICATE') && outcome !== 'failed';
          session = advance(session, { name }, outcome);
          if (!loggedIn) expect(['not-authenticated', 'logout']).toContain(session.phase);
        }
      }),
    );
  });
});

describe('capabilities', () => {
  test('of a server with every command', () => {
    expect(capabilities('not-authenticated', ALL).join(' ')).toBe(
      'IMAP4rev1 LITERAL+ ID SASL-IR AUTH=PLAIN CHILDREN SPECIAL-USE NAMESPACE ENABLE IDLE UNSELECT UIDPLUS MOVE',
    );
    expect(capabilities('selected', ALL).join(' ')).toBe(
      'IMAP4rev1 LITERAL+ ID CHILDREN SPECIAL-USE NAMESPACE ENABLE IDLE UNSELECT UIDPLUS MOVE',
    );
  });

  test('follow what is registered', () => {
    expect(capabilities('authenticated', ['NOOP', 'IDLE'])).toEqual(['IMAP4rev1', 'LITERAL+', 'IDLE']);
    expect(capabilities('not-authenticated', [])).toEqual(['IMAP4rev1', 'LITERAL+']);
  });
});
