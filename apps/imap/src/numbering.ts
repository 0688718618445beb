import type { FolderView } from '#imap';

/** Message numbers of rising UIDs: mostly the next one, which is found without a search. */
export function numbering(view: FolderView): (uid: number) => number | undefined {
  let last = 0;
  return (uid) => {
    const seq = view.uidOf(last + 1) === uid ? last + 1 : view.seqOf(uid);
    if (seq !== undefined) last = seq;
    return seq;
  };
}
