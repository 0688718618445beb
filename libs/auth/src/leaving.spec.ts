/** Clients that hang up while their passwords wait to be looked at. */
import { AccountStore, type AuthFacts, type MailboxId, type TenantId } from '#domain';
import { silentLog } from '#runtime';
import { expect, test, vi } from 'vitest';
import { Authenticator } from './authenticator.ts';
import { HashingGate } from './gate.ts';
import * as passwords from './password.ts';

vi.mock(import('./password.ts'), { spy: true });
vi.mocked(passwords.verifyPassword).mockResolvedValue(true);
vi.mocked(passwords.isOutdated).mockReturnValue(false);

const accounts: Partial<AccountStore> = {
  authFacts: async (): Promise<AuthFacts> => ({
    credential: {
      tenantId: 'tenant' as TenantId,
      mailboxId: 'mailbox' as MailboxId,
      state: 'active',
      hash: '$argon2id$',
      passwordStamp: '1',
    },
    knownNetwork: true,
    networkNoted: true,
    accountFailures: 0,
    remoteFailures: 0,
  }),
};

test('those who share a judgement: it goes on while one of them is there, and ends with the last', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const gate = new HashingGate(1);
  const holder = gate.run({ network: '', account: '', presence: () => 'here' }, () => promise);
  const own = new Authenticator(accounts as AccountStore, silentLog(), gate);
  const clients = [0, 1, 2].map(() => new AbortController());
  const verdicts = clients.map(({ signal }, at) =>
    own
      .verify({
        login: 'anna@example.org',
        password: at === 2 ? 'another' : 'correct horse',
        remoteAddress: '192.0.2.1',
        service: 'imap',
        presence: () => (signal.aborted ? 'gone' : 'here'),
        gone: signal,
      })
      .catch((error: Error) => error.name),
  );
  await vi.waitFor(() => expect(gate.waiting).toBe(2));
  clients[0]?.abort();
  expect(gate.waiting).toBe(2);
  clients[2]?.abort();
  expect(gate.waiting).toBe(1);
  expect(await verdicts[2]).toBe('ClientGone');
  clients[1]?.abort();
  expect(gate.waiting).toBe(0);
  expect(await Promise.all(verdicts)).toEqual(['ClientGone', 'ClientGone', 'ClientGone']);
  resolve();
  await holder;
  const next = {
    login: 'anna@example.org',
    password: 'correct horse',
    remoteAddress: '192.0.2.1',
    service: 'imap',
  } as const;
  expect(await own.verify(next)).toMatchObject({ ok: true });
});
