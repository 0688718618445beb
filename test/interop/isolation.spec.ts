/** While one tenant does the worst it can every command of another tenant's user ends before it, and ends well. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freshDatabase, type FreshDatabase } from '#testing';
import { BuiltHouse } from './built.ts';
import { Bystander, TwoTenants, WORST } from './worst.ts';

let db: FreshDatabase;
let house: BuiltHouse;
let tenants: TwoTenants;
beforeAll(async () => {
  db = await freshDatabase();
  house = await BuiltHouse.over(db);
  tenants = await TwoTenants.make(house, db.ownerUrl, { messages: 10_000, mailboxes: 600, mails: 3 });
});
afterAll(async () => {
  await tenants.close();
  await house.stop();
  await db.drop();
});

test.for(WORST)('%s', async (name) => {
  const other = await Bystander.open(house);
  const work = await tenants.prepare(name);
  // Its password is known, and what it reads is in memory.
  await other.round();
  const ended: string[] = [];
  const working = work().then(() => ended.push(name));
  await other.round();
  ended.push('the other');
  await Promise.all([working, other.close()]);
  expect(ended).toEqual(['the other', name]);
});
