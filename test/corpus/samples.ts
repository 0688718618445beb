import { brokenMime } from './families/broken.ts';
import { charsets } from './families/charsets.ts';
import { crypto } from './families/crypto.ts';
import { headers } from './families/headers.ts';
import { largeOnes } from './families/large.ts';
import { mime } from './families/mime.ts';
import { plain } from './families/plain.ts';
import { refusedOnes } from './families/refused.ts';
import { reports } from './families/reports.ts';
import type { Sample } from './sample.ts';

/** Every message of the corpus, in the order of the manifest. */
export const samples: readonly Sample[] = [
  ...plain,
  ...headers,
  ...charsets,
  ...mime,
  ...brokenMime,
  ...reports,
  ...crypto,
  ...largeOnes,
  ...refusedOnes,
];
