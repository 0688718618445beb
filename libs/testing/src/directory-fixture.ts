/** Tenants, domains, mailboxes and aliases straight into a fresh database, without passwords: for tests of the mail path. */
import { domainToASCII } from 'node:url';
import {
  canonicalLocal,
  DEFAULT_TENANT,
  ROOT_TENANT,
  type DomainId,
  type MailboxId,
  type MailboxState,
  type TenantId,
} from '#domain';
import { defaultFolders, newId } from '#store';
import type pg from 'pg';

export interface MailboxOptions {
  readonly state?: MailboxState;
  readonly quotaOctets?: number;
  readonly quotaMessages?: number;
}

export class DirectoryFixture {
  readonly #owner: pg.Pool;
  readonly #domains = new Map<string, { readonly id: DomainId; readonly tenantId: TenantId }>();

  constructor(owner: pg.Pool) {
    this.#owner = owner;
  }

  async tenant(name: string, state: 'active' | 'suspended' = 'active'): Promise<TenantId> {
    const id = newId() as TenantId;
    await this.#owner.query('insert into tenant (id, parent_id, path, name, state) values ($1, $2, $3, $4, $5)', [
      id,
      ROOT_TENANT,
      [ROOT_TENANT, id],
      name,
      state,
    ]);
    return id;
  }

  /** @param name may hold U-labels */
  async domain(
    name: string,
    { tenantId = DEFAULT_TENANT, state = 'active' }: { tenantId?: TenantId; state?: 'active' | 'disabled' } = {},
  ): Promise<DomainId> {
    const id = newId() as DomainId;
    const ascii = domainToASCII(name);
    await this.#owner.query('insert into domain (id, tenant_id, name, state) values ($1, $2, $3, $4)', [
      id,
      tenantId,
      ascii,
      state,
    ]);
    this.#domains.set(ascii, { id, tenantId });
    return id;
  }

  /** A mailbox with its folders, reached by this address; its domain must have been made here. */
  async mailbox(
    address: string,
    { state = 'active', quotaOctets, quotaMessages }: MailboxOptions = {},
  ): Promise<MailboxId> {
    const { local, domain } = this.#parse(address);
    const id = newId() as MailboxId;
    await this.#owner.query(
      `insert into mailbox (tenant_id, id, domain_id, name, state, quota_octets, quota_messages) values ($1, $2, $3, $4, $5, $6, $7)`,
      [domain.tenantId, id, domain.id, address, state, quotaOctets ?? null, quotaMessages ?? null],
    );
    const { folders } = defaultFolders({ tenantId: domain.tenantId, mailboxId: id });
    await this.#owner.query('insert into mailbox_usage (tenant_id, mailbox_id) values ($1, $2)', [domain.tenantId, id]);
    for (const folder of folders) {
      await this.#owner.query(
        'insert into folder (tenant_id, id, mailbox_id, name, special_use) values ($1, $2, $3, $4, $5)',
        [domain.tenantId, folder.id, id, folder.name, folder.special_use],
      );
    }
    await this.#row(domain, 'address', local, [{ mailboxId: id }]);
    return id;
  }

  /** An alias row: each target is an address, or a mailbox of this tenant. */
  async alias(address: string, targets: readonly (string | { readonly mailboxId: MailboxId })[]): Promise<void> {
    const { local, domain } = this.#parse(address);
    await this.#row(domain, 'alias', local, targets);
  }

  async catchAll(domain: string, mailboxId: MailboxId): Promise<void> {
    await this.#row(this.#domain(domain), 'catch-all', '', [{ mailboxId }]);
  }

  /** The address is gone, the mailbox stays. */
  async removeAddress(address: string): Promise<void> {
    const { local, domain } = this.#parse(address);
    await this.#owner.query('delete from address where domain_id = $1 and local = $2', [domain.id, local]);
  }

  tenantOf(domain: string): TenantId {
    return this.#domain(domain).tenantId;
  }

  domainId(domain: string): DomainId {
    return this.#domain(domain).id;
  }

  async #row(
    { id, tenantId }: { id: DomainId; tenantId: TenantId },
    kind: 'address' | 'alias' | 'catch-all',
    local: string,
    targets: readonly (string | { readonly mailboxId: MailboxId })[],
  ): Promise<void> {
    const key = [tenantId, id, kind, local];
    await this.#owner.query('insert into address (tenant_id, domain_id, kind, local) values ($1, $2, $3, $4)', key);
    for (const [position, target] of targets.entries()) {
      const [mailboxId, forwardPath] = typeof target === 'string' ? [null, target] : [target.mailboxId, null];
      await this.#owner.query(
        'insert into address_target (tenant_id, domain_id, kind, local, position, mailbox_id, forward_path) values ($1, $2, $3, $4, $5, $6, $7)',
        [...key, position, mailboxId, forwardPath],
      );
    }
  }

  #parse(address: string) {
    const at = address.lastIndexOf('@');
    return { local: canonicalLocal(address.slice(0, at)), domain: this.#domain(address.slice(at + 1)) };
  }

  #domain(name: string): { readonly id: DomainId; readonly tenantId: TenantId } {
    const found = this.#domains.get(domainToASCII(name));
    if (!found) throw new Error(`the fixture has no domain ${name}`);
    return found;
  }
}
