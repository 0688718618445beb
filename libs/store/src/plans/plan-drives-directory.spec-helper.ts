/** The operator's side: directory and trace. Not hot, and yet none of it may stall a large house. */
import { showId, type MailboxId, type TenantId } from '#domain';
import { expect } from 'vitest';
import { principal, ROOT, type Drive } from './plan-drives.spec-helper.ts';
import { BIG_DOMAIN, messageAt, planId } from './plan-world.spec-helper.ts';

let made = 0;
/** Never used before. */
const fresh = (prefix: string): string => `${prefix}${made++}`;
const mailbox = (address: string) => ({
  address,
  passwordHash: 'hash',
  quotaOctets: undefined,
  quotaMessages: undefined,
});

export const TRACE_DRIVES: readonly Drive[] = [
  {
    name: 'failed logins: listed, of one mailbox and of one network, and forgotten',
    run: async ({ logins }) => {
      expect((await logins.list(principal)).length).toBeGreaterThan(1);
      expect(await logins.list(principal, { login: 'm21@big.test' })).toEqual([]);
      await logins.list(principal, { network: '17' });
      expect(await logins.unlock(principal, { login: 'm21@big.test' })).toMatchObject({ forgotten: 0 });
      await logins.unlock(principal, { network: '17' });
    },
  },
  { name: 'trace: by queue id', run: async ({ traces }) => expect(await traces.trace(principal, showId('msg', messageAt(7)))).toHaveLength(1) },
  { name: 'trace: by Message-ID', run: async ({ traces }) => expect(await traces.trace(principal, '<17@x.test>')).not.toHaveLength(0) },
  { name: 'trace: by sender', run: async ({ traces }) => expect(await traces.trace(principal, 's21@example.org')).not.toHaveLength(0) },
  { name: 'trace: by recipient', run: async ({ traces }) => expect(await traces.trace(principal, 'r21@big.test')).not.toHaveLength(0) },
  { name: 'trace: by who was refused', run: async ({ traces }) => expect(await traces.trace(principal, 'Q21@big.test')).toHaveLength(1) },
  // Of those into which no other drive delivers.
  { name: 'trace: by a mailbox', run: async ({ traces }) => expect(await traces.trace(principal, 'm250@big.test')).toHaveLength(4) },
  { name: 'trace: by a mailbox with a huge INBOX', run: async ({ traces }) => expect(await traces.trace(principal, 'm0@big.test')).not.toHaveLength(0) },
  {
    name: 'held mail: listed, released and discarded',
    run: async ({ heldMail }) => {
      const page = await heldMail.list(principal, { state: 'held' }, undefined, 20);
      const next = await heldMail.list(principal, { state: 'held' }, page.at(-1), 20);
      expect(await heldMail.release(principal, page.slice(0, 5))).toBe(5);
      expect(await heldMail.discard(principal, next.slice(0, 5))).toBe(5);
    },
  },
  {
    name: 'put off mail: listed and made due',
    run: async ({ heldMail }) => {
      const page = await heldMail.list(principal, { state: 'deferred' }, undefined, 20);
      expect(await heldMail.release(principal, page.slice(0, 5))).toBe(5);
    },
  },
  { name: 'ledger', run: ({ traces }) => traces.ledger(principal) },
  { name: 'ledger of one tenant among many', run: async ({ traces }) => expect(await traces.ledger(planId('tenant', 7) as TenantId)).toMatchObject({ messages: 1, balanced: true }) },
  { name: 'statistics', run: ({ traces }) => traces.statistics() },
  { name: 'names of mailboxes', run: ({ directory }) => directory.mailboxNames(principal, [planId('mailbox', 3) as MailboxId, planId('mailbox', 5) as MailboxId]) },
  { name: 'targets of aliases elsewhere', run: ({ traces }) => traces.targetsElsewhere() },
  { name: 'clock', run: ({ traces }) => traces.clockSkewSeconds() },
]; // prettier-ignore

export const DIRECTORY_DRIVES: readonly Drive[] = [
  {
    name: 'tenant: add, show, suspend, remove',
    run: async ({ directory }) => {
      const name = fresh('made');
      await directory.addTenant(ROOT, name);
      await directory.showTenant(ROOT, name);
      await directory.setTenant(ROOT, name, 'suspended');
      await directory.removeTenant(ROOT, name);
    },
  },
  {
    name: 'tenant: a page of the list',
    run: async ({ directory }) => expect((await directory.listTenants(ROOT, { limit: 50 })).items).toHaveLength(50),
  },
  {
    name: 'domain: add, disable, remove',
    run: async ({ directory }) => {
      const name = `${fresh('made')}.test`;
      await directory.addDomain(ROOT, name, undefined);
      await directory.setDomain(ROOT, name, { state: 'disabled' });
      await directory.removeDomain(ROOT, name, false);
    },
  },
  { name: 'domain: show a huge one', run: ({ directory }) => directory.showDomain(ROOT, 'big.test') },
  {
    name: 'domain: a page of those of a huge tenant',
    run: async ({ directory }) => expect((await directory.listDomains(ROOT, { limit: 50 })).items).toHaveLength(50),
  },
  {
    name: 'domain: a page of the list',
    run: async ({ directory }) =>
      expect((await directory.listDomains({ ...ROOT, tenant: 't1' }, { limit: 50 })).items).toHaveLength(1),
  },
  {
    name: 'mailbox: add, show, change, remove',
    run: async ({ directory }) => {
      const name = `${fresh('made')}@big.test`;
      await directory.addMailbox(ROOT, mailbox(name));
      await directory.showMailbox(ROOT, name);
      await directory.setMailbox(ROOT, name, {
        state: 'disabled',
        quotaOctets: 1_000,
        passwordHash: 'other',
        addAddresses: [`also-${name}`],
      });
      await directory.setMailbox(ROOT, name, { state: 'active', removeAddresses: [`also-${name}`] });
      await directory.removeMailbox(ROOT, name);
    },
  },
  {
    name: 'mailbox: removed, listed, restored, and removed for good',
    // The sweep of removals alone: what else is old enough belongs to other drives.
    prepare: ({ owner }) => owner.query("update retention_walk set rest_until = 'infinity'"),
    run: async ({ directory, retention }) => {
      const name = `${fresh('made')}@big.test`;
      await directory.addMailbox(ROOT, mailbox(name));
      await directory.removeMailbox(ROOT, name);
      expect((await directory.listRemoved(ROOT, { limit: 50 })).items).not.toHaveLength(0);
      await directory.restoreMailbox(ROOT, name);
      await directory.removeMailbox(ROOT, name);
      const without = { expungedDays: 30_000, traceDays: 30_000, removedDays: 0 };
      for (let step = 0; step < 10; step++) await retention.sweep(without);
    },
  },
  {
    name: 'mailbox: an import, tried and made',
    run: async ({ directory }) => {
      const batch = Array.from({ length: 20 }, () => mailbox(`${fresh('import')}@b1.test`));
      await directory.addMailboxes(ROOT, batch, true);
      expect(await directory.addMailboxes(ROOT, batch, false)).toEqual(batch.map(() => undefined));
      await directory.removeDomain(ROOT, 'b1.test', true);
      await directory.addDomain(ROOT, 'b1.test', undefined);
    },
  },
  {
    name: 'mailbox: a page of the list',
    run: async ({ directory }) => expect((await directory.listMailboxes(ROOT, { limit: 50 })).items).toHaveLength(50),
  },
  {
    name: 'mailbox: a page of the list of one domain',
    run: async ({ directory }) =>
      expect((await directory.listMailboxes(ROOT, { limit: 50, domain: 'big.test' })).items).toHaveLength(50),
  },
  {
    name: 'alias: add, show, change, remove',
    run: async ({ directory }) => {
      const name = `${fresh('alias')}@big.test`;
      await directory.addAlias(ROOT, name, ['m1@big.test', 'far@example.org']);
      await directory.showAlias(ROOT, name);
      await directory.setAlias(ROOT, name, ['m2@big.test']);
      await directory.removeAlias(ROOT, name);
    },
  },
  {
    name: 'alias: a page of the list',
    run: async ({ directory }) => expect((await directory.listAliases(ROOT, { limit: 50 })).items).toHaveLength(50),
  },
  {
    name: 'alias: a page of the list behind which there are addresses alone',
    run: async ({ directory }) => {
      const page = { limit: 50, domain: 'big.test', after: `${BIG_DOMAIN}:alias:b` };
      expect((await directory.listAliases(ROOT, page)).items).toEqual([]);
    },
  },
  {
    name: 'directory facts of explain',
    run: ({ directory }) => directory.directoryFacts(principal, [{ local: 'm1', domain: 'big.test' }]),
  },
];
