/** IMAP's folders, POP3's maildrop, logins. */
import {
  ALL_UIDS,
  INBOX,
  MAX_UID,
  uidRanges,
  type FlagChange,
  type FolderState,
  type MailboxId,
  type MessageWants,
  type UidSet,
} from '#domain';
import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { message, named } from '../folder/folder-world.spec-helper.ts';
import type { Drive, Stores } from './plan-drives.spec-helper.ts';
import { BIG, HUGE, HUGE_INBOX, messageAt, planId, type PlanWorld } from './plan-world.spec-helper.ts';

/** A small mailbox of the huge tenant. */
const SMALL = { tenantId: BIG, mailboxId: planId('mailbox', 1) as MailboxId };
const SENT = named('Sent');

/** UIDs of live messages are odd; the even ones are tombstones. 100 messages in one range from the middle of the folder. */
const range = ({ size }: PlanWorld): UidSet => [{ first: size + 1, last: size + 200 }];
/** 100 single numbers from everywhere. */
const singles = ({ size }: PlanWorld): UidSet =>
  uidRanges(Array.from({ length: 100 }, (_, at) => 2 * Math.floor((at * size) / 100) + 1));
const one: UidSet = [{ first: 301, last: 301 }];

const WANTS: Record<string, MessageWants> = {
  sizes: {},
  envelope: { internalDate: true, envelope: true },
  structure: { bodyStructure: true, mimeIndex: true },
  header: { header: true, trace: true },
  body: { body: true, trace: true, mimeIndex: true },
};

async function huge({ folders }: Stores): Promise<FolderState> {
  return (await folders.status(HUGE, INBOX)) ?? expect.fail('no INBOX');
}

async function withState(stores: Stores, work: (state: FolderState) => Promise<unknown>): Promise<void> {
  await work(await huge(stores));
}

const SETS = { one: () => one, range, singles } as const;
const changes: Record<string, FlagChange> = {
  'add flags': { mode: 'add', flags: 2, keywords: [] },
  'remove flags': { mode: 'remove', flags: 2, keywords: [] },
  'replace flags': { mode: 'replace', flags: 1, keywords: [] },
  'add keywords': { mode: 'add', flags: 0, keywords: ['Work', '$Junk'] },
  'remove keywords': { mode: 'remove', flags: 0, keywords: ['work'] },
};

const fetches = Object.entries(WANTS).flatMap(([wanted, wants]): Drive[] =>
  Object.entries(SETS).map(([kind, set]) => ({
    name: `FETCH ${wanted}: ${kind}`,
    run: async ({ folders }, world) =>
      expect((await folders.messages(HUGE_INBOX, set(world), wants)).rows.length).toBeGreaterThan(0),
  })),
);

const flagged = Object.entries(SETS).map(([kind, set]): Drive => ({
  name: `FETCH FLAGS: ${kind}`,
  run: async ({ folders }, world) =>
    expect((await folders.flags(HUGE_INBOX, set(world))).uids.length).toBeGreaterThan(0),
}));

const stores = Object.entries(changes).flatMap(([what, change]): Drive[] =>
  Object.entries(SETS).map(([kind, set]) => ({
    name: `STORE ${what}: ${kind}`,
    run: async ({ folders }, world) =>
      expect(await folders.store(HUGE_INBOX, set(world), change)).toMatchObject({ kind: 'stored' }),
  })),
);

const expunges = Object.entries({
  'UID EXPUNGE one': [(world: PlanWorld) => [{ first: world.size - 99, last: world.size - 99 }], 1],
  'UID EXPUNGE singles': [({ size }: PlanWorld) => uidRanges([size - 99, size - 91, size - 81, size - 71]), 4],
  'EXPUNGE of few among all': [() => ALL_UIDS, 4],
} as const).map(([name, [set, count]]): Drive => ({
  name,
  // Back again each time: \Deleted is set on as many as go.
  prepare: async ({ owner, size }) => {
    const uids = Array.from({ length: count }, (_, at) => size - 99 + 10 * at - (at > 0 ? 2 : 0));
    await owner.query(
      `insert into folder_message (tenant_id, folder_id, uid, mailbox_id, message_id, modseq, flags, octets, trace)
         select $1, $2, uid, $3, $4, 2, 8, 216, '' from unnest($5::bigint[]) uid
         on conflict (tenant_id, folder_id, uid) do update set flags = 8`,
      [BIG, HUGE_INBOX.folderId, HUGE.mailboxId, messageAt(1), uids],
    );
    await owner.query(
      'update folder set messages = messages + $2, unseen = unseen + $2, octets = octets + 2000 where id = $1',
      [HUGE_INBOX.folderId, count],
    );
    await owner.query(
      'update mailbox_usage set messages = messages + $2, octets = octets + 2000 where mailbox_id = $1',
      [HUGE.mailboxId, count],
    );
  },
  run: async ({ folders }, world) => expect((await folders.expunge(HUGE_INBOX, set(world))).uids.length).toBe(count),
}));

export const FOLDER_DRIVES: readonly Drive[] = [
  { name: 'LIST', run: ({ folders }) => folders.list(HUGE) },
  { name: 'STATUS', run: (all) => huge(all) },
  {
    name: 'STATUS: much of the folder is \\Recent',
    prepare: ({ owner }) => owner.query('update folder set recent_from = 3 where id = $1', [HUGE_INBOX.folderId]),
    run: (all) => huge(all),
  },
  {
    name: 'SELECT',
    prepare: ({ owner, size }) =>
      owner.query('update folder set recent_from = $2 where id = $1', [HUGE_INBOX.folderId, 2 * size - 40]),
    run: async ({ folders }) => expect((await folders.select(HUGE, INBOX, true))?.recent).toBeGreaterThan(5),
  },
  {
    name: 'SELECT: another session took \\Recent of arrivals',
    prepare: ({ owner, size }) =>
      owner.query('update folder set recent_from = $2 where id = $1', [HUGE_INBOX.folderId, 2 * size - 40]),
    run: (all, { size }) =>
      withState(all, async (state) => {
        await all.folders.takeRecent(state, 2 * size - 20);
        await all.folders.select(HUGE, INBOX, true);
      }),
  },
  { name: 'the snapshot of a session', run: (all) => withState(all, (state) => all.folders.snapshot(state)) },
  {
    name: 'NOOP: nothing moved',
    run: (all) =>
      withState(all, (state) =>
        all.folders.changes(state, { modseq: state.highestModseq, uid: MAX_UID, uidNext: state.uidNext }, 100),
      ),
  },
  {
    name: 'NOOP: a little moved and arrived',
    run: (all, { size }) =>
      withState(all, (state) =>
        all.folders.changes(state, { modseq: state.highestModseq - 1, uid: 0, uidNext: 2 * size - 40 }, 100),
      ),
  },
  {
    name: 'NOOP: the first of much that moved',
    run: (all) =>
      withState(all, (state) => all.folders.changes(state, { modseq: 1, uid: MAX_UID, uidNext: state.uidNext }, 100)),
  },
  ...flagged,
  ...fetches,
  ...stores,
  ...expunges,
  {
    name: 'COPY: range',
    run: async ({ folders }, world) =>
      expect(await folders.copy(HUGE_INBOX, range(world), SENT)).toMatchObject({ kind: 'copied' }),
  },
  {
    name: 'COPY: singles',
    run: async ({ folders }, world) =>
      expect(await folders.copy(HUGE_INBOX, singles(world), SENT)).toMatchObject({ kind: 'copied' }),
  },
  ...['range', 'singles'].map((kind): Drive => ({
    name: `MOVE: ${kind}`,
    run: async ({ folders }, world) => {
      // There, and back to other numbers: the folder keeps its size.
      const uids =
        kind === 'range' ? [{ first: world.size * 2 - 99, last: world.size * 2 - 90 }] : uidRanges([5, 9, 13, 41]);
      const moved = await folders.copy(HUGE_INBOX, uids, named('F/1'));
      const target = (await folders.status(HUGE, named('F/1'))) ?? expect.fail('no folder');
      if (moved.kind !== 'copied') expect.fail(moved.kind);
      const back = await folders.move(target, uidRanges(moved.targetUids), INBOX);
      expect(back).toMatchObject({ kind: 'copied' });
    },
  })),
  {
    name: 'APPEND',
    run: async ({ folders }) => {
      expect(await folders.mayAppend(HUGE, INBOX, 100)).toBeUndefined();
      expect(await folders.append(HUGE, INBOX, message())).toMatchObject({ kind: 'appended' });
    },
  },
  {
    name: 'APPEND of a large message, and one given up',
    run: async ({ folders }) => {
      for (const kept of [true, false]) {
        const id = await folders.beginLarge(HUGE, '192.0.2.1');
        await folders.appendChunk(HUGE, id, 0, Buffer.alloc(100));
        if (kept) expect(await folders.commitLarge(HUGE, INBOX, id, message())).toMatchObject({ kind: 'appended' });
        else await folders.abandonLarge(HUGE, id);
      }
    },
  },
  {
    name: 'CREATE, RENAME, DELETE',
    run: async ({ folders }) => {
      expect(await folders.create(SMALL, named('New/Below'))).toBe('created');
      expect(await folders.rename(SMALL, named('New'), named('Other'))).toBe('renamed');
      for (const name of ['Other/Below', 'Other']) expect(await folders.delete(SMALL, named(name))).toBe('deleted');
    },
  },
  {
    name: 'CREATE, RENAME, DELETE beside thousands of folders',
    run: async ({ folders }) => {
      expect(await folders.create(HUGE, named('New'))).toBe('created');
      expect(await folders.rename(HUGE, named('New'), named('Other'))).toBe('renamed');
      expect(await folders.delete(HUGE, named('Other'))).toBe('deleted');
    },
  },
  {
    name: 'SUBSCRIBE, UNSUBSCRIBE',
    run: async ({ folders }) => {
      for (let time = 0; time < 2; time++) expect(await folders.subscribe(SMALL, named('New'))).toBe('subscribed');
      await folders.unsubscribe(SMALL, named('New'));
    },
  },
  {
    name: 'a body in chunks',
    run: async ({ folders }) => {
      for await (const piece of folders.stream(HUGE, messageAt(4), 0, 1)) expect(piece.length).toBe(1);
    },
  },
];

export const MAILDROP_DRIVES: readonly Drive[] = [
  {
    name: 'POP3: login to a small maildrop, QUIT without a deletion',
    run: async ({ maildrops }) => {
      const session = randomUUID();
      expect(await maildrops.open(SMALL, session, 60)).toMatchObject({ kind: 'open' });
      expect(await maildrops.renew(SMALL, session, 60)).toBe(true);
      await maildrops.release(SMALL, session);
    },
  },
  {
    name: 'POP3: login to a huge maildrop',
    run: async ({ maildrops }) => {
      const session = randomUUID();
      expect(await maildrops.open(HUGE, session, 60)).toMatchObject({ kind: 'open' });
      await maildrops.release(HUGE, session);
    },
  },
  {
    name: 'POP3: RETR of a batch',
    run: async ({ maildrops }, { size }) => {
      const uids = Array.from({ length: 50 }, (_, at) => 2 * Math.floor((at * size) / 50) + 1);
      expect((await maildrops.read(HUGE, HUGE_INBOX.folderId, uids)).length).toBeGreaterThan(40);
    },
  },
  {
    name: 'POP3: RETR of a body in chunks',
    run: async ({ maildrops }) => {
      for await (const piece of maildrops.stream(HUGE, messageAt(4), 0, 1)) expect(piece.length).toBe(1);
    },
  },
  {
    name: 'POP3: QUIT with deletions here and there',
    // The lease of a session that is there: its login is another drive.
    prepare: ({ owner }) =>
      owner.query(
        `insert into maildrop_lock (tenant_id, mailbox_id, session_id, lease_until) values ($1, $2, $3, now() + interval '1 minute')
         on conflict (tenant_id, mailbox_id) do update set session_id = excluded.session_id`,
        [BIG, HUGE.mailboxId, SESSION],
      ),
    run: async ({ maildrops }, { size }) => {
      const uids = Array.from({ length: 5 }, () => 2 * Math.floor(Math.random() * size) + 1).sort((a, b) => a - b);
      expect(await maildrops.expunge(HUGE, HUGE_INBOX.folderId, SESSION, [...new Set(uids)])).toBe('expunged');
      await maildrops.release(HUGE, SESSION);
    },
  },
];

const SESSION = '11111111-2222-4333-8444-555555555555';

export const ACCOUNT_DRIVES: readonly Drive[] = [
  {
    name: 'login: known, unknown, no such domain',
    run: async ({ accounts }) => {
      for (const [local, domain] of [
        ['m7', 'big.test'],
        ['nobody', 'big.test'],
        ['m7', 'nowhere.test'],
      ] as const) {
        const accountKey = `login:${local}@${domain}`;
        await accounts.authFacts({
          login: { local, domain },
          accountKey,
          remoteKey: 'remote:7',
          network: '10.0.0.0/24',
        });
      }
    },
  },
  {
    name: 'login: failure, success, better hash',
    run: async ({ accounts }) => {
      await accounts.recordFailure([`mailbox:${SMALL.mailboxId}`, 'remote:8'], 60);
      await accounts.clearFailures(`mailbox:${SMALL.mailboxId}`);
      await accounts.networkSeen(SMALL, '10.0.0.0/24');
      await accounts.upgradeHash(SMALL, 'hash', 'hash');
    },
  },
  {
    name: 'standing of open sessions',
    run: ({ accounts }) =>
      accounts.standings(
        Array.from({ length: 100 }, (_, at) => ({ tenantId: BIG, mailboxId: planId('mailbox', at) as MailboxId })),
      ),
  },
];
