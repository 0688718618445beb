/** Functions of the owner see every row; what they tell is of the principal's subtree alone: a reseller, the tenant below it, and a stranger. */
import { ROOT_TENANT, type TenantId } from '#domain';
import { APP_ROLES, type AppRole } from '#runtime';
import { freshDatabase, type FreshDatabase } from '#testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Database } from './database.ts';

const tenant = (last: string): TenantId => `00000000-0000-7000-8000-0000000000${last}` as TenantId;
const [RESELLER, BELOW, DEEP, STRANGER, GONE] = [tenant('a0'), tenant('a1'), tenant('a2'), tenant('b0'), tenant('c0')];
const ALL = { RESELLER, BELOW, DEEP, STRANGER, GONE };
const NOBODY = tenant('ff');
const SENDER = 'Newsletter@Far.example';

let db: FreshDatabase;
const roles = new Map<AppRole, Database>();
beforeAll(async () => {
  db = await freshDatabase();
  for (const [id, path] of [
    [RESELLER, [ROOT_TENANT]],
    [BELOW, [ROOT_TENANT, RESELLER]],
    [DEEP, [ROOT_TENANT, RESELLER, BELOW]],
    [STRANGER, [ROOT_TENANT]],
  ] as const)
    await db.owner.query('insert into tenant (id, parent_id, path, name) values ($1, $2, $3, $1::uuid::text)', [
      id,
      path.at(-1),
      [...path, id],
    ]);
  // The later a tenant stands here, the newer its message.
  for (const [at, id] of [DEEP, BELOW, RESELLER, GONE, STRANGER].entries()) {
    const message = `00000000-0000-7000-9000-00000000000${at}`;
    await db.owner.query(
      `insert into message (tenant_id, id, state, origin, reverse_path, helo, remote_address, octets, header_octets, recipients, deliveries,
                            envelope, body_structure, mime_index)
       values ($1, $2, 'accepted', 'smtp', $3, '', '', 1, 1, 1, 1, '', '', '')`,
      [id, message, SENDER],
    );
    await db.owner.query(
      `insert into delivery (tenant_id, message_id, ordinal, recipient, lane, state) values ($1, $2, 0, 'All@list.example', 'local', 'queued')`,
      [id, message],
    );
  }
  for (const role of APP_ROLES) roles.set(role, db.as(role));
});
afterAll(() => db.drop());

/** One column of what the function tells the principal; undefined: none was named. */
async function told(principal: string | undefined, text: string, values: unknown[], role: AppRole = 'posthouse_api') {
  const client = await (roles.get(role) ?? expect.fail(role)).pool.connect();
  try {
    await client.query('begin');
    if (principal !== undefined) await client.query("select set_config('posthouse.principal', $1, true)", [principal]);
    return (await client.query<{ told: unknown }>(text, values)).rows.map((row) => row.told);
  } finally {
    await client.query('rollback');
    client.release();
  }
}

const SUBTREES: readonly (readonly [string, string | undefined, readonly TenantId[]])[] = [
  ['a reseller', RESELLER, [RESELLER, BELOW, DEEP]],
  ['the tenant below it', BELOW, [BELOW, DEEP]],
  ['the deepest', DEEP, [DEEP]],
  ['a stranger', STRANGER, [STRANGER]],
  ['a tenant that is gone', GONE, []],
  ['a tenant that never was', NOBODY, []],
  ['no principal', undefined, []],
  ['an empty principal', '', []],
];

describe('sees', () => {
  test.each([...SUBTREES, ['the operator', ROOT_TENANT, [RESELLER, BELOW, DEEP, STRANGER]] as const])(
    '%s: its own subtree',
    async (_, principal, subtree) => {
      const asked = [...Object.values(ALL), NOBODY];
      const seen = await told(principal, 'select id as told from unnest($1::uuid[]) id where sees(id)', [asked]);
      expect(seen).toEqual(subtree);
    },
  );

  test('nobody sees upwards, and nothing is told of what does not exist', async () => {
    for (const [principal, other] of [
      [BELOW, RESELLER],
      [DEEP, ROOT_TENANT],
      [STRANGER, RESELLER],
      [STRANGER, NOBODY],
    ] as const)
      expect(await told(principal, 'select sees($1) as told', [other])).toEqual([false]);
    expect(await told(RESELLER, 'select sees(null) as told', [])).toEqual([false]);
  });
});

describe('find_by_address', () => {
  const find = (principal: string | undefined, address: string, many: number) =>
    told(principal, 'select tenant_id as told from find_by_address($1, $2) order by id', [[address], many]);

  // What belongs to no tenant is the operator's to see: it is a fault of the house.
  test.each([
    // A principal that names its own rows has them, whether its tenant still is or not.
    ...SUBTREES.map(([who, principal, subtree]) => [who, principal, principal === GONE ? [GONE] : subtree] as const),
    ['the operator', ROOT_TENANT, [RESELLER, BELOW, DEEP, GONE, STRANGER]] as const,
  ])('%s: mail of its own subtree, by sender and by recipient', async (_, principal, subtree) => {
    for (const address of [SENDER, SENDER.toUpperCase(), 'all@list.example'])
      expect(new Set(await find(principal, address, 100)), address).toEqual(new Set(subtree));
  });

  test("others' newer mail takes no place in what is told", async () => {
    expect(await find(DEEP, SENDER, 1)).toEqual([DEEP]);
    expect(await find(BELOW, SENDER, 1)).toEqual([BELOW]);
    expect(await find(RESELLER, SENDER, 2)).toEqual([BELOW, RESELLER]);
    expect(await find(ROOT_TENANT, SENDER, 1)).toEqual([STRANGER]);
  });

  test('an address that only others have is told like one that nobody has', async () => {
    await db.owner.query(`update delivery set recipient = 'secret@b.example' where tenant_id = $1`, [STRANGER]);
    for (const address of ['secret@b.example', 'nobody@b.example', '%', ''])
      expect(await find(RESELLER, address, 100), address).toEqual([]);
    expect(await find(STRANGER, 'secret@b.example', 100)).toEqual([STRANGER]);
  });
});

test.each(APP_ROLES.filter((role) => role !== 'posthouse_api'))('%s may ask neither', async (role) => {
  for (const call of [`sees('${RESELLER}')`, `find_by_address('{a@b}', 1)`])
    await expect(told(ROOT_TENANT, `select ${call} as told`, [], role)).rejects.toMatchObject({ code: '42501' });
});
