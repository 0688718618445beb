import { MailboxBell, type MailboxId, type MailboxListener } from '#domain';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { MAX_SESSIONS, MAX_WAKING, POLL_SECONDS } from './limits.ts';
import { Updates, type Sleeper } from './updates.ts';

class FakeBell extends MailboxBell {
  readonly rings: MailboxId[] = [];
  listener: MailboxListener | undefined;

  override ring(mailboxes: readonly MailboxId[]): void {
    this.rings.push(...mailboxes);
  }

  override listen(listener: MailboxListener): () => void {
    this.listener = listener;
    return () => (this.listener = undefined);
  }
}

const mailbox = (name: string): MailboxId => name as MailboxId;

class FakeSession implements Sleeper {
  readonly mailboxId: MailboxId;
  readonly id: number;
  idling = true;
  woken = 0;
  polls = 0;
  work: Promise<void> = Promise.resolve();

  constructor(name: string, id: number) {
    this.mailboxId = mailbox(name);
    this.id = id;
  }

  polled(): void {
    this.polls++;
  }

  rung(): boolean {
    return this.idling;
  }

  wake(): Promise<void> {
    this.woken++;
    return this.work;
  }
}

let bell: FakeBell;
let updates: Updates;
beforeEach(() => {
  vi.useFakeTimers();
  bell = new FakeBell();
  updates = new Updates(bell);
  updates.start();
});
afterEach(() => {
  updates.stop();
  vi.useRealTimers();
});

test('a ring wakes the sessions of that mailbox which idle', () => {
  const [one, busy, other] = [new FakeSession('a', 1), new FakeSession('a', 2), new FakeSession('b', 3)];
  busy.idling = false;
  for (const session of [one, busy, other]) updates.add(session);
  bell.listener?.(mailbox('a'));
  expect([one.woken, busy.woken, other.woken]).toEqual([1, 0, 0]);
  updates.remove(one);
  bell.listener?.(mailbox('a'));
  bell.listener?.(mailbox('unknown'));
  expect(one.woken).toBe(1);
});

test('a poll heals every missed ring within its period, each session once', () => {
  const sessions = Array.from({ length: 100 }, (_, at) => new FakeSession(`m${at}`, at));
  for (const session of sessions) updates.add(session);
  vi.advanceTimersByTime(POLL_SECONDS * 1_000);
  expect(sessions.every(({ polls }) => polls === 1)).toBe(true);
  return vi.waitFor(() => expect(sessions.map(({ woken }) => woken)).toEqual(sessions.map(() => 1)));
});

test('when all must look, so many do at once', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const sessions = Array.from({ length: 3 * MAX_WAKING }, (_, at) => new FakeSession(`m${at}`, at));
  for (const session of sessions) {
    session.work = promise;
    updates.add(session);
  }
  const woken = (): number => sessions.filter((session) => session.woken > 0).length;
  bell.listener?.(undefined);
  expect(woken()).toBe(MAX_WAKING);
  resolve();
  await vi.waitFor(() => expect(woken()).toBe(sessions.length));
});

test('an account has at most MAX_SESSIONS', () => {
  const sessions = Array.from({ length: MAX_SESSIONS + 1 }, (_, at) => new FakeSession('a', at));
  expect(sessions.map((session) => updates.add(session)).filter(Boolean)).toHaveLength(MAX_SESSIONS);
  const [first] = sessions;
  if (first) updates.remove(first);
  expect(updates.add(new FakeSession('a', 99))).toBe(true);
});

test('stopped, it hears and polls no more', () => {
  const session = new FakeSession('a', 1);
  updates.add(session);
  updates.stop();
  expect(bell.listener).toBeUndefined();
  vi.advanceTimersByTime(2 * POLL_SECONDS * 1_000);
  expect(session.woken).toBe(0);
});
