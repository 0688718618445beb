import { availableParallelism } from 'node:os';
import { AccountBell, AccountStore, type AuthFacts, type MailboxId, type TenantId } from '#domain';
import { Config, House, silentLog, startApp, type AppModule } from '#runtime';
import { Module } from '@nestjs/common';
import { expect, test, vi } from 'vitest';
import { AuthModule } from './auth.module.ts';
import { Authenticator, type LoginVerdict } from './authenticator.ts';
import { hashesAtOnce } from './gate.ts';
import * as passwords from './password.ts';

vi.mock(import('./password.ts'), { spy: true });

/** Everybody is known here. */
const accounts: Pick<AccountStore, 'authFacts' | 'recordFailure'> = {
  authFacts: async ({ login: { local } }): Promise<AuthFacts> => ({
    credential: {
      tenantId: 'tenant' as TenantId,
      mailboxId: local as MailboxId,
      state: 'active',
      hash: '$argon2id$',
      passwordStamp: '1',
    },
    knownNetwork: true,
    networkNoted: true,
    accountFailures: 0,
    remoteFailures: 0,
  }),
  recordFailure: async () => 1,
};

@Module({
  providers: [
    { provide: AccountStore, useValue: accounts },
    { provide: AccountBell, useValue: {} },
  ],
  exports: [AccountStore, AccountBell],
})
class Accounts {}

/** Two apps of one house, as POP3 and IMAP are. */
function app(): AppModule {
  @Module({ imports: [AuthModule.over(Accounts)] })
  class App {}
  return App;
}

test('apps of one process hash no more passwords at once than one would', async () => {
  let running = 0;
  let most = 0;
  vi.mocked(passwords.verifyPassword).mockImplementation(async () => {
    most = Math.max(most, ++running);
    for (let turns = 0; turns < 10; turns++) await new Promise(setImmediate);
    running--;
    return true;
  });
  vi.mocked(passwords.isOutdated).mockReturnValue(false);
  const house = new House(Config.fromEnv({}), 'postgres://o:p@127.0.0.1/posthouse', silentLog());
  const apps = await Promise.all([startApp(house, app()), startApp(house, app())]);
  const authenticators = apps.map((one) => one.get(Authenticator, { strict: false }));
  expect(new Set(authenticators).size).toBe(2);
  const logIn = (authenticator: Authenticator, name: string): Promise<LoginVerdict> =>
    authenticator.verify({ login: name, password: 'secret', remoteAddress: '192.0.2.1', service: 'pop3' });
  const logins = authenticators.flatMap((authenticator, which) =>
    Array.from({ length: 8 }, (_, at) => logIn(authenticator, `user${which}-${at}@example.org`)),
  );
  const verdicts = await Promise.all(logins);
  expect(verdicts.filter(({ ok }) => ok)).toHaveLength(16);
  expect(most).toBe(hashesAtOnce(availableParallelism(), house.config.threadPool));
  await Promise.all(apps.map((one) => one.close()));
});
