/** Changes that come in parts: what is told, and from where the next look goes on. */
import {
  MAX_UID,
  type FolderChanges,
  type FolderId,
  type FolderName,
  type FolderState,
  type FolderStore,
  type MailboxId,
  type SyncPoint,
  type TenantId,
} from '#domain';
import { expect, test } from 'vitest';
import { Selected } from './selected.ts';

const OPENED: FolderState = {
  tenantId: 't' as TenantId,
  mailboxId: 'm' as MailboxId,
  folderId: 'f' as FolderId,
  name: 'INBOX' as FolderName,
  uidValidity: 1,
  uidNext: 11,
  highestModseq: 5,
  messages: 10,
  unseen: 0,
  octets: 0,
  recentFrom: 11,
  recent: 0,
  keywords: [],
};
const FLAGGED = 4;

interface Part {
  readonly point: readonly [modseq: number, uid: number];
  readonly changed?: readonly number[];
  readonly expunged?: readonly number[];
  readonly arrived?: readonly number[];
  readonly highest: number;
  readonly uidNext?: number;
}

const table = (uids: readonly number[], flags = FLAGGED) => ({
  uids: Uint32Array.from(uids),
  flags: Uint8Array.from(uids, () => flags),
  keywords: new Map<number, string[]>(),
});

/** A folder of messages 1 to 10 whose changes come in these parts; an error is a look that fails. */
function opened(...parts: readonly (Part | Error)[]) {
  const asked: SyncPoint[] = [];
  const left = [...parts];
  const store: Pick<FolderStore, 'changes' | 'snapshot' | 'takeRecent'> = {
    snapshot: () => Promise.resolve(Uint32Array.from({ length: OPENED.messages }, (_, at) => at + 1)),
    takeRecent: (_, uidNext) => Promise.resolve(uidNext),
    changes: (_, since): Promise<FolderChanges | undefined> => {
      asked.push(since);
      const part = left.shift();
      if (part instanceof Error) return Promise.reject(part);
      if (!part) return Promise.resolve(undefined);
      const [modseq, uid] = part.point;
      return Promise.resolve({
        point: { modseq, uid, uidNext: part.uidNext ?? OPENED.uidNext },
        highestModseq: part.highest,
        uidNext: part.uidNext ?? OPENED.uidNext,
        complete: uid === MAX_UID,
        arrived: Uint32Array.from(part.arrived ?? []),
        changed: table(part.changed ?? []),
        expunged: Uint32Array.from(part.expunged ?? []),
        keywords: undefined,
      });
    },
  };
  return { asked, selected: new Selected(store as FolderStore, OPENED, false) };
}

/** Message numbers of what the client is told now. */
const told = (selected: Selected): string[] =>
  selected
    .updates(true, false)
    .split('\r\n')
    .filter((line) => line !== '')
    .map((line) => line.replace(/^\* (\d+) (EXPUNGE|EXISTS|FETCH).*/, '$2 $1'));

test('each part is told before the next is read', async () => {
  const { selected, asked } = opened(
    { point: [6, 2], changed: [1, 2], arrived: [11], uidNext: 12, highest: 7 },
    { point: [7, 3], changed: [3], expunged: [1], highest: 7, uidNext: 12 },
    { point: [7, MAX_UID], changed: [4], highest: 7, uidNext: 12 },
  );
  selected.stale = true;
  expect([await selected.sync(), selected.behind, told(selected)]).toEqual([true, true, ['EXISTS 11', 'FETCH 1', 'FETCH 2']]); // prettier-ignore
  expect([await selected.sync(), selected.behind, told(selected)]).toEqual([true, true, ['EXPUNGE 1', 'FETCH 2']]);
  expect([await selected.sync(), selected.behind, told(selected)]).toEqual([true, false, ['FETCH 3']]);
  expect(selected.stale).toBe(false);
  expect(asked).toEqual([
    { modseq: 5, uid: MAX_UID, uidNext: 11 },
    { modseq: 6, uid: 2, uidNext: 12 },
    { modseq: 7, uid: 3, uidNext: 12 },
  ]);
});

test('a look that fails is done again from where the last one ended, when somebody asks', async () => {
  const { selected, asked } = opened(
    { point: [6, 2], changed: [1, 2], highest: 6 },
    new Error('away'),
    { point: [6, MAX_UID], changed: [3], highest: 6 },
  ); // prettier-ignore
  await selected.sync();
  expect(told(selected)).toEqual(['FETCH 1', 'FETCH 2']);
  await expect(selected.sync()).rejects.toThrow('away');
  // Or an idle session would ask a database that is away as fast as it can.
  expect([selected.behind, selected.stale]).toEqual([false, true]);
  await selected.sync();
  expect([selected.behind, selected.stale, told(selected)]).toEqual([false, false, ['FETCH 3']]);
  expect(asked[2]).toEqual(asked[1]);
});

test('what others change meanwhile does not keep an answer from its end', async () => {
  const { selected } = opened(
    { point: [6, 2], changed: [1, 2], highest: 6 },
    { point: [6, 4], changed: [3, 4], highest: 9 },
    { point: [7, 1], changed: [5, 1], highest: 12 },
    { point: [12, MAX_UID], changed: [2], highest: 12 },
  );
  const behind: boolean[] = [];
  for (let look = 0; look < 4; look++) {
    await selected.sync();
    behind.push(selected.behind);
    // It is not forgotten: the next command looks again.
    expect(selected.stale).toBe(look < 3);
  }
  expect(behind).toEqual([true, true, false, false]);
});

test('its own STORE while there is more to look at: nothing is passed over, and nothing older is told behind it', async () => {
  const { selected, asked } = opened(
    { point: [6, 2], changed: [1, 2], highest: 6 },
    { point: [7, MAX_UID], changed: [3, 2], highest: 7 },
  );
  await selected.sync();
  const own = { kind: 'stored', changed: 1, highestModseq: 7, keywords: undefined } as const;
  await selected.changedFlags({ ...own, table: table([2], 1) }, true);
  expect(asked).toHaveLength(1);
  expect(told(selected)).toEqual(['FETCH 1']);
  await selected.sync();
  expect(asked[1]).toMatchObject({ modseq: 6, uid: 2 });
  expect(told(selected).toSorted()).toEqual(['FETCH 2', 'FETCH 3']);
});

test('a folder that is gone', async () => {
  const { selected } = opened();
  expect(await selected.sync()).toBe(false);
});
