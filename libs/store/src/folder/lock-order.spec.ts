/** Every pair of writers against each other on one mailbox, round after round: the lock order of locks.ts lets none of them wait in a circle. */
import { ALL_UIDS, FLAG, INBOX, ROOT_TENANT, type DirectoryScope, type DomainId } from '#domain';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PgDirectoryStore } from '../directory/pg-directory.store.ts';
import { PgMaildropStore } from '../maildrop/pg-maildrop.store.ts';
import { place, queueWorld, type QueueWorld } from '../queue/queue-fixture.spec-helper.ts';
import { message, named, range } from './folder-world.spec-helper.ts';
import { counters, fill, makeMailbox } from './mailboxes.spec-helper.ts';
import { orphans } from './orphans.spec-helper.ts';
import { PgFolderStore } from './pg-folder.store.ts';

const operator: DirectoryScope = { principal: ROOT_TENANT, tenant: 'default' };
const ROUNDS = 2;

let world: QueueWorld;
let one: Awaited<ReturnType<typeof makeMailbox>>;
let two: Awaited<ReturnType<typeof makeMailbox>>;
beforeAll(async () => {
  world = await queueWorld();
  [one, two] = [await makeMailbox(world.db.owner), await makeMailbox(world.db.owner)];
});
afterAll(() => world.db.drop());

/** Each on stores of its own, like a process of its own. */
function writers() {
  const folders = new PgFolderStore(world.db.as('posthouse_imap'));
  const maildrops = new PgMaildropStore(world.db.as('posthouse_pop3'));
  const directory = new PgDirectoryStore(world.db.as('posthouse_api'));
  const queue = world.anotherWorker();
  const { account, inbox } = one;
  const archive = named('Archive');
  const sessionId = account.mailboxId;
  const ofArchive = async () => (await folders.status(account, archive)) ?? inbox;
  const both = [one, two].map(({ account: { mailboxId }, domain, domainId }) => ({
    forwardPath: `a@${domain}`,
    mailboxId,
    domainId: domainId as DomainId,
  }));
  let turn = 0;
  const all: Readonly<Record<string, () => Promise<unknown>>> = {
    async delivery() {
      // Both mailboxes in one batch, in either order.
      await world.accept(turn++ % 2 ? both : both.toReversed());
      const { deliveries } = await world.claim(100, 60, queue);
      await queue.place(place(deliveries));
    },
    append: () => folders.append(account, INBOX, message({ flags: FLAG.deleted })),
    copy: () => folders.copy(inbox, range(1, 30), archive),
    copyBack: async () => folders.copy(await ofArchive(), range(1, 10), INBOX),
    move: () => folders.move(inbox, range(1, 1_000_000), archive),
    moveBack: async () => folders.move(await ofArchive(), ALL_UIDS, INBOX),
    store: () => folders.store(inbox, ALL_UIDS, { mode: 'add', flags: FLAG.seen | FLAG.deleted, keywords: ['$x'] }),
    expunge: async () => folders.expunge(await ofArchive(), ALL_UIDS),
    async quit() {
      const opened = await maildrops.open(account, sessionId, 60).catch(() => undefined);
      if (opened?.kind === 'open')
        await maildrops.expunge(account, inbox.folderId, sessionId, Array.from(opened.listing.uids.slice(0, 5)));
      await maildrops.release(account, sessionId);
    },
    async tree() {
      await folders.create(account, named(`t/${turn}`));
      await folders.rename(account, named('t'), named(`u${turn}`));
      await folders.delete(account, named(`u${turn++}`));
    },
    renameInbox: async () => {
      await folders.rename(account, INBOX, named('Old'));
      await folders.delete(account, named('Old'));
    },
    async subscribe() {
      await folders.subscribe(account, named('s'));
      await folders.unsubscribe(account, named('s'));
    },
    async removal() {
      // Whoever is second finds it removed or restored already.
      await directory.removeMailbox(operator, `a@${one.domain}`).catch(expected);
      await directory.restoreMailbox(operator, `a@${one.domain}`).catch(expected);
    },
    async addresses() {
      const change = { addAddresses: [`b@${two.domain}`], quotaMessages: 1_000_000 };
      await directory.setMailbox(operator, `a@${one.domain}`, change).catch(expected);
      await directory.setMailbox(operator, `a@${two.domain}`, { removeAddresses: [`b@${two.domain}`] }).catch(expected);
      await directory.addAlias(operator, `c@${two.domain}`, [`a@${one.domain}`]).catch(expected);
      await directory.removeAlias(operator, `c@${two.domain}`).catch(expected);
    },
    async sweeps() {
      await world.rows('select sweep_removed(10, 14)');
      await world.rows('select sweep_messages(100, 0, 0, 0)');
      await world.rows('select sweep_aged(100, 0, 0)');
    },
  };
  return all;
}

const expected = (error: unknown): void => {
  expect(String(error)).toMatch(
    /there is no|cannot be restored|does not exist|is an address|is an alias|is no address/,
  );
};

test('no pair of writers ever deadlocks, and the counters hold', { timeout: 180_000 }, async () => {
  const [left, right] = [writers(), writers()];
  const names = Object.keys(left);
  const rounds = async (write: (() => Promise<unknown>) | undefined): Promise<void> => {
    for (let round = 0; round < ROUNDS; round++) await write?.();
  };
  for (const [at, a] of names.entries()) {
    // Few enough for many rounds, enough for locks to overlap.
    await world.rows('delete from folder_message');
    await world.rows('update folder set messages = 0, unseen = 0, octets = 0, uidnext = 1');
    await world.rows('update mailbox_usage set octets = 0, messages = 0');
    await fill(world.db.owner, one.inbox, 40, { flags: FLAG.deleted });
    for (const b of names.slice(at)) {
      const ended = await Promise.allSettled([rounds(left[a]), rounds(right[b])]);
      const failed = ended.flatMap((end) => (end.status === 'rejected' ? [String(end.reason)] : []));
      expect(failed, `${a} with ${b}`).toEqual([]);
    }
  }
  const deadlocks = await world.rows<{ deadlocks: number }>(
    'select deadlocks::int from pg_stat_database where datname = current_database()',
  );
  expect(deadlocks).toEqual([{ deadlocks: 0 }]);
  for (const { account } of [one, two]) {
    const { kept, counted } = await counters(world.db.owner, account);
    expect(kept).toEqual(counted);
  }
  expect(await orphans(world.db.owner)).toEqual([]);
});
