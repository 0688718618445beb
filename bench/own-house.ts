/** A house to measure: the built apps as processes of their own, over a database server of its own. */
import { cpus, loadavg } from 'node:os';
import { migrateBells } from '#queue';
import { migrate } from '#store';
import pg from 'pg';
import { CrashServer } from '../test/crash/crash-house.ts';
import { BuiltHouse, type BuiltOptions } from '../test/interop/built.ts';

export interface OwnHouse {
  readonly house: BuiltHouse;
  readonly ownerUrl: string;
  readonly owner: pg.Pool;
  stop(): Promise<void>;
}

/** `NODE_OPTIONS` of this process hold for the apps. */
export async function ownHouse({ settings = {}, ...options }: BuiltOptions = {}): Promise<OwnHouse> {
  const { NODE_OPTIONS } = process.env;
  const server = await CrashServer.start();
  const url = new URL(server.database.url);
  url.pathname = '/bench';
  const administrator = new pg.Client(server.database.url);
  await administrator.connect();
  await administrator.query(`create database bench encoding 'UTF8' template template0`);
  await administrator.end();
  await migrate(url.href, migrateBells);
  // The directory need not survive a crash: thousands of mailboxes without a wait for the disk.
  const owner = new pg.Pool({ connectionString: url.href, max: 4, options: '-c synchronous_commit=off' });
  const house = await BuiltHouse.over(
    { ownerUrl: url.href, owner },
    { ...options, settings: { ...settings, ...(NODE_OPTIONS === undefined ? {} : { NODE_OPTIONS }) } },
  );
  const stop = async (): Promise<void> => {
    await house.stop();
    await owner.end();
    await server.stop();
  };
  return { house, ownerUrl: url.href, owner, stop };
}

/** `key=value` arguments of the command line. */
export const given: ReadonlyMap<string, string> = new Map(
  process.argv.slice(2).map((argument) => argument.split('=', 2) as [string, string]),
);
export const numberOf = (name: string, usual: number): number => Number(given.get(name) ?? usual);

export const machine = (): string => `${cpus().length} cores, load ${loadavg()[0]?.toFixed(1)}`;
