/** What a commit looks at again, beside others that change the same at the same time. The answers on the socket: test/house/smtp-overtaken.spec.ts. */
import {
  DEFAULT_TENANT,
  PendingGone,
  type IntakeRecipient,
  type MailboxId,
  type MessageId,
  type TenantId,
} from '#domain';
import type pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../new-id.ts';
import { intakeMessage, queueWorld, toRecipient, type QueueWorld } from '../queue/queue-fixture.spec-helper.ts';

let world: QueueWorld;
let other: TenantId;
const mailboxes = new Map<string, MailboxId>();
beforeAll(async () => {
  world = await queueWorld();
  other = await world.directory.tenant('elsewhere');
  await world.directory.domain('example.org');
  await world.directory.domain('example.net', { tenantId: other });
  for (const address of ['alice@example.org', 'bob@example.org', 'erin@example.net'])
    mailboxes.set(address, await world.directory.mailbox(address));
});
afterEach(() => world.clear());
afterAll(() => world.db.drop());

/** As RCPT accepts an address of its own. */
function rcpt(address: string): IntakeRecipient {
  const [local = '', domain = ''] = address.split('@');
  return toRecipient({
    forwardPath: address,
    tenantId: world.directory.tenantOf(domain),
    domainId: world.directory.domainId(domain),
    mailboxId: mailboxes.get(address) ?? (newId() as MailboxId),
    basis: { row: { kind: 'address', local }, local },
  });
}
const to = (...addresses: string[]) => intakeMessage(newId() as MessageId, addresses.map(rcpt), 30);
const count = async (table: string): Promise<number> =>
  (await world.rows<{ count: number }>(`select count(*)::int as count from ${table}`))[0]?.count ?? -1;

/** A transaction of somebody else, open until `work` is done, then rolled back. */
async function meanwhile(statement: string, work: (client: pg.PoolClient) => Promise<void>): Promise<void> {
  const client = await world.db.owner.connect();
  try {
    await client.query('begin');
    await client.query(statement);
    await work(client);
  } finally {
    await client.query('rollback');
    client.release();
  }
}

describe('one group', () => {
  test('stores all messages but those that were overtaken', async () => {
    const messages = ['alice', 'nobody', 'bob', 'gone', 'alice'].map((local) => to(`${local}@example.org`));
    const outcomes = await Promise.all(messages.map((message) => world.intake.commit(message)));
    expect(outcomes).toEqual(['stored', 'overtaken', 'stored', 'overtaken', 'stored']);
    const kept = messages.filter((_, at) => outcomes[at] === 'stored').map(({ id }) => id);
    for (const table of ['message', 'delivery', 'event']) expect(await count(table)).toBe(3);
    expect((await world.rows<{ id: string }>('select id from message')).map(({ id }) => id).sort()).toEqual(
      kept.sort(),
    );
  });

  test('nothing is stored for one tenant where the other was overtaken', async () => {
    expect(await world.intake.commit(to('alice@example.org', 'nobody@example.net'))).toBe('overtaken');
    expect(await world.intake.commit(to('alice@example.org', 'erin@example.net'))).toBe('stored');
    expect(await count('message')).toBe(2);
  });

  test('the domain of another tenant under the same id is another domain', async () => {
    const message = intakeMessage(newId() as MessageId, [{ ...rcpt('alice@example.org'), tenantId: other }]);
    expect(await world.intake.commit(message)).toBe('overtaken');
  });

  test('beside one that is overtaken and one that cannot be stored, the third is', async () => {
    const bad = { ...to('alice@example.org'), helo: 'nul \0 in text' };
    const outcomes = await Promise.allSettled(
      [to('nobody@example.org'), bad, to('alice@example.org')].map((message) => world.intake.commit(message)),
    );
    expect(outcomes).toMatchObject([
      { status: 'fulfilled', value: 'overtaken' },
      { status: 'rejected' },
      { status: 'fulfilled', value: 'stored' },
    ]);
  });
});

describe('at the same time', () => {
  const REMOVE = `delete from domain where name = 'loose.example'`;
  beforeAll(() => world.directory.domain('loose.example', { tenantId: other }));
  const postmaster = () =>
    intakeMessage(newId() as MessageId, [
      toRecipient({
        forwardPath: 'postmaster@loose.example',
        tenantId: other,
        domainId: world.directory.domainId('loose.example'),
        hold: 'postmaster has no mailbox',
      }),
    ]);

  test('a domain that is being removed cannot be told, and nobody waits for it', async () => {
    await meanwhile(REMOVE, async () => {
      const outcomes = await Promise.all(
        [to('alice@example.org'), postmaster(), to('erin@example.net')].map((message) => world.intake.commit(message)),
      );
      expect(outcomes).toEqual(['stored', 'overtaken', 'stored']);
    });
    expect(await world.intake.commit(postmaster())).toBe('stored');
  });

  test('a domain does not go while its mail is being stored', async () => {
    const client = await world.db.owner.connect();
    try {
      await client.query('begin');
      const values = [[other], [newId()], [world.directory.domainId('loose.example')], [null], [null], [null], [null]];
      const { rows } = await client.query(
        'select overtaken_messages($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[])',
        values,
      );
      expect(rows).toEqual([]);
      await meanwhile(`set local lock_timeout = '100ms'`, async (remover) => {
        await expect(remover.query(REMOVE)).rejects.toMatchObject({ code: '55P03' });
      });
    } finally {
      await client.query('rollback');
      client.release();
    }
  });

  test.each([
    `update domain set state = 'disabled'`,
    `select 1 from domain for no key update`,
    `update tenant set state = 'suspended'`,
    `delete from mailbox where id not in (select mailbox_id from address_target)`,
  ])('a change under way that takes nothing away is not waited for: %s', async (statement) => {
    await meanwhile(statement, async () => {
      expect(await world.intake.commit(to('alice@example.org'))).toBe('stored');
    });
  });
});

describe('a large message', () => {
  const begun = async (...addresses: string[]) => {
    const message = to(...addresses);
    await world.intake.beginLarge(message);
    await world.intake.appendChunk(message, 0, Buffer.from('chunk'));
    return message;
  };

  test('for two tenants, of which the pending row of one is gone, is stored for neither', async () => {
    const message = await begun('alice@example.org', 'erin@example.net');
    await world.rows('delete from message where tenant_id = $1', [DEFAULT_TENANT]);
    await expect(world.intake.appendChunk(message, 1, Buffer.from('chunk'))).rejects.toBeInstanceOf(PendingGone);
    await expect(world.intake.commitLarge(message, message.digest)).rejects.toBeInstanceOf(PendingGone);
    expect(await world.rows('select state from message')).toEqual([{ state: 'pending' }]);
    expect([await count('delivery'), await count('event')]).toEqual([0, 0]);
    await world.intake.abandonLarge(message);
    expect(await count('message')).toBe(0);
  });

  test('for two tenants, swept for one at the very moment', async () => {
    const message = await begun('alice@example.org', 'erin@example.net');
    await meanwhile(`delete from message where tenant_id = '${other}'`, async (sweeper) => {
      const outcome = world.intake.commitLarge(message, message.digest).catch((error: unknown) => error);
      await sweeper.query('commit');
      expect(await outcome).toBeInstanceOf(PendingGone);
    });
    expect(await world.rows('select state from message')).toEqual([{ state: 'pending' }]);
    expect(await count('delivery')).toBe(0);
  });

  test('that one of two tenants was overtaken is stored for neither', async () => {
    const message = await begun('alice@example.org', 'nobody@example.net');
    expect(await world.intake.commitLarge(message, message.digest)).toBe('overtaken');
    expect(await count('delivery')).toBe(0);
    const whole = await begun('alice@example.org', 'erin@example.net');
    expect(await world.intake.commitLarge(whole, whole.digest)).toBe('stored');
    expect(await count('delivery')).toBe(2);
  });
});

describe('a pending message that seems abandoned', () => {
  const APPEND = `
    insert into message_chunk (tenant_id, message_id, number, octets)
    select m.tenant_id, m.id, 7, 'late'
      from (select tenant_id, id from message where state = 'pending' for key share) m`;
  const old = async () => {
    const message = to('alice@example.org');
    await world.intake.beginLarge(message);
    await world.intake.appendChunk(message, 0, Buffer.from('chunk'));
    await world.rows(`update message set received_at = now() - interval '1 day'`);
    await world.rows(`update message_chunk set stored_at = now() - interval '1 day'`);
    return message;
  };

  test('is left alone while a chunk of it is being written, and after', async () => {
    await old();
    await meanwhile(APPEND, async (writer) => {
      expect(await world.queue.sweepPending(3600)).toBe(0);
      await writer.query('commit');
    });
    expect(await world.queue.sweepPending(3600)).toBe(0);
    expect([await count('message'), await count('message_chunk')]).toEqual([1, 2]);
  });

  test('is swept while a chunk waits to be written: the chunk is refused and leaves nothing', async () => {
    const message = await old();
    await meanwhile('select sweep_pending(3600, 10)', async (sweeper) => {
      const late = world.intake.appendChunk(message, 1, Buffer.from('late')).catch((error: unknown) => error);
      await sweeper.query('commit');
      expect(await late).toBeInstanceOf(PendingGone);
    });
    expect([await count('message'), await count('message_chunk')]).toEqual([0, 0]);
  });
});
