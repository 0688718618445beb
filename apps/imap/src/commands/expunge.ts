/** EXPUNGE and UID EXPUNGE: RFC 3501 6.4.3, RFC 4315 2.1. */
import { ALL_UIDS } from '#domain';
import type { Command } from '#imap';
import type { Client } from '../client.ts';
import { ok, type Reply } from '../reply.ts';

const DONE = ok('expunged');

export async function expunge(client: Client, { uids }: Extract<Command, { name: 'EXPUNGE' }>): Promise<Reply> {
  const { selected } = client;
  const set = uids ? (await selected.view()).ranges(uids, true) : ALL_UIDS;
  if (set.length === 0) return DONE;
  try {
    const gone = await client.store.expunge(selected.ref, set);
    if (gone.uids.length === 0) return DONE;
  } catch (error) {
    // What went before it failed is gone.
    toldLater(client);
    throw error;
  }
  toldLater(client);
  return DONE;
}

/** What went is told like what others did. */
function toldLater(client: Client): void {
  client.ring();
  client.selected.stale = true;
}
