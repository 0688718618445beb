/** argon2id hashes as PHC strings. */
import { randomBytes } from 'node:crypto';
import { argon2id, hash, needsRehash, verify } from 'argon2';

/** OWASP's choice for argon2id: 19 MiB (in KiB), 2 passes, 1 lane. */
export const ARGON2 = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

const SCHEME = '$argon2id$';

export const hashPassword = (password: string | Buffer): Promise<string> =>
  hash(password, { type: argon2id, ...ARGON2 });

/** Whether `verifyPassword` can say anything about this hash. */
export const isKnownScheme = (phc: string): boolean => phc.startsWith(SCHEME);

/** Rejects when the hash is damaged. */
export const verifyPassword = (phc: string, password: Buffer): Promise<boolean> => verify(phc, password);

/** Made with other parameters than ours. */
export const isOutdated = (phc: string): boolean => needsRehash(phc, ARGON2);

let dummy: Promise<string> | undefined;

/** What an unknown user's password is compared with, so that it costs what a wrong one costs. Nobody knows its password. */
export const dummyHash = (): Promise<string> => (dummy ??= hashPassword(randomBytes(32)));
