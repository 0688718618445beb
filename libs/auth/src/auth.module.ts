import { AccountStore } from '#domain';
import { House } from '#runtime';
import { Module, type DynamicModule, type Type } from '@nestjs/common';
import { Authenticator } from './authenticator.ts';

/** Exports one Authenticator, so that all listeners of an app share its cache and its throttle. */
@Module({})
export class AuthModule {
  /** @param accounts the module that exports AccountStore under the app's role */
  static over(accounts: Type): DynamicModule {
    return {
      module: AuthModule,
      imports: [accounts],
      providers: [
        {
          provide: Authenticator,
          inject: [AccountStore, House],
          useFactory: (store: AccountStore, { log }: House) => new Authenticator(store, log),
        },
      ],
      exports: [Authenticator],
    };
  }
}
