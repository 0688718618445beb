/** Under which account the database runs. PostgreSQL refuses to run as root. */
import { readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { EmbeddedError } from './embedded-error.ts';

export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** Tried in this order when started as root; every Linux has the last one. */
export const ACCOUNTS = ['posthouse', 'postgres', 'nobody'] as const;

interface PasswdLine extends Account {
  readonly home: string;
}

function passwd(): PasswdLine[] {
  return readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .flatMap(([name, , uid, gid, , home]) =>
      name !== undefined && uid !== undefined ? [{ name, uid: Number(uid), gid: Number(gid), home: home ?? '' }] : [],
    );
}

/** The account to change to; undefined when this process is no root and so stays what it is. Throws EmbeddedError when there is none. */
export function unprivilegedAccount(names: readonly string[] = ACCOUNTS): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const known = passwd();
  const found = names.map((wanted) => known.find(({ name, uid }) => name === wanted && uid !== 0)).find(Boolean);
  if (found) return { name: found.name, uid: found.uid, gid: found.gid };
  throw new EmbeddedError(
    `PostgreSQL does not run as root, and none of the users ${names.join(', ')} exists: add one (useradd --system posthouse), start as an ordinary user, or set POSTHOUSE_DATABASE_URL`,
  );
}

/** The account that owns a cluster made earlier; it goes on running as that one. Undefined when that is this process's own. */
export function ownerOf(cluster: string): Account | undefined {
  const { uid, gid } = statSync(cluster);
  const own = process.getuid?.();
  if (own === undefined || uid === own) {
    if (uid !== 0) return undefined;
    throw new EmbeddedError(
      `the database folder ${cluster} belongs to root, and PostgreSQL does not run as root: chown -R it to the user that made it`,
    );
  }
  const name = passwd().find((line) => line.uid === uid)?.name ?? String(uid);
  if (own === 0) return { name, uid, gid };
  throw new EmbeddedError(
    `the database folder ${cluster} belongs to ${name}: start the house as ${name} or as root, or set POSTHOUSE_DATA_DIR to another folder`,
  );
}

/** Whether the account can reach what is in `folder`: search permission on it and on every folder above. */
export function canEnter(folder: string, account: Account): boolean {
  const { mode, uid, gid } = statSync(folder);
  const search = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001;
  if ((mode & search) === 0) return false;
  const parent = dirname(folder);
  return parent === folder || canEnter(parent, account);
}
