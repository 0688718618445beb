/** docs/rights.md against the catalog: every table, column, verb, function, policy and role. */
import { APP_ROLES } from '#runtime';
import { freshDatabase, type FreshDatabase } from '#testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { migrate } from './migrate.ts';
import { documentedRights, EVERYBODY, liveRights, type Documented, type Rights } from './rights.spec-helper.ts';

let db: FreshDatabase;
let live: Rights;
let documented: Documented;
beforeAll(async () => {
  db = await freshDatabase();
  // Rights on the database itself are no part of what is cloned.
  await migrate(db.ownerUrl);
  [live, documented] = [await liveRights(db.owner), await documentedRights()];
});
afterAll(() => db.drop());

const without = (these: readonly string[] = [], those: readonly string[] = []): string[] =>
  these.filter((line) => !those.includes(line));

describe.each([...APP_ROLES, EVERYBODY])('%s', (role) => {
  test('has no right that docs/rights.md does not declare: declare it there with the statement that needs it, or do not grant it', () => {
    expect(without(live.get(role), documented.rights.get(role))).toEqual([]);
  });
  test('has every right that docs/rights.md declares: grant it in a migration, or take the line out', () => {
    expect(without(documented.rights.get(role), live.get(role))).toEqual([]);
  });
});

test('each right is declared once, with its reason, for a role that there is', () => {
  expect(documented.faults).toEqual([]);
  expect([...documented.rights.keys()].sort()).toEqual([...live.keys()].sort());
});

test('the roles have no attribute, no membership and no object of their own', async () => {
  const { rows } = await db.owner.query(
    `select r.rolname, r.rolsuper or r.rolcreaterole or r.rolcreatedb or r.rolreplication or r.rolbypassrls as more,
            (select count(*)::int from pg_auth_members m where m.member = r.oid) as memberships,
            (select count(*)::int from pg_shdepend d where d.refclassid = 'pg_authid'::regclass and d.refobjid = r.oid and d.deptype = 'o') as owned
       from pg_roles r where r.rolname = any ($1) order by 1`,
    [APP_ROLES],
  );
  expect(rows).toEqual([...APP_ROLES].sort().map((rolname) => ({ rolname, more: false, memberships: 0, owned: 0 })));
});

test('nothing is granted beforehand on what is made later', async () => {
  const { rows } = await db.owner.query(
    `select d.defaclobjtype, a.grantee::regrole::text as role, a.privilege_type from pg_default_acl d, aclexplode(d.defaclacl) a
      where a.grantee <> d.defaclrole`,
  );
  expect(rows).toEqual([]);
});

test('a right that is added or taken away by hand shows', async () => {
  await db.owner.query('grant update (name) on folder to posthouse_pop3');
  await db.owner.query('grant truncate on message to posthouse_ingress');
  await db.owner.query('grant references (id) on message to public');
  await db.owner.query('revoke select on address from posthouse_worker');
  await db.owner.query('create policy more on delivery to posthouse_worker using (true)');
  const changed = await liveRights(db.owner);
  const added = (role: string): string[] => without(changed.get(role), live.get(role));
  expect(added('posthouse_pop3').some((line) => /^folder: UPDATE \(.*\bname\b/.test(line))).toBe(true);
  expect(added('posthouse_ingress')).toContain('message: TRUNCATE');
  expect(added('posthouse_imap')).toContain('message: REFERENCES (id)');
  expect(added(EVERYBODY)).toEqual(['table message: REFERENCES (id)']);
  expect(added('posthouse_worker')).toContain('delivery rows: ALL where true');
  expect(without(live.get('posthouse_worker'), changed.get('posthouse_worker'))).toContain('address: SELECT');
});
