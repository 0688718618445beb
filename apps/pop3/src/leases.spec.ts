import type { Account, MaildropStore } from '#domain';
import { silentLog } from '#runtime';
import { expect, test } from 'vitest';
import { Leases, type Lease } from './leases.ts';
import { RENEW_AFTER_MS } from './limits.ts';

const ACCOUNT = { tenantId: 't', mailboxId: 'm' } as unknown as Account;

/** Says of every renewal what `answer` says. */
function leases(answer: (sessionId: string) => boolean | Error = () => true) {
  const renewed: string[] = [];
  const released: string[] = [];
  const store: Pick<MaildropStore, 'renew' | 'release'> = {
    renew: (_, sessionId) => {
      renewed.push(sessionId);
      const said = answer(sessionId);
      return said instanceof Error ? Promise.reject(said) : Promise.resolve(said);
    },
    release: (_, sessionId) => {
      released.push(sessionId);
      return sessionId === 'broken' ? Promise.reject(new Error('no database')) : Promise.resolve();
    },
  };
  return { leases: new Leases(store as MaildropStore, silentLog()), renewed, released };
}

function lease(sessionId: string) {
  const seen: string[] = [];
  const held: Lease = { account: ACCOUNT, sessionId, lost: () => seen.push('lost'), rest: () => seen.push('rest') };
  return { held, seen };
}

const later = (times: number): number => performance.now() + times * (RENEW_AFTER_MS + 1);

test('each lease is renewed when it is due, not before, and not once it is released', async () => {
  const { leases: all, renewed, released } = leases();
  const [a, b] = [lease('a'), lease('b')];
  all.hold(a.held);
  all.hold(b.held);
  await all.renewDue(performance.now());
  expect(renewed).toEqual([]);
  await all.renewDue(later(1));
  expect(renewed).toEqual(['a', 'b']);
  await all.release(a.held);
  await all.renewDue(later(2));
  expect(renewed).toEqual(['a', 'b', 'b']);
  expect([a.seen, b.seen, released]).toEqual([['rest'], ['rest', 'rest'], ['a']]);
  await all.close();
});

test('thousands are renewed, each once', async () => {
  const { leases: all, renewed } = leases();
  for (let at = 0; at < 2_500; at++) all.hold(lease(`${at}`).held);
  await all.renewDue(later(1));
  expect(new Set(renewed).size).toBe(2_500);
  expect(renewed).toHaveLength(2_500);
  await all.close();
});

test('a lost lease ends its session once; a fault does not', async () => {
  const { leases: all } = leases((sessionId) => (sessionId === 'taken' ? false : new Error('no database')));
  const [taken, faulty] = [lease('taken'), lease('faulty')];
  all.hold(taken.held);
  all.hold(faulty.held);
  await all.renewDue(later(1));
  await all.renewDue(later(2));
  expect(taken.seen).toEqual(['rest', 'lost']);
  expect(faulty.seen).toEqual(['rest', 'rest']);
  await all.close();
});

test('a release that fails is no fault of the session', async () => {
  const { leases: all, released } = leases();
  const broken = lease('broken');
  all.hold(broken.held);
  await expect(all.release(broken.held)).resolves.toBeUndefined();
  await all.close();
  expect(released).toEqual(['broken']);
});
