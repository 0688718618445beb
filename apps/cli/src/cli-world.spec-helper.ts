/** Commands against a database of their own, as a person at a terminal sees them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freshDatabase, type FreshDatabase } from '#testing';
import { connectHouse } from './open-house.ts';
import { run } from './run.ts';
import { fakeTerminal } from './terminal.spec-helper.ts';

export interface Outcome {
  readonly code: number;
  readonly out: string[];
  readonly err: string[];
}

export interface CliWorld {
  readonly db: FreshDatabase;
  /** The data folder: a place for files. */
  readonly folder: string;
  posthouse(...args: string[]): Promise<Outcome>;
  /** The same; `input` is what standard input holds. */
  posthouseWith(input: string, ...args: string[]): Promise<Outcome>;
  drop(): Promise<void>;
}

/** A house whose tenant `default` has the domain example.org. */
export async function cliWorld(): Promise<CliWorld> {
  const db = await freshDatabase();
  const folder = await mkdtemp(join(tmpdir(), 'posthouse-cli-'));
  const posthouseWith = async (input: string, ...args: string[]): Promise<Outcome> => {
    const terminal = fakeTerminal(input, { POSTHOUSE_DATA_DIR: folder });
    const code = await run(args, terminal, { open: async () => connectHouse(db.ownerUrl) });
    return { code, out: terminal.printed, err: terminal.complained };
  };
  const posthouse = (...args: string[]): Promise<Outcome> => posthouseWith('', ...args);
  await posthouse('domain', 'add', 'example.org');
  return {
    db,
    folder,
    posthouse,
    posthouseWith,
    drop: async () => {
      await db.drop();
      await rm(folder, { recursive: true });
    },
  };
}
