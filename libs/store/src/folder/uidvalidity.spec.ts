/** RFC 3501 2.3.1.1: for a name, UIDVALIDITY never falls, and a pair (UIDVALIDITY, UID) never means another message. */
import { ALL_UIDS, INBOX, parseFolderName, ROOT_TENANT, type Account, type FolderName, type MailboxId } from '#domain';
import { roleUrl } from '#runtime';
import { freshDatabase, type FreshDatabase } from '#testing';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Database } from '../database.ts';
import { PgDirectoryStore } from '../directory/pg-directory.store.ts';
import { raiseUidValidities, UIDVALIDITY_GAP } from './uidvalidity.ts';
import { fill } from './mailboxes.spec-helper.ts';
import { PgFolderStore } from './pg-folder.store.ts';

const operator = { principal: ROOT_TENANT, tenant: 'default' };
let db: FreshDatabase;
let folders: PgFolderStore;
let directory: PgDirectoryStore;
beforeAll(async () => {
  db = await freshDatabase();
  folders = new PgFolderStore(db.as('posthouse_imap'));
  directory = new PgDirectoryStore(db.as('posthouse_api'));
  await directory.addDomain(operator, 'uid.example', undefined);
});
afterAll(() => db.drop());

const named = (text: string): FolderName => parseFolderName(text) ?? INBOX;
const ADDRESS = 'a@uid.example';

async function accountOf(address: string): Promise<Account> {
  const { rows } = await db.owner.query<{ tenant_id: Account['tenantId']; mailbox_id: MailboxId }>(
    `select g.tenant_id, g.mailbox_id from address_target g join domain d on d.id = g.domain_id where g.local || '@' || d.name = $1`,
    [address],
  );
  return { tenantId: rows[0]?.tenant_id ?? ROOT_TENANT, mailboxId: rows[0]?.mailbox_id ?? ('' as MailboxId) };
}
const add = (address: string) =>
  directory.addMailboxes(
    operator,
    [{ address, passwordHash: undefined, quotaOctets: undefined, quotaMessages: undefined }],
    false,
  );

/** What a client that knows names alone has seen, for as long as there are clients. */
class Client {
  readonly #last = new Map<string, number>();
  readonly #meant = new Map<string, string>();

  async look(address: string): Promise<void> {
    const { tenantId, mailboxId } = await accountOf(address);
    const { rows } = await db.owner.query<{ name: string; uidvalidity: string; uids: string[] | null }>(
      `select f.name, f.uidvalidity, array_agg(m.uid || ' ' || m.message_id) filter (where m.uid is not null) as uids
         from folder f left join folder_message m on m.tenant_id = f.tenant_id and m.folder_id = f.id
        where f.tenant_id = $1 and f.mailbox_id = $2 group by f.name, f.uidvalidity`,
      [tenantId, mailboxId],
    );
    for (const { name, uidvalidity, uids } of rows) {
      const known = `${address} ${name}`;
      expect(Number(uidvalidity), known).toBeGreaterThanOrEqual(this.#last.get(known) ?? 0);
      this.#last.set(known, Number(uidvalidity));
      for (const pair of uids ?? []) {
        const [uid = '', message = ''] = pair.split(' ');
        const key = `${known} ${uidvalidity} ${uid}`;
        expect(this.#meant.get(key) ?? message, key).toBe(message);
        this.#meant.set(key, message);
      }
    }
  }
}

describe('a name', () => {
  beforeEach(async () => {
    await add(ADDRESS);
  });

  const NAMES = ['a', 'b', 'a/x', 'Trash'];
  const name = fc.constantFrom(...NAMES);
  const step = fc.oneof(
    fc.record({ do: fc.constant('create' as const), name }),
    fc.record({ do: fc.constant('delete' as const), name }),
    fc.record({ do: fc.constant('rename' as const), name: fc.constantFrom(...NAMES, 'INBOX'), to: name }),
    fc.record({ do: fc.constant('deliver' as const), name: fc.constantFrom(...NAMES, 'INBOX') }),
    fc.record({ do: fc.constant('expunge' as const), name }),
    fc.record({ do: fc.constantFrom('remove' as const, 'restore' as const) }),
  );
  type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

  async function run(one: Step): Promise<void> {
    const account = await accountOf(ADDRESS);
    if (one.do === 'create') await folders.create(account, named(one.name));
    if (one.do === 'delete') await folders.delete(account, named(one.name));
    if (one.do === 'rename') await folders.rename(account, named(one.name), named(one.to));
    if (one.do === 'remove') {
      await directory.removeMailbox(operator, ADDRESS);
      await add(ADDRESS);
    }
    if (one.do === 'restore') await raiseUidValidities(db.ownerUrl);
    if (one.do !== 'deliver' && one.do !== 'expunge') return;
    const { rows } = await db.owner.query('select id from folder where mailbox_id = $1 and name = $2', [
      account.mailboxId,
      one.name,
    ]);
    if (!rows[0]) return;
    const folder = { ...account, folderId: rows[0].id };
    if (one.do === 'deliver') await fill(db.owner, folder, 1);
    else await folders.expunge(folder, ALL_UIDS);
  }

  test('keeps what its pairs meant through any sequence of changes', async () => {
    const client = new Client();
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), async (steps) => {
        for (const one of steps) {
          await run(one);
          await client.look(ADDRESS);
        }
      }),
      { numRuns: 12 },
    );
  });

  test('rises by a rename and a rename back, with all that is below it', async () => {
    const account = await accountOf(ADDRESS);
    const state = async (text: string) => (await folders.status(account, named(text)))?.uidValidity ?? 0;
    await folders.create(account, named('up/down'));
    const before = [await state('up'), await state('up/down')];
    await folders.rename(account, named('up'), named('other'));
    await folders.rename(account, named('other'), named('up'));
    const after = [await state('up'), await state('up/down')];
    expect(after[0]).toBeGreaterThan(before[0] ?? 0);
    expect(after[1]).toBeGreaterThan(before[1] ?? 0);
    expect(after[0]).not.toBe(after[1]);
  });

  test('of an address that moves to another mailbox, and of mailboxes made in the same instant, has one of its own', async () => {
    await directory.addMailboxes(
      operator,
      Array.from({ length: 20 }, (_, at) => ({
        address: `many${at}@uid.example`,
        passwordHash: undefined,
        quotaOctets: undefined,
        quotaMessages: undefined,
      })),
      false,
    );
    const { rows } = await db.owner.query('select count(*) - count(distinct uidvalidity) as shared from folder');
    expect(rows).toEqual([{ shared: '0' }]);
  });

  test('does not depend on the clock', async () => {
    const { rows } = await db.owner.query<{ expression: string }>(
      `select pg_get_expr(d.adbin, d.adrelid) as expression from pg_attrdef d join pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
        where d.adrelid = 'folder'::regclass and a.attname = 'uidvalidity'`,
    );
    expect(rows).toEqual([{ expression: `nextval('folder_uidvalidity'::regclass)` }]);
  });
});

describe('after a restore', () => {
  test('every UIDVALIDITY is above all that were given since the backup, twice as well, and no two are equal', async () => {
    await add('restored@uid.example');
    const most = async (): Promise<number> =>
      Number((await db.owner.query<{ most: string }>('select max(uidvalidity) as most from folder')).rows[0]?.most);
    const least = async (): Promise<number> =>
      Number((await db.owner.query<{ least: string }>('select min(uidvalidity) as least from folder')).rows[0]?.least);
    const atBackup = await most();
    const progress: number[] = [];
    for (let times = 1; times <= 2; times++) {
      const before = await most();
      const raised = await raiseUidValidities(db.ownerUrl, { page: 4, onProgress: (done) => progress.push(done) });
      expect(await least()).toBeGreaterThan(before);
      expect(await least()).toBeGreaterThan(atBackup + times * UIDVALIDITY_GAP);
      const { rows } = await db.owner.query(
        'select count(*)::int as all, count(distinct uidvalidity)::int as different from folder',
      );
      expect(rows).toEqual([{ all: raised, different: raised }]);
    }
    expect(progress.length).toBeGreaterThan(4);
    expect(await folders.create(await accountOf('restored@uid.example'), named('new'))).toBe('created');
    expect((await folders.status(await accountOf('restored@uid.example'), named('new')))?.uidValidity).toBe(
      await most(),
    );
  });

  test('one that was broken off half way is done whole by the next', async () => {
    const broken = raiseUidValidities(db.ownerUrl, {
      page: 2,
      onProgress: () => {
        throw new Error('killed');
      },
    });
    await expect(broken).rejects.toThrow('killed');
    const before = Number((await db.owner.query('select max(uidvalidity) as most from folder')).rows[0].most);
    await raiseUidValidities(db.ownerUrl);
    expect(
      Number((await db.owner.query('select min(uidvalidity) as least from folder')).rows[0].least),
    ).toBeGreaterThan(before);
  });

  test('not while an app is connected: its sessions would go on with the old ones', async () => {
    const url = roleUrl(db.ownerUrl, 'posthouse_imap');
    const app = new Database({ url, name: 'posthouse_imap', poolSize: 1 });
    await app.ping();
    await expect(raiseUidValidities(db.ownerUrl, { appsAway: true })).rejects.toThrow('posthouse_imap connected');
    await app.close();
  });
});
