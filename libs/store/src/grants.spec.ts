import { APP_ROLES, type AppRole } from '#runtime';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Database } from './database.ts';
import { A, ID, INSUFFICIENT_PRIVILEGE, outcome, twoTenants, type TwoTenants } from './two-tenants.spec-helper.ts';

let world: TwoTenants;
beforeAll(async () => {
  world = await twoTenants();
});
afterAll(() => world.db.drop());
const as = (role: AppRole): Database => world.as(role);

/** Nobody may: the statement of a program that was taken over. */
const NOBODY_MAY = [
  'select hash from credential',
  'select * from credential',
  'select credential.* from credential',
  "update credential set hash = 'x' where hash = 'h'",
  'select * from auth_failure',
  'delete from auth_failure',
  'truncate message',
  'drop table message',
  'create table mine (x int)',
  'create table public.mine (x int)',
  'alter table message disable row level security',
  'set role posthouse',
  "copy message to program 'true'",
  'update message set body = null',
  "update message set reverse_path = 'forged@example.org'",
  'update message set recipients = 0',
  'update event set kind = null',
  'delete from event',
  'delete from delivery',
  'update delivery set recipient = null',
  'select pg_read_file($$/etc/passwd$$)',
];

describe.each(APP_ROLES)('%s may never', (role) => {
  test.each(NOBODY_MAY)('%s', async (statement) => {
    expect(await outcome(as(role), statement)).toBe(INSUFFICIENT_PRIVILEGE);
  });
});

const FORBIDDEN: Readonly<Record<AppRole, readonly string[]>> = {
  posthouse_ingress: [
    "select deliver_across(gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'x', null, null)",
    'select body from message',
    'select reverse_path from message',
    'select octets from message_chunk',
    'select 1 from folder',
    'select 1 from folder_message',
    'select 1 from subscription',
    'select 1 from delivery',
    'select 1 from event',
    'select 1 from maildrop_lock',
    "update domain set state = 'disabled'",
    "update tenant set state = 'suspended'",
    'update mailbox set quota_octets = 0',
    'update mailbox_usage set octets = 0',
    'insert into address (tenant_id, domain_id, kind, local) select tenant_id, id, $$alias$$, $$evil$$ from domain',
    'delete from address',
    "update delivery set state = 'discarded'",
    "select account_standings('{}', '{}')",
    "select * from auth_facts('{x}', '{a.example}', '{k}', '{r}', '{n}')",
    'select sees(gen_random_uuid())',
    "select auth_upgrade(gen_random_uuid(), gen_random_uuid(), 'h', 'x')",
  ],
  posthouse_worker: [
    'select body from message',
    'select envelope from message',
    'select octets from message_chunk',
    'insert into message (tenant_id, id) select tenant_id, id from message',
    "update domain set state = 'disabled'",
    'update mailbox set quota_octets = 0',
    'insert into mailbox (tenant_id, id, domain_id, name) select tenant_id, id, domain_id, name from mailbox',
    'update folder_message set flags = 0',
    'delete from folder_message',
    'delete from folder',
    'select 1 from subscription',
    "select account_standings('{}', '{}')",
    "select * from auth_facts('{x}', '{a.example}', '{k}', '{r}', '{n}')",
    "select auth_succeeded('k')",
  ],
  posthouse_pop3: [
    "select deliver_across(gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'x', null, null)",
    "update domain set state = 'disabled'",
    'select 1 from domain',
    'select 1 from tenant',
    'select 1 from address',
    'select 1 from delivery',
    'select 1 from event',
    'select 1 from tombstone',
    'select 1 from subscription',
    'insert into folder_message (tenant_id, folder_id, uid, mailbox_id, message_id, modseq, octets, trace) select tenant_id, folder_id, 2, mailbox_id, message_id, 1, 1, $$$$ from folder_message',
    'update folder_message set flags = 0',
    'insert into folder (tenant_id, id, mailbox_id, name, uidvalidity) select tenant_id, id, mailbox_id, name, 1 from folder',
    'delete from folder',
    'insert into message (tenant_id, id) select tenant_id, id from message',
    'delete from message',
    'update mailbox set quota_octets = null',
    'insert into delivery (tenant_id) select tenant_id from mailbox',
  ],
  posthouse_imap: [
    "select deliver_across(gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'x', null, null)",
    'insert into mailbox (tenant_id, id, domain_id, name) select tenant_id, id, domain_id, name from mailbox',
    'update mailbox set quota_octets = null',
    'delete from mailbox',
    "update domain set state = 'disabled'",
    'select 1 from domain',
    'select 1 from tenant',
    'select 1 from address',
    'select 1 from delivery',
    'insert into delivery (tenant_id) select tenant_id from mailbox',
    'select 1 from maildrop_lock',
    'delete from maildrop_lock',
  ],
  posthouse_api: [
    "select deliver_across(gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'x', null, null)",
    'select body from message',
    'select envelope from message',
    'select body_structure from message',
    'select * from message',
    'select octets from message_chunk',
    'select 1 from message_chunk',
    'insert into message (tenant_id, id) select id, id from tenant',
    'delete from message',
    'insert into delivery (tenant_id) select tenant_id from mailbox',
    'update delivery set mailbox_id = null',
    'insert into event (tenant_id) select tenant_id from mailbox',
    'insert into folder_message (tenant_id) select tenant_id from mailbox',
    'update folder_message set flags = 0',
    'update mailbox_usage set octets = 0',
    'delete from mailbox_usage',
    'delete from folder',
    'delete from folder_message',
    'delete from subscription',
    'delete from maildrop_lock',
    'delete from tombstone',
    'delete from removed_mailbox',
    'update removed_mailbox set purging = false',
    "select account_standings('{}', '{}')",
    "select * from auth_facts('{x}', '{a.example}', '{k}', '{r}', '{n}')",
    "select auth_upgrade(gen_random_uuid(), gen_random_uuid(), 'h', 'x')",
  ],
};

describe.each(APP_ROLES)('%s is refused', (role) => {
  test.each(FORBIDDEN[role])('%s', async (statement) => {
    expect(await outcome(as(role), statement)).toBe(INSUFFICIENT_PRIVILEGE);
  });
});

const ALLOWED: Readonly<Record<AppRole, readonly string[]>> = {
  posthouse_ingress: [
    'select 1 from domain join address using (tenant_id) join address_target using (tenant_id) join mailbox using (tenant_id) join mailbox_usage using (tenant_id)',
    'select state from message',
    `insert into event (tenant_id, message_id, kind) values ('${A}', '${ID}', 'refused')`,
    `insert into delivery (tenant_id, message_id, ordinal, recipient, lane, state) values ('${A}', '${ID}', 0, 'x', 'local', 'queued')`,
  ],
  posthouse_worker: [
    'select reverse_path from message',
    'select 1 from delivery for update',
    "update delivery set came_from = state, state = 'queued'",
    'select 1 from folder for update',
    'update mailbox_usage set octets = octets',
  ],
  posthouse_pop3: [
    'select body from message',
    'select octets from message_chunk',
    'delete from folder_message',
    "select * from auth_facts('{x}', '{a.example}', '{k}', '{r}', '{n}')",
    "select auth_failed(array['k'], 60)",
    'delete from maildrop_lock',
  ],
  posthouse_imap: [
    'select body from message',
    'update folder_message set flags = 1',
    'delete from folder',
    "select * from auth_facts('{x}', '{a.example}', '{k}', '{r}', '{n}')",
    `insert into subscription (tenant_id, mailbox_id, name) values ('${A}', '${A}', 'x')`,
  ],
  posthouse_api: [],
};

describe.each(APP_ROLES.filter((role) => role !== 'posthouse_api'))('%s works across tenants', (role) => {
  test.each(ALLOWED[role])('%s', async (statement) => {
    expect(await outcome(as(role), statement)).toMatch(/^done [1-9]/);
  });
});
