import { AccountBell, type Account, type AccountStore, type MailboxId, type Standing, type TenantId } from '#domain';
import { silentLog } from '#runtime';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { MAX_STANDINGS, STANDING_SECONDS } from './limits.ts';
import { LiveSessions, type Revocation } from './live-sessions.ts';

class Bell extends AccountBell {
  ring: (mailbox: MailboxId | undefined) => void = () => undefined;
  override listen(listener: (mailbox: MailboxId | undefined) => void): () => void {
    this.ring = listener;
    return () => (this.ring = () => undefined);
  }
  override listenForUnlocks(): () => void {
    return () => undefined;
  }
}

const account = (name: string): Account => ({ tenantId: 't' as TenantId, mailboxId: name as MailboxId });
const fine: Standing = { state: 'active', passwordStamp: '1' };
const settled = () => vi.advanceTimersByTimeAsync(0);

let standings: Map<string, Standing>;
/** Accounts asked for, a statement each. */
let asked: string[][];
let away: boolean;
let bell: Bell;
let sessions: LiveSessions;
let revoked: [string, Revocation][];

beforeEach(() => {
  vi.useFakeTimers();
  standings = new Map();
  asked = [];
  away = false;
  revoked = [];
  const store: Pick<AccountStore, 'standings'> = {
    standings: (accounts) => {
      asked.push(accounts.map(({ mailboxId }) => mailboxId));
      if (away) return Promise.reject(new Error('database away'));
      return Promise.resolve(accounts.map(({ mailboxId }) => standings.get(mailboxId)));
    },
  };
  bell = new Bell();
  sessions = new LiveSessions(store as AccountStore, bell, silentLog());
  sessions.start();
});
afterEach(() => {
  sessions.stop();
  vi.useRealTimers();
});

function logIn(name: string, passwordStamp = '1', askedAt = performance.now()): () => void {
  if (!standings.has(name)) standings.set(name, fine);
  return sessions.add({ account: account(name), passwordStamp, askedAt }, (why) => revoked.push([name, why]));
}

test.for<[string, Standing | undefined, Revocation]>([
  ['disabled', { ...fine, state: 'disabled' }, 'disabled'],
  ['no login', { ...fine, state: 'no-login' }, 'no-login'],
  ['gone', undefined, 'removed'],
  ['another password', { ...fine, passwordStamp: '2' }, 'password-changed'],
])('%s: every session of the account ends, once, and no other', async ([, standing, why]) => {
  await vi.advanceTimersByTimeAsync(1);
  logIn('a');
  logIn('a');
  logIn('b');
  if (standing) standings.set('a', standing);
  else standings.delete('a');
  bell.ring('a' as MailboxId);
  bell.ring('a' as MailboxId);
  await settled();
  expect(revoked).toEqual([
    ['a', why],
    ['a', why],
  ]);
  expect(new Set(asked.flat())).toEqual(new Set(['a']));
});

test('a ring for an account that nobody here uses costs nothing', async () => {
  logIn('a');
  bell.ring('z' as MailboxId);
  await settled();
  expect(asked).toEqual([]);
});

test('a session that is over is not asked for', async () => {
  logIn('a')();
  bell.ring(undefined);
  await settled();
  expect([asked.flat(), revoked]).toEqual([[], []]);
});

test('a change that commits while the password is looked at is not missed', async () => {
  const askedAt = performance.now();
  bell.ring('a' as MailboxId);
  standings.set('a', { ...fine, passwordStamp: '2' });
  logIn('a', '1', askedAt);
  await settled();
  expect(revoked).toEqual([['a', 'password-changed']]);
});

test('missed rings are made good by the poll, whose failure ends nobody', async () => {
  logIn('a');
  standings.delete('a');
  away = true;
  await vi.advanceTimersByTimeAsync(STANDING_SECONDS * 1_000);
  expect(revoked).toEqual([]);
  away = false;
  await vi.advanceTimersByTimeAsync(STANDING_SECONDS * 1_000);
  expect(revoked).toEqual([['a', 'removed']]);
});

test('many accounts are looked at in bounded statements', async () => {
  for (let n = 0; n < MAX_STANDINGS * 2 + 1; n++) logIn(`box${n}`);
  standings.delete('box7');
  bell.ring(undefined);
  await settled();
  expect(asked.map(({ length }) => length)).toEqual([MAX_STANDINGS, MAX_STANDINGS, 1]);
  expect(revoked).toEqual([['box7', 'removed']]);
});
