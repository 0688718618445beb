/** A database server for one test run: prints its URL, ends with its standard input. `node --conditions=source infra/test-postgres.ts FOLDER` */
// By path: the lib's door also opens Nest's decorators, which plain Node cannot read.
import { startEmbedded } from '../libs/runtime/src/embedded/start-embedded.ts';
import { acquireHouse } from '../libs/runtime/src/house-lock.ts';
import { silentLog } from '../libs/runtime/src/log.ts';

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('usage: test-postgres.ts FOLDER');
const lock = acquireHouse(folder);
if ('heldBy' in lock) throw new Error(`${folder} is held by process ${lock.heldBy}`);
const database = await startEmbedded(lock, silentLog());
process.stdout.write(`${database.url}\n`);
process.stdin.resume();
// The test run ended, however it ended.
process.stdin.once('end', () => {
  void database.stop().finally(() => {
    lock.release();
    process.exit(0);
  });
});
