/** RFC 3461 5.2.7: what the sender asked for at an alias holds for everywhere it leads. */
import {
  DEFAULT_TENANT,
  EXPAND_LANE,
  LOCAL_LANE,
  remoteLane,
  type DomainId,
  type ExpandedTarget,
  type MessageId,
  type TenantId,
} from '#domain';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { newId } from '../new-id.ts';
import { intakeMessage, queueWorld, toRecipient, type QueueWorld } from './queue-fixture.spec-helper.ts';

let world: QueueWorld;
let elsewhere: { readonly tenantId: TenantId; readonly domainId: DomainId };
beforeAll(async () => {
  world = await queueWorld();
  await world.directory.domain('example.org');
  const tenantId = await world.directory.tenant('elsewhere');
  elsewhere = { tenantId, domainId: await world.directory.domain('tenant.example', { tenantId }) };
});
afterEach(() => world.clear());
afterAll(() => world.db.drop());

const target = (recipient: string, more: Partial<ExpandedTarget> = {}): ExpandedTarget => ({
  recipient,
  lane: LOCAL_LANE,
  domainId: undefined,
  mailboxId: undefined,
  hold: undefined,
  ...more,
});

async function expanded(
  forwardPath: string,
  dsn: { readonly notify?: string; readonly orcpt?: string },
): Promise<Map<string, unknown>> {
  const recipient = { ...toRecipient({ forwardPath }), ...dsn };
  const message = { ...intakeMessage(newId() as MessageId, [recipient]), ret: 'HDRS', envid: 'QQ 314' };
  await world.intake.commit(message);
  const [alias] = (await world.queue.claim(EXPAND_LANE, 10, 60)).deliveries;
  if (!alias) throw new Error('nothing claimed');
  await world.queue.expand(
    alias,
    [
      target('next@example.org'),
      target('far@far.example', { lane: remoteLane('far.example') }),
      target('lost@example.org', { hold: 'no such user' }),
      target('other@tenant.example', { domainId: elsewhere.domainId }),
    ],
    60,
  );
  const rows = await world.rows<{ recipient: string; dsn: unknown }>(
    `select d.recipient, array[d.dsn_notify, d.dsn_orcpt, m.dsn_envid, m.dsn_ret] as dsn
       from delivery d join message m on m.tenant_id = d.tenant_id and m.id = d.message_id where d.depth > 0`,
  );
  expect(rows).toHaveLength(4);
  return new Map(rows.map((row) => [row.recipient, row.dsn]));
}

test.for<[string, { notify?: string; orcpt?: string }, [string | null, string]]>([
  [
    'team@example.org',
    { notify: 'SUCCESS,FAILURE', orcpt: 'rfc822;first@origin.example' },
    ['SUCCESS,FAILURE', 'rfc822;first@origin.example'],
  ],
  ['Team@example.org', { notify: 'NEVER' }, ['NEVER', 'rfc822;Team@example.org']],
  ['team@example.org', {}, [null, 'rfc822;team@example.org']],
  ['grüße@example.org', {}, [null, 'utf-8;grüße@example.org']],
])('to %s with %j', async ([forwardPath, given, asked]) => {
  for (const [recipient, dsn] of await expanded(forwardPath, given))
    expect(dsn, recipient).toEqual([...asked, 'QQ 314', 'HDRS']);
});

test('an alias behind an alias passes on what the first one was asked', async () => {
  await expanded('team@example.org', { notify: 'DELAY' });
  const { deliveries } = await world.queue.claim(LOCAL_LANE, 10, 60);
  const next = deliveries.find(({ recipient }) => recipient === 'next@example.org');
  if (!next) throw new Error('nothing claimed');
  await world.queue.expand(next, [target('last@example.org')], 60);
  expect(
    await world.rows(`select dsn_notify, dsn_orcpt from delivery where depth = 2 and tenant_id = $1`, [DEFAULT_TENANT]),
  ).toEqual([{ dsn_notify: 'DELAY', dsn_orcpt: 'rfc822;team@example.org' }]);
});
