import { DEFAULT_TENANT, DirectoryRefusal, parseId, ROOT_TENANT, showId, type DirectoryScope } from '#domain';
import { freshDatabase, type FreshDatabase } from '#testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Database } from '../database.ts';
import { PgDirectoryStore } from './pg-directory.store.ts';
import { sweepRemoved } from './removal.spec-helper.ts';

const operator: DirectoryScope = { principal: ROOT_TENANT, tenant: 'default' };
let db: FreshDatabase;
let store: PgDirectoryStore;

beforeAll(async () => {
  db = await freshDatabase();
  store = new PgDirectoryStore(db.as('posthouse_api'));
  await store.addDomain(operator, 'example.org', undefined);
});
afterAll(() => db.drop());

const box = (address: string, more: { passwordHash?: string; quotaOctets?: number } = {}) => ({
  address,
  passwordHash: more.passwordHash,
  quotaOctets: more.quotaOctets,
  quotaMessages: undefined,
});

/** `code field: message` of the refusal. */
async function refusal(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof DirectoryRefusal)) throw new Error('it was not refused', { cause: error });
  return `${error.code} ${error.field}: ${error.message}`;
}

describe('tenants', () => {
  test('added below the principal, listed, suspended, removed', async () => {
    expect(await store.addTenant(operator, 'Acme')).toMatchObject({ name: 'acme', parent: 'root', state: 'active' });
    expect((await store.listTenants(operator, {})).items.map(({ name }) => name)).toEqual(['default', 'acme']);
    expect(await store.setTenant(operator, 'acme', 'suspended')).toMatchObject({ state: 'suspended' });
    await store.removeTenant(operator, 'ACME');
    expect(await refusal(store.showTenant(operator, 'acme'))).toBe('not-found tenant: there is no tenant "acme"');
  });

  test.each([
    ['default', 'conflict tenant: tenant default belongs to the house and stays; suspend it instead'],
    ['root', 'conflict tenant: tenant root belongs to the house and stays; suspend it instead'],
    ['__proto__', 'not-found tenant: there is no tenant "__proto__"'],
    ['a\r\nb', 'bad-input tenant: the tenant holds a control character (CR)'],
  ])('%j cannot be removed', async (name, expected) => {
    expect(await refusal(store.removeTenant(operator, name))).toBe(expected);
  });

  test('one with a domain stays', async () => {
    await store.addTenant(operator, 'full');
    await store.addDomain({ ...operator, tenant: 'full' }, 'full.example', undefined);
    expect(await refusal(store.removeTenant(operator, 'full'))).toBe(
      'conflict tenant: tenant full still has 1 domain(s): remove them first',
    );
  });

  test('go with their timelines', async () => {
    const { id } = await store.addTenant(operator, 'leaving');
    await db.owner.query("insert into event (tenant_id, message_id, kind) values ($1, $1, 'refused')", [id]);
    await store.removeTenant(operator, 'leaving');
    await sweepRemoved(db.owner);
    expect((await db.owner.query('select from event where tenant_id = $1', [id])).rowCount).toBe(0);
  });

  test('a name is taken once', async () => {
    expect(await refusal(store.addTenant(operator, 'default'))).toBe(
      'conflict tenant: there is a tenant default already',
    );
  });
});

describe('domains', () => {
  test('in mixed case and U-labels are stored as A-labels and found in any form', async () => {
    expect(await store.addDomain(operator, 'BÜCHER.Example', '-+')).toMatchObject({
      name: 'xn--bcher-kva.example',
      separators: '+-',
    });
    const shown = await store.showDomain(operator, 'bücher.EXAMPLE');
    expect(shown.name).toBe('xn--bcher-kva.example');
    expect(await store.showDomain(operator, showId('dom', shown.id))).toEqual(shown);
    expect(await refusal(store.addDomain(operator, 'xn--bcher-kva.example', undefined))).toBe(
      'conflict domain: domain xn--bcher-kva.example is hosted here already',
    );
  });

  test('are set and removed', async () => {
    await store.addDomain(operator, 'gone.example', '');
    expect(await store.setDomain(operator, 'gone.example', { state: 'disabled', separators: '=' })).toMatchObject({
      state: 'disabled',
      separators: '=',
    });
    await store.removeDomain(operator, 'gone.example', false);
    expect(await refusal(store.showDomain(operator, 'gone.example'))).toContain(
      'not-found domain: there is no domain gone.example',
    );
  });

  test('go with their content only when that is said', async () => {
    await store.addDomain(operator, 'busy.example', undefined);
    await store.addMailbox(operator, box('a@busy.example'));
    await store.addAlias(operator, 'b@busy.example', ['a@busy.example']);
    await store.setMailbox(operator, 'a@busy.example', { addAddresses: ['also@example.org'] });
    expect(await refusal(store.removeDomain(operator, 'busy.example', false))).toContain(
      'still has 1 mailbox(es) and 1 alias(es)',
    );
    await store.removeDomain(operator, 'busy.example', true);
    expect(await refusal(store.showMailbox(operator, 'also@example.org'))).toBe(
      'not-found address: there is no mailbox also@example.org',
    );
  });

  test('of another tenant are named with the remedy', async () => {
    await store.addTenant(operator, 'other');
    await store.addDomain({ ...operator, tenant: 'other' }, 'other.example', undefined);
    expect(await refusal(store.showDomain(operator, 'other.example'))).toBe(
      'not-found domain: domain other.example is not of tenant default: name its tenant with --tenant other',
    );
  });
});

describe('mailboxes', () => {
  test('have folders, counters, an address and a password that nobody can read back', async () => {
    const made = await store.addMailbox(
      operator,
      box('Bob@Example.ORG', { passwordHash: '$argon2id$x', quotaOctets: 1000 }),
    );
    expect(made).toMatchObject({
      tenant: 'default',
      name: 'bob@example.org',
      addresses: ['bob@example.org'],
      state: 'active',
      hasPassword: true,
      quotaOctets: 1000,
      quotaMessages: undefined,
      usedOctets: 0,
      usedMessages: 0,
    });
    const { rows } = await db.owner.query('select name from folder where mailbox_id = $1 order by name', [made.id]);
    expect(rows.map(({ name }) => name)).toEqual(['Archive', 'Drafts', 'INBOX', 'Junk', 'Sent', 'Trash']);
    expect(JSON.stringify(made)).not.toContain('argon2');
  });

  test('are changed', async () => {
    await store.addMailbox(operator, box('carol@example.org'));
    await store.setMailbox(operator, 'carol@example.org', {
      state: 'no-login',
      quotaOctets: 5,
      quotaMessages: 6,
      passwordHash: 'h1',
    });
    await store.setMailbox(operator, 'carol@example.org', { passwordHash: 'h2', addAddresses: ['c.c@example.org'] });
    expect(await store.showMailbox(operator, 'C.C@example.org')).toMatchObject({
      name: 'carol@example.org',
      addresses: ['c.c@example.org', 'carol@example.org'],
      state: 'no-login',
      quotaOctets: 5,
      quotaMessages: 6,
      hasPassword: true,
    });
    const changed = { quotaOctets: 'none', passwordHash: 'none', removeAddresses: ['c.c@example.org'] } as const;
    expect(await store.setMailbox(operator, 'c.c@example.org', changed)).toMatchObject({
      addresses: ['carol@example.org'],
      quotaOctets: undefined,
      hasPassword: false,
    });
    const credentials = await db.owner.query("select 1 from credential where hash in ('h1', 'h2')");
    expect(credentials.rowCount).toBe(0);
  });

  test('are removed with everything that is theirs; aliases lose a target, and go when it was the last', async () => {
    const { id } = await store.addMailbox(operator, box('dave@example.org', { passwordHash: 'h' }));
    await store.addMailbox(operator, box('erin@example.org'));
    await store.addAlias(operator, 'both@example.org', ['dave@example.org', 'erin@example.org']);
    await store.addAlias(operator, 'only@example.org', ['dave@example.org']);
    await db.owner.query(
      `insert into folder_message (tenant_id, folder_id, uid, mailbox_id, message_id, modseq, octets, trace)
       select tenant_id, id, 1, mailbox_id, gen_random_uuid(), 1, 1, '' from folder where mailbox_id = $1 and name = 'INBOX'`,
      [id],
    );
    await store.removeMailbox(operator, 'dave@example.org');
    await sweepRemoved(db.owner);
    for (const table of ['folder', 'folder_message', 'subscription', 'mailbox_usage', 'credential', 'address_target']) {
      expect((await db.owner.query(`select 1 from ${table} where mailbox_id = $1`, [id])).rowCount, table).toBe(0);
    }
    expect(await store.showAlias(operator, 'both@example.org')).toMatchObject({ targets: ['erin@example.org'] });
    expect(await refusal(store.showAlias(operator, 'only@example.org'))).toBe(
      'not-found alias: there is no alias only@example.org',
    );
    expect(await store.addMailbox(operator, box('dave@example.org'))).toMatchObject({ hasPassword: false });
  });

  test('the own name of a mailbox cannot be taken from it', async () => {
    expect(
      await refusal(store.setMailbox(operator, 'bob@example.org', { removeAddresses: ['bob@example.org'] })),
    ).toMatch(/^conflict address: /);
  });

  test.each([
    [box('bob@example.org'), 'conflict address: bob@example.org is an address of a mailbox already'],
    [
      box('x@nowhere.example'),
      'not-found domain: there is no domain nowhere.example: add it with posthouse domain add nowhere.example',
    ],
    [box('x@example.org\r\n'), 'bad-input address: the address holds a control character (CR)'],
    [box('x\0@example.org'), 'bad-input address: the address holds a control character (NUL)'],
    [box(`${'x'.repeat(988)}@example.org`), 'bad-input address: the address has 1000 octets; at most 254 are allowed'],
    [
      box('x@example.org', { quotaOctets: 2 ** 60 }),
      'bad-input quota: the quota is out of range: a whole number from 0 to 9007199254740991',
    ],
    [
      box('x@example.org', { quotaOctets: -1 }),
      'bad-input quota: the quota is out of range: a whole number from 0 to 9007199254740991',
    ],
  ])('refused: %j', async (mailbox, expected) => {
    expect(await refusal(store.addMailbox(operator, mailbox))).toBe(expected);
  });

  test('__proto__ is a name like any other', async () => {
    expect(await store.addMailbox(operator, box('__proto__@example.org'))).toMatchObject({
      name: '__proto__@example.org',
    });
  });

  test('in a batch the good ones are made and each bad one has its reason', async () => {
    const results = await store.addMailboxes(
      operator,
      [box('n1@example.org'), box('bob@example.org'), box('N1@example.org'), box('broken'), box('n2@example.org')],
      false,
    );
    expect(results.map((result) => result?.code)).toEqual([undefined, 'conflict', 'conflict', 'bad-input', undefined]);
    expect(await store.showMailbox(operator, 'n2@example.org')).toMatchObject({ usedMessages: 0 });
  });

  test('a dry run makes nothing', async () => {
    expect(await store.addMailboxes(operator, [box('dry@example.org')], true)).toEqual([undefined]);
    expect(await refusal(store.showMailbox(operator, 'dry@example.org'))).toMatch(/^not-found/);
  });

  test('are listed by pages that neither repeat nor skip', async () => {
    await store.addDomain(operator, 'pages.example', undefined);
    const names = Array.from({ length: 7 }, (_, at) => `p${at}@pages.example`);
    await store.addMailboxes(
      operator,
      names.map((name) => box(name)),
      false,
    );
    const seen: string[] = [];
    let after: string | undefined;
    do {
      const page = await store.listMailboxes(operator, {
        limit: 3,
        domain: 'pages.example',
        ...(after !== undefined && { after }),
      });
      seen.push(...page.items.map(({ name }) => name));
      after = page.next;
    } while (after !== undefined);
    expect(seen.sort()).toEqual(names);
    expect(await refusal(store.listMailboxes(operator, { limit: 0 }))).toMatch(/^bad-input limit/);
    expect(await refusal(store.listMailboxes(operator, { after: 'msg_x' }))).toMatch(/^bad-input cursor/);
  });
});

describe('aliases', () => {
  beforeAll(async () => {
    await store.addDomain(operator, 'alias.example', undefined);
    await store.addMailbox(operator, box('m@alias.example'));
  });

  test('lead to mailboxes, other aliases and other hosts; a target counts once', async () => {
    const alias = await store.addAlias(operator, 'Sales@alias.example', [
      'M@alias.example',
      'John@Far.Example',
      'm@alias.example',
    ]);
    expect(alias).toMatchObject({
      name: 'sales@alias.example',
      kind: 'alias',
      targets: ['m@alias.example', 'John@far.example'],
    });
    await store.addAlias(operator, 'all@alias.example', ['sales@alias.example', 'm+x@alias.example']);
    expect((await store.showAlias(operator, 'all@alias.example')).targets).toEqual([
      'sales@alias.example',
      'm+x@alias.example',
    ]);
  });

  test('of every kind stand beside each other and are listed', async () => {
    await store.addAlias(operator, 'sales-default@alias.example', ['m@alias.example']);
    await store.addAlias(operator, '*@alias.example', ['m@alias.example']);
    const first = await store.listAliases(operator, { domain: 'alias.example', limit: 2 });
    const rest = await store.listAliases(operator, {
      domain: 'alias.example',
      limit: 500,
      ...(first.next !== undefined && { after: first.next }),
    });
    expect([...first.items, ...rest.items].map(({ name }) => name)).toEqual([
      '*@alias.example',
      'all@alias.example',
      'sales@alias.example',
      'sales-default@alias.example',
    ]);
  });

  test('are set and removed', async () => {
    await store.addAlias(operator, 'temp@alias.example', ['a@b.example']);
    expect(await store.setAlias(operator, 'temp@alias.example', ['c@d.example'])).toMatchObject({
      targets: ['c@d.example'],
    });
    await store.removeAlias(operator, 'temp@alias.example');
    expect(await refusal(store.removeAlias(operator, 'temp@alias.example'))).toBe(
      'not-found alias: there is no alias temp@alias.example',
    );
  });

  test.each([
    ['m@alias.example', ['a@b.example'], 'conflict alias: m@alias.example is an address of a mailbox already'],
    ['sales@alias.example', ['a@b.example'], 'conflict alias: sales@alias.example is an alias already'],
    ['@alias.example', ['a@b.example'], 'conflict alias: *@alias.example is a catch-all already'],
    ['new@alias.example', [], 'bad-input target: an alias needs at least one target'],
    ['new@alias.example', ['a\r\n@b.example'], 'bad-input target: the target holds a control character (CR)'],
  ])('refused: %s to %j', async (name, targets, expected) => {
    expect(await refusal(store.addAlias(operator, name, targets))).toBe(expected);
  });

  test('a local target that nobody has is refused', async () => {
    await store.addDomain(operator, 'typo.example', undefined);
    expect(await refusal(store.addAlias(operator, 'x@typo.example', ['nobdy@typo.example']))).toBe(
      'not-found target: target nobdy@typo.example does not exist: add it first',
    );
  });

  test('a mailbox cannot take the name of an alias, not even when both are made at once', async () => {
    expect(await refusal(store.addMailbox(operator, box('sales@alias.example')))).toBe(
      'conflict address: sales@alias.example is an alias already',
    );
    const race = await Promise.allSettled([
      store.addMailbox(operator, box('race@alias.example')),
      store.addAlias(operator, 'race@alias.example', ['a@b.example']),
    ]);
    expect(race.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });
});

describe('a principal', () => {
  test('sees and changes its own subtree only', async () => {
    const { id } = await store.addTenant(operator, 'mine');
    const mine: DirectoryScope = { principal: id, tenant: 'mine' };
    await store.addDomain(mine, 'mine.example', undefined);
    await store.addMailbox(mine, box('me@mine.example'));
    expect((await store.listTenants(mine, {})).items.map(({ name }) => name)).toEqual(['mine']);
    expect(await refusal(store.showMailbox({ ...mine, tenant: 'default' }, 'bob@example.org'))).toContain(
      'not-found domain: there is no domain example.org',
    );
    expect(await refusal(store.addDomain({ ...mine, tenant: 'default' }, 'stolen.example', undefined))).toBe(
      'not-found tenant: there is no tenant "default"',
    );
    expect(await refusal(store.addDomain(mine, 'example.org', undefined))).toBe(
      'conflict domain: domain example.org is hosted here already',
    );
    const facts = await store.directoryFacts(id, [
      { local: 'me', domain: 'mine.example' },
      { local: 'bob', domain: 'example.org' },
    ]);
    expect(facts.map(({ rows }) => rows.length)).toEqual([1, 0]);
  });

  test('a tenant below may be made, and cannot lift its own suspension', async () => {
    const { id } = await store.addTenant(operator, 'reseller');
    const reseller: DirectoryScope = { principal: id, tenant: 'reseller' };
    expect(await store.addTenant(reseller, 'customer')).toMatchObject({ parent: 'reseller' });
    await store.setTenant(operator, 'reseller', 'suspended');
    expect(await refusal(store.setTenant(reseller, 'reseller', 'active'))).toMatch(/^not-found/);
    expect(parseId('ten', showId('ten', DEFAULT_TENANT))).toBe(DEFAULT_TENANT);
  });
});

test('a database that is away is "cannot tell", never "does not exist"', async () => {
  const away = new Database({ url: 'postgres://posthouse_api:x@127.0.0.1:1/none', name: 'away', poolSize: 1 });
  expect(await refusal(new PgDirectoryStore(away).showTenant(operator, 'default'))).toMatch(
    /^unavailable database: the database cannot be reached/,
  );
  await away.close();
});
