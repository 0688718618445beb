/** The maildrop a session holds: what the store knows of it beside what the session machine does. */
import type { Account, FolderId, MaildropListing } from '#domain';
import { compactMaildrop, type Maildrop } from '#pop3';

export interface OpenDrop {
  readonly account: Account;
  /** Names the lease. */
  readonly sessionId: string;
  readonly folderId: FolderId;
  /** Message n is at index n - 1. */
  readonly uids: Uint32Array;
  readonly drop: Maildrop;
}

export function openDrop(account: Account, sessionId: string, listing: MaildropListing): OpenDrop {
  const { folderId, uids, octets: sizes, uidls } = listing;
  const drop = compactMaildrop({ sizes, uidlOf: (number) => uidls.of(number) });
  return { account, sessionId, folderId, uids, drop };
}

/** UIDs of message numbers. */
export const uidsOf = ({ uids }: OpenDrop, numbers: readonly number[]): number[] =>
  numbers.map((number) => uids[number - 1] ?? 0);
