import { INBOX, showId, showPackedId, type Account, type FolderName } from '#domain';
import { freshDatabase, type FreshDatabase } from '#testing';
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fill, makeMailbox } from '../folder/mailboxes.spec-helper.ts';
import { PgFolderStore } from '../folder/pg-folder.store.ts';
import { PgMaildropStore } from './pg-maildrop.store.ts';
import { PackedUidls } from './uidls.ts';

const uuid = fc.uuid();
const pack = (...ids: string[]): Buffer => Buffer.from(ids.join('').replaceAll('-', ''), 'hex');

describe('made of packed ids', () => {
  test('a packed id is shown as the id itself is', () => {
    fc.assert(
      fc.property(uuid, uuid, (before, id) => {
        expect(showPackedId('msg', pack(before, id), 16)).toBe(showId('msg', id));
      }),
    );
  });

  test('every one is a unique-id: RFC 1939 7', () => {
    fc.assert(
      fc.property(fc.uniqueArray(uuid, { minLength: 1, maxLength: 20 }), fc.maxSafeNat(), (ids, copy) => {
        const number = Buffer.alloc(12);
        number.writeUInt32BE(ids.length + 1, 0);
        number.writeBigInt64BE(BigInt(copy), 4);
        const uidls = new PackedUidls({ ids: pack(...ids, ids[0] ?? ''), copies: number, imported: null });
        const all = Array.from({ length: ids.length + 1 }, (_, at) => uidls.of(at + 1));
        expect(new Set(all).size).toBe(all.length);
        for (const one of all) expect(one).toMatch(/^[!-~]{1,70}$/);
      }),
    );
  });

  test('imported ones that can be shown are, and of equal ones the first', () => {
    const long = 'x'.repeat(71);
    const imported = ['ok', '', long, 'with space', 'ok', '99.7', 'é', '__proto__', long.slice(1), 'a\u0000'];
    const ids = imported.map(() => randomUUID());
    const uidls = new PackedUidls({
      ids: pack(...ids),
      copies: null,
      imported: imported.map((one, at) => [at + 1, one]),
    });
    const own = (at: number): string => showId('msg', ids[at] ?? '');
    expect(imported.map((_, at) => uidls.of(at + 1))).toEqual([
      'ok', own(1), own(2), own(3), own(4), '99.7', own(6), '__proto__', long.slice(1), own(9),
    ]); // prettier-ignore
  });

  test('an imported one from another house like this stays; one that is the default of another message here does not', () => {
    const [a, b, elsewhere] = [randomUUID(), randomUUID(), randomUUID()];
    const shown = [a, b, elsewhere].map((id) => showId('msg', id));
    const of = (...imported: [number, string][]): string[] => {
      const uidls = new PackedUidls({ ids: pack(a, b), copies: null, imported });
      return [1, 2].map((number) => uidls.of(number));
    };
    expect(of([1, shown[2] ?? ''])).toEqual([shown[2], shown[1]]);
    expect(of([1, shown[0] ?? ''])).toEqual([shown[0], shown[1]]);
    expect(of([1, shown[1] ?? ''])).toEqual([shown[0], shown[1]]);
    expect(of([1, shown[1] ?? ''], [2, 'x'])).toEqual([shown[0], 'x']);
  });
});

describe('in a mailbox', () => {
  let db: FreshDatabase;
  let folders: PgFolderStore;
  let maildrops: PgMaildropStore;
  beforeAll(async () => {
    db = await freshDatabase();
    folders = new PgFolderStore(db.as('posthouse_imap'));
    maildrops = new PgMaildropStore(db.as('posthouse_pop3'));
  });
  afterAll(() => db.drop());

  const ARCHIVE = 'Archive' as FolderName;
  /** Unique-id to message id, in the order of the maildrop. */
  async function listed(account: Account): Promise<Map<string, string>> {
    const session = randomUUID();
    const opening = await maildrops.open(account, session, 60);
    if (opening.kind !== 'open') throw new Error(opening.kind);
    await maildrops.release(account, session);
    const { rows } = await db.owner.query<{ uid: number; message_id: string }>(
      'select uid, message_id from folder_message where folder_id = $1 order by uid',
      [opening.listing.folderId],
    );
    const found = new Map(rows.map(({ message_id }, at) => [opening.listing.uidls.of(at + 1), message_id]));
    expect(found.size).toBe(rows.length);
    return found;
  }
  async function folderOf(account: Account, name: FolderName) {
    const { rows } = await db.owner.query('select id from folder where mailbox_id = $1 and name = $2', [
      account.mailboxId,
      name,
    ]);
    return { ...account, folderId: rows[0].id };
  }
  const all = [{ first: 1, last: 4_294_967_295 }];

  test('a move away and back keeps them, imported ones too, and so does a UIDVALIDITY that rises', async () => {
    const { account, inbox } = await makeMailbox(db.owner);
    await fill(db.owner, inbox, 2);
    await fill(db.owner, inbox, 1, { uidl: 'old-server-17' });
    await folders.copy(inbox, [{ first: 1, last: 1 }], INBOX);
    const before = await listed(account);
    expect(before.size).toBe(4);
    await folders.move(inbox, all, ARCHIVE);
    expect((await listed(account)).size).toBe(0);
    await folders.move(await folderOf(account, ARCHIVE), all, INBOX);
    await db.owner.query('update folder set uidvalidity = uidvalidity + 1000 where mailbox_id = $1', [
      account.mailboxId,
    ]);
    expect(await listed(account)).toEqual(before);
  });

  test('a copy has its own, also of an imported message, and the original keeps its own', async () => {
    const { account, inbox } = await makeMailbox(db.owner);
    await fill(db.owner, inbox, 1, { uidl: 'old-server-17' });
    await folders.copy(inbox, all, INBOX);
    await folders.copy(inbox, all, ARCHIVE);
    await folders.move(await folderOf(account, ARCHIVE), all, INBOX);
    const uidls = [...(await listed(account)).keys()];
    expect(uidls[0]).toBe('old-server-17');
    expect(uidls.length).toBe(4);
  });

  test('whatever is copied, moved and expunged, one unique-id never names two messages', async () => {
    const { account, inbox } = await makeMailbox(db.owner);
    const archive = await folderOf(account, ARCHIVE);
    const named = new Map<string, string>();
    const look = async (): Promise<void> => {
      for (const [uidl, message] of await listed(account)) {
        expect(named.get(uidl) ?? message).toBe(message);
        named.set(uidl, message);
      }
    };
    const step = fc.record({
      what: fc.constantFrom('deliver', 'copy', 'move', 'back'),
      first: fc.integer({ min: 1, max: 12 }),
      count: fc.integer({ min: 0, max: 5 }),
      into: fc.constantFrom(INBOX, ARCHIVE),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 8 }), async (steps) => {
        await fill(db.owner, inbox, 1);
        for (const { what, first, count, into } of steps) {
          const set = [{ first, last: first + count }];
          if (what === 'deliver') await fill(db.owner, inbox, 1);
          if (what === 'copy') await folders.copy(inbox, set, into);
          if (what === 'move') await folders.move(inbox, set, ARCHIVE);
          if (what === 'back') await folders.move(archive, all, INBOX);
        }
        await look();
      }),
      { numRuns: 12 },
    );
    await folders.move(archive, all, INBOX);
    await look();
    expect(named.size).toBeGreaterThanOrEqual(12);
  });
});
