import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { DomainId, MailboxId, TenantId } from './ids.ts';
import { hasRoom, judgeRecipient, MAX_RECIPIENTS, type Disposition } from './recipient-policy.ts';
import type { DomainFacts, MailboxFacts, Resolution, Target } from './resolution.ts';

const domain: DomainFacts = {
  tenantId: 't' as TenantId,
  id: 'd' as DomainId,
  name: 'example.org',
  state: 'active',
  tenantState: 'active',
  separators: '+',
};
const facts = (change: Partial<MailboxFacts> = {}): MailboxFacts => ({
  id: 'm' as MailboxId,
  state: 'active',
  quotaOctets: undefined,
  quotaMessages: undefined,
  usedOctets: 0,
  usedMessages: 0,
  ...change,
});
const leadsTo = (...targets: Target[]): Resolution => ({
  kind: 'row',
  domain,
  row: { kind: 'alias', local: 'x', targets },
  detail: undefined,
  steps: [],
});
const named = (local: string, detail: string | undefined, ...targets: Target[]): Resolution => ({
  kind: 'row',
  domain,
  row: { kind: 'address', local, targets },
  detail,
  steps: [],
});
const box = (change: Partial<MailboxFacts> = {}): Target => ({ mailbox: facts(change) });

test.each<[string, Resolution, string]>([
  ['a foreign domain', { kind: 'not-hosted', steps: [] }, 'relaying-denied'],
  ['a disabled domain', { kind: 'domain-disabled', domain, steps: [] }, 'disabled'],
  ['nobody', { kind: 'no-such-user', domain, steps: [] }, 'no-such-user'],
  ['an alias that leads nowhere', leadsTo(), 'no-such-user'],
  ['a disabled mailbox', leadsTo(box({ state: 'disabled' })), 'disabled'],
  ['a full mailbox', leadsTo(box({ quotaOctets: 100, usedOctets: 100 })), 'over-quota'],
  ['a detail of a disabled postmaster', named('postmaster', 'x', box({ state: 'disabled' })), 'disabled'],
  ['an alias for two disabled mailboxes', leadsTo(box({ state: 'disabled' }), box({ state: 'disabled' })), 'disabled'],
  [
    'an alias for a disabled and a full mailbox',
    leadsTo(box({ state: 'disabled' }), box({ quotaOctets: 0 })),
    'over-quota',
  ],
  ['a mailbox with its last message in', leadsTo(box({ quotaMessages: 1, usedMessages: 1 })), 'over-quota'],
])('refused: %s', (_, resolution, refusal) => {
  expect(judgeRecipient(resolution, 1, 0)).toEqual({ accept: false, refusal });
});

test.each<[string, Resolution, Disposition]>([
  ['a mailbox', leadsTo(box()), { kind: 'mailbox', mailboxId: 'm' as MailboxId }],
  [
    'a mailbox that may not log in',
    leadsTo(box({ state: 'no-login' })),
    { kind: 'mailbox', mailboxId: 'm' as MailboxId },
  ],
  [
    'a mailbox with exactly enough room',
    leadsTo(box({ quotaOctets: 101, usedOctets: 100 })),
    { kind: 'mailbox', mailboxId: 'm' as MailboxId },
  ],
  ['an alias with two targets, one of them full', leadsTo(box(), box({ quotaOctets: 0 })), { kind: 'expand' }],
  [
    'an alias for a disabled mailbox and an address',
    leadsTo(box({ state: 'disabled' }), { forwardPath: 'a@b.example' }),
    { kind: 'expand' },
  ],
  ['an alias to another host', leadsTo({ forwardPath: 'a@b.example' }), { kind: 'expand' }],
  [
    'postmaster without a mailbox',
    { kind: 'postmaster', domain, steps: [] },
    { kind: 'hold', reason: 'postmaster has no mailbox' },
  ],
  [
    'postmaster with a disabled mailbox',
    named('postmaster', undefined, box({ state: 'disabled' })),
    { kind: 'hold', reason: 'the mailbox of postmaster is disabled' },
  ],
  [
    'postmaster with a full mailbox',
    named('postmaster', undefined, box({ quotaOctets: 0 })),
    { kind: 'hold', reason: 'the mailbox of postmaster is full' },
  ],
  [
    'postmaster as an alias that leads nowhere',
    named('postmaster', undefined),
    { kind: 'hold', reason: 'the address of postmaster leads nowhere' },
  ],
  [
    'postmaster with a mailbox',
    named('postmaster', undefined, box()),
    { kind: 'mailbox', mailboxId: 'm' as MailboxId },
  ],
])('accepted: %s', (_, resolution, disposition) => {
  const verdict = { accept: true, domain, disposition, room: expect.any(Number) };
  // Nothing but an expansion leads on; its places are not known from one row.
  expect(judgeRecipient(resolution, 1, 0)).toEqual({
    ...verdict,
    places: disposition.kind === 'expand' ? undefined : 0,
  });
});

test('the recipient after the last one is refused, whoever it is', () => {
  expect(judgeRecipient(leadsTo(box()), 1, MAX_RECIPIENTS - 1).accept).toBe(true);
  expect(judgeRecipient(leadsTo(box()), 1, MAX_RECIPIENTS)).toEqual({ accept: false, refusal: 'too-many-recipients' });
});

test('room is never found beyond a quota', () => {
  const count = fc.nat(1000);
  fc.assert(
    fc.property(count, count, count, count, count, (quotaOctets, quotaMessages, usedOctets, usedMessages, octets) => {
      const fits = usedOctets + octets <= quotaOctets && usedMessages + 1 <= quotaMessages;
      expect(hasRoom(facts({ quotaOctets, quotaMessages, usedOctets, usedMessages }), octets)).toBe(fits);
    }),
  );
});
