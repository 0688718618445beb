import { acquireHouse, HouseLock } from './src/house-lock.ts';
import { startEmbedded } from './src/embedded/start-embedded.ts';
import { createLog } from './src/log.ts';
const h = acquireHouse(process.argv[2]!);
if (!(h instanceof HouseLock)) { console.log(h); process.exit(1); }
console.time('start');
const db = await startEmbedded(h, createLog({level:'info',format:'json'}));
console.timeEnd('start');
console.log(db.url);
if (process.argv[3]) await new Promise(r=>setTimeout(r,Number(process.argv[3])));
console.time('stop'); await db.stop(); console.timeEnd('stop'); h.release();
