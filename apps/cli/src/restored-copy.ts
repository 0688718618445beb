/** A database folder that came from a backup, at its first start: nobody has to think of `posthouse restored` at three in the morning. */
import { forgetCopy, isCopy, type Log } from '#runtime';

/** Folders between two words of progress. */
const WORD_EVERY = 50_000;

/** Before anybody is served from it. Broken off, it is done whole by the next start. */
export async function finishRestore(cluster: string, ownerUrl: string, log: Log): Promise<void> {
  if (!isCopy(cluster)) return;
  log.warn({ cluster }, 'the database was restored from a backup: giving every folder a new UIDVALIDITY first');
  const { raiseUidValidities } = await import('#store');
  let said = 0;
  const folders = await raiseUidValidities(ownerUrl, {
    onProgress: (done) => {
      if (done - said < WORD_EVERY) return;
      said = done;
      log.info({ folders: done }, 'folders with a new UIDVALIDITY so far');
    },
  });
  await forgetCopy(cluster);
  log.warn({ folders }, 'restored: IMAP clients read their folders anew');
}
