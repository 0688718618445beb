import {
  DirectoryRefusal,
  DirectoryStore,
  showId,
  type AliasView,
  type CanonicalAddress,
  type DirectoryFacts,
  type DirectoryScope,
  type DomainId,
  type DomainView,
  type MailboxChange,
  type MailboxId,
  type MailboxView,
  type NewMailbox,
  type Page,
  type PageRequest,
  type RemovedMailboxView,
  type TenantId,
  type TenantView,
} from '#domain';
import { Injectable } from '@nestjs/common';
import { Database } from '../database.ts';
import { actFacts } from './act-facts.ts';
import { actAs, lockDirectory, type Act } from './act.ts';
import { addAlias, listAliases, removeAlias, setAlias, showAlias } from './aliases.ts';
import { COUNTED_AT_ONCE } from './counts.ts';
import { addDomain, listDomains, removeDomain, setDomain, showDomain, viewDomain } from './domains.ts';
import { findByMainAddress } from './find.ts';
import { listMailboxes, mailboxNames, setMailbox, showMailbox, viewMailbox } from './mailboxes.ts';
import { makeMailboxes } from './new-mailboxes.ts';
import { listRemoved, markMailbox, markSomeOf, restoreMailbox } from './removal.ts';
import { addTenant, listTenants, removeTenant, setTenant, showTenant } from './tenants.ts';

/** Ends a dry run's transaction. */
class DryRun extends Error {
  override readonly name = 'DryRun';
  readonly refusals: readonly (DirectoryRefusal | undefined)[];

  constructor(refusals: readonly (DirectoryRefusal | undefined)[]) {
    super('dry run');
    this.refusals = refusals;
  }
}

/** Under the api role; each method is one transaction, but for the removal of a domain with what is in it. */
@Injectable()
export class PgDirectoryStore extends DirectoryStore {
  readonly #database: Database;
  readonly #countedAtOnce: number;

  constructor(database: Database, { countedAtOnce = COUNTED_AT_ONCE }: { readonly countedAtOnce?: number } = {}) {
    super();
    this.#database = database;
    this.#countedAtOnce = countedAtOnce;
  }

  #act<T>({ principal }: { readonly principal: TenantId }, work: (act: Act) => Promise<T>): Promise<T> {
    return actAs(this.#database, principal, work);
  }

  /** @param tenant whose directory is changed */
  #change<T>(
    { principal, tenant }: { readonly principal: TenantId; readonly tenant: string },
    work: (act: Act) => Promise<T>,
  ): Promise<T> {
    return actAs(this.#database, principal, async (act) => {
      await lockDirectory(act, tenant);
      return work(act);
    });
  }

  override addTenant(scope: DirectoryScope, name: string): Promise<TenantView> {
    return this.#act(scope, (act) => addTenant(act, scope, name));
  }
  override listTenants(scope: DirectoryScope, page: PageRequest): Promise<Page<TenantView>> {
    return this.#act(scope, (act) => listTenants(act, page));
  }
  override showTenant(scope: DirectoryScope, name: string): Promise<TenantView> {
    return this.#act(scope, (act) => showTenant(act, name));
  }
  override setTenant(scope: DirectoryScope, name: string, state: TenantView['state']): Promise<TenantView> {
    return this.#act(scope, (act) => setTenant(act, name, state));
  }
  override removeTenant(scope: DirectoryScope, name: string): Promise<void> {
    return this.#change({ ...scope, tenant: name }, (act) => removeTenant(act, name));
  }

  override async addDomain(scope: DirectoryScope, name: string, separators: string | undefined): Promise<DomainView> {
    return this.#viewDomain(scope, await this.#change(scope, (act) => addDomain(act, scope, name, separators)));
  }
  #viewDomain(scope: DirectoryScope, id: DomainId): Promise<DomainView> {
    return this.#act(scope, (act) => viewDomain(act, id, this.#countedAtOnce));
  }
  override listDomains(scope: DirectoryScope, page: PageRequest): Promise<Page<DomainView>> {
    return this.#act(scope, (act) => listDomains(act, scope, page, this.#countedAtOnce));
  }
  override showDomain(scope: DirectoryScope, name: string): Promise<DomainView> {
    return this.#act(scope, (act) => showDomain(act, scope, name, this.#countedAtOnce));
  }
  override async setDomain(
    scope: DirectoryScope,
    name: string,
    change: { readonly state?: DomainView['state']; readonly separators?: string },
  ): Promise<DomainView> {
    return this.#viewDomain(scope, await this.#change(scope, (act) => setDomain(act, scope, name, change)));
  }
  override async removeDomain(scope: DirectoryScope, name: string, cascade: boolean): Promise<void> {
    const { principal } = scope;
    const domain = await this.#change(scope, (act) => removeDomain(act, scope, name, cascade));
    // Should this end here, the worker goes on with it. By id: a tenant may have got another name meanwhile.
    const tenant = showId('ten', domain.tenantId);
    while (await this.#change({ principal, tenant }, (act) => markSomeOf(act, domain)));
  }

  override addMailbox(scope: DirectoryScope, mailbox: NewMailbox): Promise<MailboxView> {
    return this.#change(scope, async (act) => {
      const { refusals, made } = await makeMailboxes(act, scope, [mailbox]);
      const [only] = made;
      if (only) return viewMailbox(act, only.domain.tenantId, only.id);
      throw refusals[0] ?? new Error('a mailbox was neither made nor refused');
    });
  }
  override async addMailboxes(
    scope: DirectoryScope,
    mailboxes: readonly NewMailbox[],
    dryRun: boolean,
  ): Promise<readonly (DirectoryRefusal | undefined)[]> {
    try {
      return await this.#change(scope, async (act) => {
        const { refusals } = await makeMailboxes(act, scope, mailboxes);
        if (dryRun) throw new DryRun(refusals);
        return refusals;
      });
    } catch (error) {
      if (error instanceof DryRun) return error.refusals;
      throw error;
    }
  }
  override listMailboxes(scope: DirectoryScope, page: PageRequest): Promise<Page<MailboxView>> {
    return this.#act(scope, (act) => listMailboxes(act, scope, page));
  }
  override mailboxNames(principal: TenantId, ids: readonly MailboxId[]): Promise<ReadonlyMap<MailboxId, string>> {
    return this.#act({ principal }, (act) => mailboxNames(act, ids));
  }
  override showMailbox(scope: DirectoryScope, address: string): Promise<MailboxView> {
    return this.#act(scope, (act) => showMailbox(act, scope, address));
  }
  override setMailbox(scope: DirectoryScope, address: string, change: MailboxChange): Promise<MailboxView> {
    return this.#change(scope, (act) => setMailbox(act, scope, address, change));
  }
  override removeMailbox(scope: DirectoryScope, address: string): Promise<void> {
    return this.#change(scope, async (act) => markMailbox(act, await findByMainAddress(act, scope, address)));
  }
  override restoreMailbox(scope: DirectoryScope, address: string): Promise<MailboxView> {
    return this.#change(scope, (act) => restoreMailbox(act, scope, address));
  }
  override listRemoved(scope: DirectoryScope, page: PageRequest): Promise<Page<RemovedMailboxView>> {
    return this.#act(scope, (act) => listRemoved(act, scope, page));
  }

  override addAlias(scope: DirectoryScope, name: string, targets: readonly string[]): Promise<AliasView> {
    return this.#change(scope, (act) => addAlias(act, scope, name, targets));
  }
  override listAliases(scope: DirectoryScope, page: PageRequest): Promise<Page<AliasView>> {
    return this.#act(scope, (act) => listAliases(act, scope, page));
  }
  override showAlias(scope: DirectoryScope, name: string): Promise<AliasView> {
    return this.#act(scope, (act) => showAlias(act, scope, name));
  }
  override setAlias(scope: DirectoryScope, name: string, targets: readonly string[]): Promise<AliasView> {
    return this.#change(scope, (act) => setAlias(act, scope, name, targets));
  }
  override removeAlias(scope: DirectoryScope, name: string): Promise<void> {
    return this.#change(scope, (act) => removeAlias(act, scope, name));
  }

  override directoryFacts(principal: TenantId, addresses: readonly CanonicalAddress[]): Promise<DirectoryFacts[]> {
    return this.#act({ principal }, (act) => actFacts(act, addresses));
  }
}
