/** What every app of the platform is given, whether it runs alone or with the others in one process. */
import { Module, type DynamicModule, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { BellWatch } from './bell-watch.ts';
import { Config } from './config.ts';
import { Health } from './health.ts';
import { NestLog, type Log } from './log.ts';
import { Metrics } from './metrics.ts';
import { OctetBudget } from './octet-budget.ts';
import { BODY_BUDGET } from './spilling-body.ts';

/** A class, so that Nest can inject it by type. */
export class House {
  readonly config: Config;
  /** Postgres URL of the owner, or of this app's own role. */
  readonly databaseUrl: string;
  readonly log: Log;
  /**
   * A UUID that no other living process has and that stays over restarts: of an `up` that holds its data folder to its end. So what an
   * earlier process did under it, a dead one did. Undefined: an app that may run several times.
   */
  readonly identity: string | undefined;
  readonly metrics = new Metrics();
  readonly health = new Health(this.metrics);
  readonly bells: BellWatch;
  /** For message bodies in progress, of all apps in this process. */
  readonly bodies = new OctetBudget(BODY_BUDGET);
  /** Ports really bound, by listener; written by the servers when they listen. */
  readonly listeners: Record<string, number> = {};
  readonly #shared: object[] = [];
  #cut: AbortSignal | undefined;

  constructor(config: Config, databaseUrl: string, log: Log, identity?: string) {
    this.config = config;
    this.identity = identity;
    this.databaseUrl = databaseUrl;
    this.log = log;
    this.bells = new BellWatch(log, this.metrics);
  }

  /** What the apps of this process have together, one of each kind: made when the first of them asks for it. */
  shared<Kind extends object>(kind: new () => Kind, make: () => Kind = () => new kind()): Kind {
    const found = this.#shared.find((one): one is Kind => one instanceof kind);
    if (found !== undefined) return found;
    const made = make();
    this.#shared.push(made);
    return made;
  }

  /**
   * The house stops: it is not ready any more, and the clock of the drain runs from the first call on. The signal aborts when the time
   * is up, at one instant for all apps of the process, so that apps stopped one after another do not add up their waits.
   */
  drain(): AbortSignal {
    this.health.drain();
    this.#cut ??= AbortSignal.timeout(this.config.drainSeconds * 1_000);
    return this.#cut;
  }
}

/** An app's root module. */
export type AppModule = new () => object;

@Module({})
export class HouseModule {
  static with(house: House, app: AppModule): DynamicModule {
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

/** Starts one app in this process: resolves when it serves. `close()` of the result drains it. */
export function startApp(house: House, app: AppModule): Promise<INestApplicationContext> {
  return NestFactory.createApplicationContext(HouseModule.with(house, app), {
    logger: new NestLog(house.log),
    abortOnError: false,
  });
}
