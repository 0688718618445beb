/** One call of a store's method each, over the huge and the small things of a PlanWorld: what the plan test judges. */
import { ROOT_TENANT, type TenantId } from '#domain';
import { roleUrl, type AppRole } from '#runtime';
import { PgAccountStore } from '../account/pg-account.store.ts';
import { PgLoginFailureStore } from '../account/pg-login-failure.store.ts';
import { Database } from '../database.ts';
import { PgDirectoryStore } from '../directory/pg-directory.store.ts';
import { PgFolderStore } from '../folder/pg-folder.store.ts';
import { PgIntakeStore } from '../intake/pg-intake.store.ts';
import { PgMaildropStore } from '../maildrop/pg-maildrop.store.ts';
import { PgHeldMailStore } from '../queue/pg-held-mail.store.ts';
import { PgQueueStore } from '../queue/pg-queue.store.ts';
import { PgRetentionStore } from '../retention/pg-retention.store.ts';
import { PgTraceStore } from '../trace/pg-trace.store.ts';
import type { PlanWorld } from './plan-world.spec-helper.ts';

/** Rows a step of the sweeps takes here: fewer than there are in the smallest world. */
const SWEPT = 100;
/** Rows of one page of what is read whole: the same. */
const PAGE = 150;

/** Begins the names of the connections that are watched. */
export const APPLICATION = 'plans ';

const MADE = {
  queue: ['posthouse_worker', (database: Database) => new PgQueueStore(database)],
  intake: ['posthouse_ingress', (database: Database) => new PgIntakeStore(database)],
  folders: ['posthouse_imap', (database: Database) => new PgFolderStore(database)],
  maildrops: ['posthouse_pop3', (database: Database) => new PgMaildropStore(database)],
  accounts: ['posthouse_pop3', (database: Database) => new PgAccountStore(database)],
  retention: [
    'posthouse_worker',
    (database: Database) => new PgRetentionStore(database, { messages: SWEPT, aged: SWEPT }),
  ],
  traces: ['posthouse_api', (database: Database) => new PgTraceStore(database, { page: PAGE })],
  heldMail: ['posthouse_api', (database: Database) => new PgHeldMailStore(database)],
  logins: ['posthouse_api', (database: Database) => new PgLoginFailureStore(database)],
  directory: ['posthouse_api', (database: Database) => new PgDirectoryStore(database, { countedAtOnce: SWEPT })],
} as const satisfies Record<string, readonly [AppRole, (database: Database) => object]>;

type Made = typeof MADE;
export type StoreName = keyof Made;
export type Stores = { readonly [Name in StoreName]: ReturnType<Made[Name][1]> };

export const STORES = [
  PgQueueStore,
  PgIntakeStore,
  PgFolderStore,
  PgMaildropStore,
  PgAccountStore,
  PgRetentionStore,
  PgTraceStore,
  PgHeldMailStore,
  PgLoginFailureStore,
  PgDirectoryStore,
] as const;

export interface Drive {
  /** Says what is touched, and how much of it. */
  readonly name: string;
  /** By the owner; not judged. */
  readonly prepare?: (world: PlanWorld) => Promise<unknown>;
  readonly run: (stores: Stores, world: PlanWorld) => Promise<unknown>;
}

export const ROOT = { principal: ROOT_TENANT, tenant: 'big' };
export const principal: TenantId = ROOT_TENANT;

/** Stores on connections of their own, whose methods are remembered when they are called. */
export class DrivenStores {
  readonly stores: Stores;
  readonly #databases: Database[] = [];

  constructor(ownerUrl: string, called: Set<string>) {
    const made = Object.entries(MADE).map(([name, [role, make]]) => {
      const database = new Database({
        url: roleUrl(ownerUrl, role),
        name: `${APPLICATION}${name}`,
        // One after the other: the plans of a connection come back in the order of its statements.
        poolSize: 1,
        onError: () => undefined,
      });
      this.#databases.push(database);
      return [name, remembering(make(database), called)];
    });
    this.stores = Object.fromEntries(made) as Stores;
  }

  async close(): Promise<void> {
    await Promise.all(this.#databases.map((database) => database.close()));
  }
}

function remembering<Store extends object>(store: Store, called: Set<string>): Store {
  return new Proxy(store, {
    get(target, key): unknown {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function' || typeof key !== 'string') return value;
      return (...parameters: unknown[]): unknown => {
        called.add(`${target.constructor.name}.${key}`);
        return Reflect.apply(value, target, parameters);
      };
    },
  });
}
