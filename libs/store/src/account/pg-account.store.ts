import {
  AccountStore,
  type Account,
  type AuthFacts,
  type AuthQuestion,
  type MailboxId,
  type MailboxState,
  type Standing,
  type TenantId,
} from '#domain';
import { Injectable } from '@nestjs/common';
import { columns } from '../columns.ts';
import { Database } from '../database.ts';
import { Grouped } from '../grouped.ts';
import type { HotConnection, HotStatement } from '../hot-connection.ts';
import { bisect } from '../pg-errors.ts';

/** Logins of one statement that reads their facts: what waits while one is under way goes into the next. */
const FACTS_BATCH = 200;

const AUTH_FACTS: HotStatement = {
  name: 'auth_facts',
  text: 'select * from auth_facts($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])',
};
const AUTH_FAILED: HotStatement = { name: 'auth_failed', text: 'select auth_failed($1::text[], $2::int) as failures' };
const AUTH_NETWORK_SEEN: HotStatement = {
  name: 'auth_network_seen',
  text: 'select auth_network_seen($1::uuid, $2::uuid, $3)',
};
const AUTH_SUCCEEDED: HotStatement = { name: 'auth_succeeded', text: 'select auth_succeeded($1)' };
const AUTH_UPGRADE: HotStatement = {
  name: 'auth_upgrade',
  text: 'select auth_upgrade($1::uuid, $2::uuid, $3, $4)',
};

const STANDINGS: HotStatement = {
  name: 'account_standings',
  text: 'select at, state, password_stamp from account_standings($1::uuid[], $2::uuid[])',
};

interface StandingRow {
  /** Position in the request, from 1. */
  at: number;
  state: MailboxState;
  password_stamp: string;
}

interface AuthFactsRow {
  at: number;
  tenant_id: TenantId | null;
  mailbox_id: MailboxId | null;
  state: MailboxState | null;
  hash: string | null;
  password_stamp: string | null;
  known: boolean;
  noted: boolean;
  account_failures: number;
  remote_failures: number;
}

@Injectable()
export class PgAccountStore extends AccountStore {
  readonly #reads: HotConnection;
  readonly #counters: HotConnection;
  readonly #facts = new Grouped<AuthQuestion, AuthFacts | Error>((asked) => this.#readFacts(asked), {
    maxItems: FACTS_BATCH,
  });

  constructor(database: Database) {
    super();
    this.#reads = database.hot({ byIndex: true });
    // Failure counters live in an unlogged table: waiting for the disk would gain nothing.
    this.#counters = database.hot({ asynchronousCommit: true, byIndex: true });
  }

  override async authFacts(question: AuthQuestion): Promise<AuthFacts> {
    const facts = await this.#facts.submit(question);
    if (facts instanceof Error) throw facts;
    return facts;
  }

  /** One login that the database cannot read must not refuse those beside it. */
  async #readFacts(asked: readonly AuthQuestion[]): Promise<(AuthFacts | Error)[]> {
    const found = new Map<AuthQuestion, AuthFacts>();
    const culprits = await bisect(asked, async (part) => {
      const rows = await this.#reads.query<AuthFactsRow>(
        AUTH_FACTS,
        columns(
          part,
          ({ login }) => login.local,
          ({ login }) => login.domain,
          ({ accountKey }) => accountKey,
          ({ remoteKey }) => remoteKey,
          ({ network }) => network,
        ),
      );
      for (const row of rows) {
        const question = part[row.at - 1];
        if (question) found.set(question, factsOf(row));
      }
    });
    return asked.map((question) => found.get(question) ?? asError(culprits.get(question)));
  }

  override async standings(accounts: readonly Account[]): Promise<(Standing | undefined)[]> {
    const keys = columns(
      accounts,
      ({ tenantId }) => tenantId,
      ({ mailboxId }) => mailboxId,
    );
    const rows = await this.#reads.query<StandingRow>(STANDINGS, keys);
    const found = new Map(rows.map((row) => [row.at, { state: row.state, passwordStamp: row.password_stamp }]));
    return accounts.map((_, at) => found.get(at + 1));
  }

  override async recordFailure(keys: readonly [string, ...string[]], windowSeconds: number): Promise<number> {
    const [row] = await this.#counters.query<{ failures: number }>(AUTH_FAILED, [keys, windowSeconds]);
    if (!row) throw new Error('auth_failed gave no row');
    return row.failures;
  }

  override async networkSeen({ tenantId, mailboxId }: Account, network: string): Promise<void> {
    await this.#counters.query(AUTH_NETWORK_SEEN, [tenantId, mailboxId, network]);
  }

  override async clearFailures(key: string): Promise<void> {
    await this.#counters.query(AUTH_SUCCEEDED, [key]);
  }

  override async upgradeHash({ tenantId, mailboxId }: Account, oldHash: string, newHash: string): Promise<void> {
    await this.#reads.query(AUTH_UPGRADE, [tenantId, mailboxId, oldHash, newHash]);
  }
}

function factsOf(row: AuthFactsRow): AuthFacts {
  const { tenant_id: tenantId, mailbox_id: mailboxId, state, hash } = row;
  const passwordStamp = row.password_stamp ?? '';
  const isKnown = tenantId !== null && mailboxId !== null && state !== null;
  return {
    credential: isKnown ? { tenantId, mailboxId, state, hash: hash ?? undefined, passwordStamp } : undefined,
    knownNetwork: row.known,
    networkNoted: row.noted,
    accountFailures: row.account_failures,
    remoteFailures: row.remote_failures,
  };
}

const asError = (fault: unknown): Error => (fault instanceof Error ? fault : new Error('auth_facts gave no row'));
