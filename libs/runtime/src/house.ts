/** What every app is given at its start, and how an app starts with it. */
import { Module, type DynamicModule, type INestApplicationContext, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Config } from './config.ts';
import { NestLog, type Log } from './log.ts';

/** Injected by type. `databaseUrl` is the owner's or one app role's: `roleUrl` makes of it what an app connects with. */
export class House {
  readonly config: Config;
  readonly databaseUrl: string;
  readonly log: Log;

  constructor(config: Config, databaseUrl: string, log: Log) {
    this.config = config;
    this.databaseUrl = databaseUrl;
    this.log = log;
  }
}

/** The one global module: House and Config for everything below the app's module. */
@Module({})
export class HouseModule {
  static with(house: House, app: Type): DynamicModule {
    return {
      module: HouseModule,
      global: true,
      imports: [app],
      providers: [
        { provide: House, useValue: house },
        { provide: Config, useValue: house.config },
      ],
      exports: [House, Config],
    };
  }
}

/** Starts an app's context; its servers listen when this resolves. Throws what kept it from starting. */
export async function startApp(house: House, app: Type): Promise<INestApplicationContext> {
  return NestFactory.createApplicationContext(HouseModule.with(house, app), {
    logger: new NestLog(house.log),
    // Nest would otherwise end the process itself, and the reason would be lost.
    abortOnError: false,
  });
}
