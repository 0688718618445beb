/** What may be changed or taken away depends on the state of the row, whatever statement asks: real ones, of a program that was taken over. */
import { APP_ROLES, type AppRole } from '#runtime';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { A, ID, INSUFFICIENT_PRIVILEGE, outcome, twoTenants, type TwoTenants } from './two-tenants.spec-helper.ts';

const CHECK_VIOLATION = '23514';
const REFUSED = INSUFFICIENT_PRIVILEGE;
const NOTHING = 'done 0';
const id = (last: number): string => `00000000-0000-7000-8000-0000000001${String(last).padStart(2, '0')}`;
const [PENDING, APPENDING, APPENDED, RECLAIMED] = [id(1), id(2), id(3), id(4)];

let world: TwoTenants;
beforeAll(async () => {
  world = await twoTenants();
  for (const [message, state, origin] of [
    [PENDING, 'pending', 'smtp'],
    [APPENDING, 'pending', 'append'],
    [APPENDED, 'accepted', 'append'],
    [RECLAIMED, 'reclaimed', 'smtp'],
  ]) {
    await world.db.owner.query(
      `insert into message (tenant_id, id, state, origin, reverse_path, helo, remote_address, octets, header_octets, recipients, deliveries,
                            envelope, body_structure, mime_index)
       values ($1, $2, $3, $4, '', '', '', 1, 1, 0, 0, '', '', '')`,
      [A, message, state, origin],
    );
    await world.db.owner.query(
      `insert into message_chunk (tenant_id, message_id, number, octets) values ($1, $2, 0, 'x')`,
      [A, message],
    );
  }
  for (const [ordinal, state] of ['delivered', 'forwarded', 'bounced', 'discarded'].entries()) {
    await world.db.owner.query(
      `insert into delivery (tenant_id, message_id, ordinal, recipient, lane, state) values ($1, $2, $3, 'x', 'local', 'queued')`,
      [A, id(10), ordinal],
    );
    const settled = `state = '${state}', came_from = state, settled_at = now(), lease_owner = null, lease_until = null`;
    await world.db.owner.query(
      `update delivery set state = 'leased', came_from = state, lease_owner = $1, lease_until = now() where message_id = $1 and ordinal = $2`,
      [id(10), ordinal],
    );
    await world.db.owner.query(`update delivery set ${settled} where message_id = $1 and ordinal = $2`, [
      id(10),
      ordinal,
    ]);
  }
});
afterAll(() => world.db.drop());

const message = (state: string, origin: string, recipients = 0): string =>
  `insert into message (tenant_id, id, state, origin, reverse_path, helo, remote_address, octets, header_octets, recipients, deliveries, envelope,
     body_structure, mime_index) values ('${A}', '${ID}', '${state}', '${origin}', '', '', '', 1, 1, ${recipients}, 0, '', '', '')`;
const chunk = (of: string): string =>
  `insert into message_chunk (tenant_id, message_id, number, octets) values ('${A}', '${of}', 7, 'x')`;
const delivery = (columns: string, values: string): string =>
  `insert into delivery (tenant_id, message_id, ordinal, recipient, lane, ${columns}) values ('${A}', '${ID}', 0, 'x', 'local', ${values})`;

const moved = (state: string): string =>
  `update delivery set state = '${state}', came_from = 'held', settled_at = now() where state = 'held' and tenant_id = '${A}'`;

const TRIED: Readonly<Record<AppRole, readonly (readonly [string, string])[]>> = {
  posthouse_ingress: [
    [`delete from message`, 'done 1'],
    [`delete from message where id = '${A}'`, NOTHING],
    [`delete from message where id in ('${APPENDING}', '${APPENDED}', '${RECLAIMED}')`, NOTHING],
    [`update message set state = 'pending' where state <> 'pending'`, NOTHING],
    [`update message set envelope = 'forged' where id = '${A}'`, NOTHING],
    [`update message set octets = 0 where id = '${APPENDING}'`, NOTHING],
    [`update message set envelope = 'x' where id = '${PENDING}'`, REFUSED],
    [`update message set state = 'reclaimed' where id = '${PENDING}'`, REFUSED],
    [`update message set state = 'accepted' where id = '${PENDING}'`, 'done 1'],
    [`delete from message_chunk where message_id in ('${A}', '${APPENDED}', '${RECLAIMED}')`, NOTHING],
    [`delete from message_chunk where message_id = '${PENDING}'`, 'done 1'],
    [chunk(A), REFUSED],
    [chunk(RECLAIMED), REFUSED],
    [chunk(ID), REFUSED],
    [chunk(PENDING), 'done 1'],
    [message('accepted', 'smtp', 1), 'done 1'],
    [message('pending', 'smtp'), 'done 1'],
    [message('accepted', 'append'), REFUSED],
    [message('reclaimed', 'smtp'), REFUSED],
    [`insert into message (tenant_id, id, received_at) values ('${A}', '${ID}', '2000-01-01')`, REFUSED],
    [delivery('state', `'queued'`), 'done 1'],
    [delivery('state', `'held'`), 'done 1'],
    [delivery('state', `'leased'`), CHECK_VIOLATION],
    [delivery('state', `'delivered'`), CHECK_VIOLATION],
    [delivery('state, came_from', `'queued', 'leased'`), REFUSED],
    [delivery('state, settled_at', `'queued', now()`), REFUSED],
    [delivery('state, lease_owner', `'queued', '${A}'`), REFUSED],
    [`update delivery set state = 'held'`, REFUSED],
    [`insert into event (tenant_id, message_id, kind, at) values ('${A}', '${A}', 'accepted', '2000-01-01')`, REFUSED],
  ],
  posthouse_worker: [
    ['delete from message', REFUSED],
    ['delete from message_chunk', REFUSED],
    [`update message set state = 'pending'`, REFUSED],
    [`update message set deliveries = deliveries where id = '${A}'`, REFUSED],
    ['select deliveries from message', REFUSED],
    [`select deliver_across('${A}', '${A}', '${A}', 'x', '${A}', '${A}')`, REFUSED],
    [
      `update delivery set state = 'queued', came_from = 'leased', settled_at = null where state in ('delivered', 'forwarded', 'bounced', 'discarded')`,
      NOTHING,
    ],
    [`update delivery set reply = 'forged' where state in ('delivered', 'forwarded', 'bounced', 'discarded')`, NOTHING],
    [`update delivery set reply = 'why' where state = 'held' and tenant_id = '${A}'`, 'done 1'],
    [`update delivery set recipient = 'y'`, REFUSED],
    [`update delivery set queued_at = now()`, REFUSED],
    ['delete from delivery', REFUSED],
    [delivery('state', `'queued'`), REFUSED],
    [moved('forwarded'), REFUSED],
    [moved('bounced'), REFUSED],
    [moved('discarded'), REFUSED],
    [`update delivery set state = 'queued', came_from = 'held' where state = 'held' and tenant_id = '${A}'`, 'done 1'],
    ['select dsn_orcpt from delivery', REFUSED],
    ['select came_from from delivery', REFUSED],
    [`update folder set name = 'x'`, REFUSED],
    ['update folder set uidvalidity = 1', REFUSED],
    ['update folder set recent_from = 1', REFUSED],
    ['select 1 from tombstone', REFUSED],
    ['delete from tombstone', REFUSED],
    ['select 1 from folder_message', REFUSED],
    ['select detail from event', REFUSED],
    ['select dsn_envid from message', REFUSED],
  ],
  posthouse_pop3: [
    [`update folder set name = 'x'`, REFUSED],
    ['update folder set uidvalidity = 1', REFUSED],
    ['update folder set uidnext = 1', REFUSED],
    ['update folder set mailbox_id = id', REFUSED],
    [`update folder set keywords = '{}'`, REFUSED],
    ['update folder set messages = messages', 'done 2'],
    ['update mailbox_usage set mailbox_id = mailbox_id', REFUSED],
    ['update folder_message set uidl = null', REFUSED],
    [`update message set state = 'pending'`, REFUSED],
    ['select reverse_path from message', REFUSED],
    ['select 1 from mailbox', REFUSED],
    [
      `insert into tombstone (tenant_id, folder_id, modseq, uid, message_id, gone_at) values ('${A}', '${A}', 2, 2, '${A}', '2000-01-01')`,
      REFUSED,
    ],
  ],
  posthouse_imap: [
    ['delete from message', 'done 1'],
    [`delete from message where id in ('${A}', '${PENDING}', '${APPENDED}')`, NOTHING],
    [`update message set state = 'pending' where id = '${APPENDED}'`, NOTHING],
    [`update message set envelope = 'forged' where id in ('${A}', '${PENDING}', '${APPENDED}')`, NOTHING],
    [`update message set state = 'accepted' where id = '${APPENDING}'`, 'done 1'],
    [`update message set envelope = 'x' where id = '${APPENDING}'`, REFUSED],
    [message('accepted', 'append'), 'done 1'],
    [message('accepted', 'append', 1), REFUSED],
    [message('accepted', 'smtp'), REFUSED],
    [message('reclaimed', 'append'), REFUSED],
    [`delete from message_chunk where message_id in ('${A}', '${APPENDED}')`, NOTHING],
    [chunk(APPENDED), REFUSED],
    [chunk(APPENDING), 'done 1'],
    ['update folder_message set message_id = tenant_id', REFUSED],
    ['update folder_message set octets = 0', REFUSED],
    ['update folder_message set uid = 9', REFUSED],
    [`update folder_message set trace = ''`, REFUSED],
    ['update folder set mailbox_id = id', REFUSED],
    ['update folder set special_use = null', REFUSED],
    [`select setval('folder_uidvalidity', 1)`, REFUSED],
    [
      `insert into folder (tenant_id, id, mailbox_id, name, uidvalidity) values ('${A}', '${ID}', '${A}', 'x', 1)`,
      REFUSED,
    ],
    [`update subscription set name = 'x'`, REFUSED],
  ],
  posthouse_api: [
    [`update delivery set state = 'queued'`, REFUSED],
    ['update address set tenant_id = tenant_id', REFUSED],
    ['update domain set tenant_id = tenant_id', REFUSED],
    ['update mailbox set domain_id = domain_id', REFUSED],
    [`update tenant set path = '{}'`, REFUSED],
    ['select uidnext from folder', REFUSED],
    ['select 1 from tombstone', REFUSED],
    ['select 1 from maildrop_lock', REFUSED],
    ['select 1 from subscription', REFUSED],
    ['delete from mailbox', REFUSED],
    ['delete from domain', REFUSED],
    ['delete from tenant', REFUSED],
    [
      `insert into folder (tenant_id, id, mailbox_id, name, uidvalidity) values ('${A}', '${ID}', '${A}', 'x', 1)`,
      REFUSED,
    ],
    [`select setval('folder_uidvalidity', 1)`, REFUSED],
  ],
};

describe.each(APP_ROLES)('%s', (role) => {
  test.each(TRIED[role])('%s: %s', async (statement, expected) => {
    expect(await outcome(world.as(role), statement)).toBe(expected);
  });
});
