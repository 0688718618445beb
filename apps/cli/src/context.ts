/** What every command works with. */
import { ROOT_TENANT, type DirectoryScope } from '#domain';
import type { Config } from '#runtime';
import type { Command } from 'commander';
import type { OpenHouse } from './open-house.ts';
import type { Terminal } from './terminal.ts';

export interface Context {
  readonly terminal: Terminal;
  /** Read at first use, so that `--help` needs no sound environment. Throws ConfigError. */
  readonly config: () => Config;
  /** Finds the house, or starts its database for this command. The caller closes it. */
  readonly open: () => Promise<OpenHouse>;
  /** Answers are wanted as JSON; known even where the command line is wrong. */
  readonly json: boolean;
  /** Set by a command that did its work and found a difference. */
  exitCode: number;
}

export interface CommonOptions {
  readonly tenant: string;
  readonly json: boolean;
}

/** The options every command has, wherever they stand. */
export function commonOptions(command: Command): CommonOptions {
  const { tenant = 'default', json = false } = command.optsWithGlobals<Partial<CommonOptions>>();
  return { tenant, json };
}

/** The CLI is the operator. */
export const scopeOf = (command: Command): DirectoryScope => ({
  principal: ROOT_TENANT,
  tenant: commonOptions(command).tenant,
});

export async function withHouse<T>(context: Context, work: (house: OpenHouse) => Promise<T>): Promise<T> {
  const house = await context.open();
  try {
    return await work(house);
  } finally {
    await house.close();
  }
}
