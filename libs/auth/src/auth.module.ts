import { AccountBell, AccountStore } from '#domain';
import { House } from '#runtime';
import { Module, type DynamicModule, type Type } from '@nestjs/common';
import { Authenticator } from './authenticator.ts';
import { HashingGate } from './gate.ts';
import { LiveSessions } from './live-sessions.ts';

/**
 * One Authenticator and one register of sessions, so that all listeners of an app share their caches and throttles. Apps of one process
 * share how many passwords are hashed at once.
 */
@Module({})
export class AuthModule {
  /** @param accounts the module that exports AccountStore and AccountBell under the app's role */
  static over(accounts: Type): DynamicModule {
    return {
      module: AuthModule,
      imports: [accounts],
      providers: [
        {
          provide: Authenticator,
          inject: [AccountStore, House],
          useFactory: (store: AccountStore, house: House) =>
            new Authenticator(
              store,
              house.log,
              house.shared(HashingGate, () => new HashingGate(house.config.threadPool)),
            ),
        },
        {
          provide: LiveSessions,
          inject: [AccountStore, AccountBell, House, Authenticator],
          useFactory: (store: AccountStore, bell: AccountBell, { log }: House, authenticator: Authenticator) =>
            new LiveSessions(store, bell, log, (key) => authenticator.forget(key)),
        },
      ],
      exports: [Authenticator, LiveSessions],
    };
  }
}
