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

/** A short work may end while the other one has not had the processor yet: who waits for the work is never first, however often. */
const TRIES = 5;

/** Who ended first. */
async function race(name: (typeof WORST)[number]): Promise<string> {
  const other = await Bystander.open(house);
  const work = await tenants.prepare(name);
  // Its password is known, and what it reads is in memory.
  await other.round();
  const ended: string[] = [];
  const working = work().then(() => ended.push(name));
  await other.round();
  ended.push('the other');
  await Promise.all([working, other.close()]);
  return ended[0] ?? 'nobody';
}

test.for(WORST)('%s', async (name) => {
  let first = await race(name);
  for (let tries = 1; first !== 'the other' && tries < TRIES; tries++) first = await race(name);
  expect(first).toBe('the other');
});
