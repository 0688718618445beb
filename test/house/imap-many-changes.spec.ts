/** More changes of a folder than one look reads: the client hears of all of them, and none is held longer than it takes to say it. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { CHANGES_BATCH } from '../../apps/imap/src/limits.ts';
import { ImapHouse, ImapTalk, type Mailbox, type RunningApp } from './imap.spec-helper.ts';

const MESSAGES = 2 * CHANGES_BATCH + 345;

let imap: ImapHouse;
let app: RunningApp;
const open: ImapTalk[] = [];
beforeAll(async () => {
  imap = await ImapHouse.open();
  app = await imap.start();
});
afterAll(async () => {
  await app.context.close();
  await imap.db.drop();
});
afterEach(() => {
  for (const talk of open.splice(0)) talk.client.reset();
});

async function session(box: Mailbox): Promise<ImapTalk> {
  const talk = await ImapTalk.login(app.port, box, 'INBOX');
  open.push(talk);
  await talk.ok('FETCH 1 UID');
  return talk;
}

async function fullBox(): Promise<Mailbox> {
  const box = await imap.mailbox();
  await imap.put(box, 'Subject: one\r\n\r\ntext\r\n', { flags: 1 });
  await imap.db.owner.query(
    `insert into folder_message (tenant_id, folder_id, uid, mailbox_id, message_id, modseq, flags, octets, trace)
     select tenant_id, folder_id, n, mailbox_id, message_id, modseq, flags, octets, trace
       from folder_message, generate_series(2, $2::int) n where mailbox_id = $1`,
    [box.mailboxId, MESSAGES],
  );
  await imap.db.owner.query(
    `update folder set uidnext = $2::bigint + 1, messages = $2, octets = $2 * octets where mailbox_id = $1 and name = 'INBOX'`,
    [box.mailboxId, MESSAGES],
  );
  await imap.db.owner.query(`update mailbox_usage set messages = $2, octets = $2 * octets where mailbox_id = $1`, [
    box.mailboxId,
    MESSAGES,
  ]);
  return box;
}

const MOVED = `moved as (
  update folder set highestmodseq = highestmodseq + 1 where mailbox_id = $1 and name = 'INBOX' returning tenant_id, id, highestmodseq)`;

/** As one STORE of another process does; no bell is rung. */
async function flagAll({ mailboxId }: Mailbox): Promise<void> {
  await imap.db.owner.query(
    `with ${MOVED} update folder_message m set flags = flags | 4, modseq = moved.highestmodseq from moved where m.folder_id = moved.id`,
    [mailboxId],
  );
}

async function expungeTo({ mailboxId }: Mailbox, last: number): Promise<void> {
  await imap.db.owner.query(
    `with ${MOVED}, gone as (
       delete from folder_message m using moved where m.folder_id = moved.id and uid <= $2 returning m.uid, m.message_id)
     insert into tombstone (tenant_id, folder_id, modseq, uid, message_id)
     select moved.tenant_id, moved.id, moved.highestmodseq, gone.uid, gone.message_id from moved, gone`,
    [mailboxId, last],
  );
}

const upTo = (last: number): number[] => Array.from({ length: last }, (_, at) => at + 1);
const numbers = (lines: readonly string[], what: RegExp): number[] =>
  lines.flatMap((line) => (what.exec(line)?.[1] === undefined ? [] : [Number(what.exec(line)?.[1])]));
const FLAGGED = /^\* (\d+) FETCH \(.*FLAGS \(\\Seen (?:\\\w+ )*?\\Flagged/;
const EXPUNGED = /^\* (\d+) EXPUNGE$/;

test.for(['NOOP', 'SEARCH UID 1', `UID FETCH ${MESSAGES + 1}:* UID`])('%s tells all of it', async (command) => {
  const box = await fullBox();
  const talk = await session(box);
  await flagAll(box);
  const lines = await talk.ok(command);
  expect(numbers(lines, FLAGGED)).toEqual(upTo(MESSAGES));
  expect(await talk.ok('NOOP')).toEqual([]);
});

test('expunged and changed ones, in an order that keeps the numbers right', async () => {
  const box = await fullBox();
  const talk = await session(box);
  const gone = CHANGES_BATCH + 10;
  await expungeTo(box, gone);
  await flagAll(box);
  const lines = await talk.ok('NOOP');
  let exists = MESSAGES;
  for (const line of lines) {
    if (EXPUNGED.test(line)) exists--;
    else if (!line.endsWith(' RECENT')) expect(Number(FLAGGED.exec(line)?.[1])).toBeLessThanOrEqual(exists);
  }
  expect(numbers(lines, EXPUNGED)).toHaveLength(gone);
  expect(numbers(lines, FLAGGED)).toEqual(upTo(MESSAGES - gone));
  expect(await talk.ok('FETCH 1 UID')).toEqual([`* 1 FETCH (UID ${gone + 1})`]);
});

test.for(['FETCH 1 UID', 'STORE 1 +FLAGS.SILENT (\\Answered)', 'CREATE x', 'STATUS Sent (MESSAGES)', 'IDLE'])(
  '%s, when the bell has rung',
  async (command) => {
    const box = await fullBox();
    const [talk, witness, other] = await Promise.all([session(box), session(box), session(box)]);
    await witness.send('IDLE');
    expect(await witness.response()).toBe('+ idling');
    await flagAll(box);
    // Rings. When one session has heard it, all of this process have.
    await other.ok('STORE 7 +FLAGS (\\Draft)');
    const heard: string[] = [];
    while (heard.length < MESSAGES) heard.push((await witness.response()) ?? expect.fail('closed'));
    expect(numbers(heard, FLAGGED).toSorted((a, b) => a - b)).toEqual(upTo(MESSAGES));
    await talk.send(command);
    if (command === 'IDLE') await talk.client.send('DONE\r\n');
    const lines = await talk.until();
    expect(lines.at(-1)).toMatch(/^OK/);
    expect(new Set(numbers(lines, FLAGGED))).toEqual(new Set(upTo(MESSAGES)));
    expect(await talk.ok('NOOP')).toEqual([]);
  },
);

test('a client that goes in the middle takes nothing with it', async () => {
  const box = await fullBox();
  const talk = await session(box);
  const stays = await session(box);
  await flagAll(box);
  await talk.send('NOOP');
  await talk.response();
  talk.client.socket.resetAndDestroy();
  expect(numbers(await stays.ok('NOOP'), FLAGGED)).toEqual(upTo(MESSAGES));
  const next = await session(box);
  expect(await next.ok(`FETCH ${MESSAGES} FLAGS`)).toEqual([`* ${MESSAGES} FETCH (FLAGS (\\Seen \\Flagged))`]);
});

describe('a part fails, and the parts before it are done', () => {
  /** As a disk that is full for a while. */
  async function failing<T>(table: string, when: string, work: () => Promise<T>): Promise<T> {
    await imap.db.owner.query(`
      create or replace function cannot() returns trigger language plpgsql as $$ begin raise exception using errcode = 'disk_full'; end $$;
      create trigger cannot before insert or update on ${table} for each row when (${when}) execute function cannot()`);
    try {
      return await work();
    } finally {
      await imap.db.owner.query(`drop trigger cannot on ${table}`);
    }
  }
  const UNAVAILABLE = 'NO [UNAVAILABLE] temporary failure, try again later';
  const DONE = 2_000;

  test.for([
    ['MOVE 1:* Archive', `1:${DONE}`, 1],
    ['UID MOVE 101:* Archive', `101:${100 + DONE}`, 101],
    [`MOVE ${MESSAGES - 2500}:${MESSAGES} Archive`, `${MESSAGES - 2500}:${MESSAGES - 501}`, MESSAGES - 2500],
    ['MOVE 1:4000,5000:* Archive', `1:${DONE}`, 1],
  ] as const)('%s', async ([command, from, first]) => {
    const box = await fullBox();
    const talk = await session(box);
    const other = await session(box);
    const lines = await failing('folder_message', `new.uid = ${DONE + 1}`, () => talk.say(command));
    expect(lines.pop()).toBe(UNAVAILABLE);
    // RFC 6851 4.3: before the EXPUNGEs.
    expect(lines[0]).toMatch(new RegExp(`^\\* OK \\[COPYUID \\d+ ${from} 1:${DONE}\\] moved$`));
    expect(numbers(lines, EXPUNGED).toSorted((a, b) => a - b)).toEqual(upTo(DONE).map((at) => first - 1 + at));
    expect(numbers(await other.ok('NOOP'), EXPUNGED)).toHaveLength(DONE);
    expect(await talk.ok('STATUS Archive (MESSAGES)')).toEqual([`* STATUS Archive (MESSAGES ${DONE})`]);
    // The rest is where it was, and goes when it is asked for again.
    const again = await talk.ok('MOVE 1:* Archive');
    expect(numbers(again, EXPUNGED)).toHaveLength(MESSAGES - DONE);
  });

  test('MOVE of which nothing is done has no COPYUID', async () => {
    const box = await fullBox();
    const talk = await session(box);
    const lines = await failing('folder_message', 'new.uid = 1', () => talk.say('MOVE 1:* Archive'));
    expect(lines).toEqual([UNAVAILABLE]);
    expect(await talk.ok('NOOP')).toEqual([]);
  });

  test.for(['EXPUNGE', 'UID EXPUNGE 1:*'])('%s', async (command) => {
    const box = await fullBox();
    const talk = await session(box);
    const other = await session(box);
    await talk.ok('STORE 1:* +FLAGS.SILENT (\\Deleted)');
    await other.ok('NOOP');
    const lines = await failing('tombstone', `new.uid = ${DONE + 1}`, () => talk.say(command));
    expect(lines.pop()).toBe(UNAVAILABLE);
    expect(numbers(lines, EXPUNGED)).toHaveLength(DONE);
    expect(numbers(await other.ok('NOOP'), EXPUNGED)).toHaveLength(DONE);
    expect(numbers(await talk.ok(command), EXPUNGED)).toHaveLength(MESSAGES - DONE);
  });

  test.for(['STORE 1:* +FLAGS (\\Answered)', 'UID STORE 1:* +FLAGS (Work)'])('%s', async (command) => {
    const box = await fullBox();
    const talk = await session(box);
    const lines = await failing('folder_message', `new.uid = ${DONE + 1} and new.modseq > 1`, () => talk.say(command));
    expect(lines.pop()).toBe(UNAVAILABLE);
    expect(numbers(lines, /^\* (\d+) FETCH /)).toEqual(upTo(DONE));
  });
});
