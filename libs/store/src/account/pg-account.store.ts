import {
  AccountStore,
  type Account,
  type AuthFacts,
  type CanonicalAddress,
  type MailboxId,
  type MailboxState,
  type Standing,
  type TenantId,
} from '#domain';
import { Injectable } from '@nestjs/common';
import { columns } from '../columns.ts';
import { Database } from '../database.ts';
import type { HotConnection, HotStatement } from '../hot-connection.ts';

const AUTH_FACTS: HotStatement = { name: 'auth_facts', text: 'select * from auth_facts($1, $2, $3, $4)' };
const AUTH_FAILED: HotStatement = { name: 'auth_failed', text: 'select auth_failed($1::text[], $2::int)' };
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
  tenant_id: TenantId | null;
  mailbox_id: MailboxId | null;
  state: MailboxState | null;
  hash: string | null;
  password_stamp: string | null;
  account_failures: number;
  remote_failures: number;
}

@Injectable()
export class PgAccountStore extends AccountStore {
  readonly #reads: HotConnection;
  readonly #counters: HotConnection;

  constructor(database: Database) {
    super();
    this.#reads = database.hot();
    // Failure counters live in an unlogged table: waiting for the disk would gain nothing.
    this.#counters = database.hot({ asynchronousCommit: true });
  }

  override async authFacts(login: CanonicalAddress, accountKey: string, remoteKey: string): Promise<AuthFacts> {
    const [row] = await this.#reads.query<AuthFactsRow>(AUTH_FACTS, [login.local, login.domain, accountKey, remoteKey]);
    if (!row) throw new Error('auth_facts gave no row');
    const { tenant_id: tenantId, mailbox_id: mailboxId, state, hash } = row;
    const passwordStamp = row.password_stamp ?? '';
    const known = tenantId !== null && mailboxId !== null && state !== null;
    return {
      credential: known ? { tenantId, mailboxId, state, hash: hash ?? undefined, passwordStamp } : undefined,
      accountFailures: row.account_failures,
      remoteFailures: row.remote_failures,
    };
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

  override async recordFailure(keys: readonly string[], windowSeconds: number): Promise<void> {
    await this.#counters.query(AUTH_FAILED, [keys, windowSeconds]);
  }

  override async clearFailures(key: string): Promise<void> {
    await this.#counters.query(AUTH_SUCCEEDED, [key]);
  }

  override async upgradeHash({ tenantId, mailboxId }: Account, oldHash: string, newHash: string): Promise<void> {
    await this.#reads.query(AUTH_UPGRADE, [tenantId, mailboxId, oldHash, newHash]);
  }
}
