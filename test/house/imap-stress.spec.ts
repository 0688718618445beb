/**
 * Thirty clients of one account on one folder, over two apps as over two processes, who store, fetch, search, copy, move, append and
 * expunge at random. More of it by hand: STRESS_STEPS=2000 STRESS_SEED=7 npx vitest run --project house test/house/imap-stress.spec.ts
 */
import { FLAG } from '#domain';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { randomFrom } from '../crash/random.ts';
import { ImapHouse, ImapTalk, type RunningApp } from './imap.spec-helper.ts';
import { StressClient, type Answers } from './imap-stress.spec-helper.ts';

const CLIENTS = 30;
const STEPS = Number(process.env['STRESS_STEPS'] ?? 25);
const SEED = Number(process.env['STRESS_SEED'] ?? 1);
const NAMES: readonly (readonly [number, string])[] = [
  [FLAG.seen, '\\Seen'],
  [FLAG.answered, '\\Answered'],
  [FLAG.flagged, '\\Flagged'],
  [FLAG.deleted, '\\Deleted'],
  [FLAG.draft, '\\Draft'],
];

let imap: ImapHouse;
let apps: RunningApp[];
beforeAll(async () => {
  imap = await ImapHouse.open();
  apps = [await imap.start(), await imap.start()];
});
afterAll(async () => {
  await Promise.all(apps.map((app) => app.context.close()));
  await imap.db.drop();
});

test(
  'no command is refused but what names messages that are gone, and all see in the end what the database holds',
  { timeout: 120_000 + CLIENTS * STEPS * 100 },
  async () => {
    const box = await imap.mailbox();
    for (let count = 0; count < 20; count++) await imap.put(box, `Subject: stress\r\n\r\n${count}\r\n`);
    const answers: Answers = new Map();
    const first = await ImapTalk.login(apps[0]?.port ?? 0, box);
    await first.ok('CREATE Other');
    first.client.reset();
    const clients = await Promise.all(
      Array.from({ length: CLIENTS }, async (_, at) => {
        const talk = await ImapTalk.login(apps[at % 2]?.port ?? 0, box);
        const client = new StressClient(talk, randomFrom(SEED * 1_000 + at), answers);
        await client.select('INBOX');
        return client;
      }),
    );
    const begun = performance.now();
    await Promise.all(
      clients.map(async (client) => {
        for (let step = 0; step < STEPS; step++) await client.step();
      }),
    );
    const seconds = (performance.now() - begun) / 1_000;
    for (const client of clients) await client.noop();
    for (const client of clients) await client.learn();

    const { rows } = await imap.db.owner.query<{ uid: string; flags: number }>(
      `select m.uid, m.flags from folder f join folder_message m on m.tenant_id = f.tenant_id and m.folder_id = f.id
      where f.mailbox_id = $1 and f.name = 'INBOX' order by m.uid`,
      [box.mailboxId],
    );
    const truth = rows.map(
      ({ uid, flags }) => `${uid} ${NAMES.flatMap(([bit, name]) => (flags & bit ? [name] : [])).join(' ')}`,
    );
    for (const { messages, faults } of clients) {
      expect(faults, `seed ${SEED}`).toEqual([]);
      expect(
        messages.map(
          ({ uid, flags }) => `${uid} ${NAMES.flatMap(([, name]) => (flags?.has(name) ? [name] : [])).join(' ')}`,
        ),
      ).toEqual(truth);
    }
    const { rows: counters } = await imap.db.owner.query(
      `select f.name, f.messages = count(m.uid) as messages, f.unseen = count(m.uid) filter (where m.flags & $2 = 0) as unseen,
            f.octets = coalesce(sum(m.octets), 0) as octets, f.uidnext > coalesce(max(m.uid), 0) as uidnext
       from folder f left join folder_message m on m.tenant_id = f.tenant_id and m.folder_id = f.id
      where f.mailbox_id = $1 and f.name in ('INBOX', 'Other') group by f.tenant_id, f.id order by f.name`,
      [box.mailboxId, FLAG.seen],
    );
    expect(counters).toEqual(
      ['INBOX', 'Other'].map((name) => ({ name, messages: true, unseen: true, octets: true, uidnext: true })),
    );
    const told = [...answers].toSorted(([a], [b]) => a.localeCompare(b)).map(([answer, count]) => `${answer} ${count}`);
    process.stdout.write(
      `${CLIENTS} clients, ${CLIENTS * STEPS} commands in ${seconds.toFixed(1)} s, seed ${SEED}: ${told.join(', ')}\n`,
    );
  },
);
