import type { HouseStatistics } from '#domain';
import { findDatabase, houseHolder, maskUrl, readHouse, type Config, type HouseRecord } from '#runtime';
import type { Command } from 'commander';
import { appsBeside, NOT_LISTED } from '../apps-beside.ts';
import { commonOptions, withHouse, type Context } from '../context.ts';
import { bindOf } from '../endpoints.ts';
import { EXIT } from '../failure.ts';
import { holderName } from '../house-database.ts';
import { printJson } from '../listing.ts';
import { noHouseHere } from '../open-house.ts';
import { removalsLine } from '../removals.ts';
import { duration, facts, table } from '../table.ts';

export function registerStatus(program: Command, context: Context): void {
  program
    .command('status')
    .description('is the house running, where does it listen, what waits in its queue')
    .action(async (_, command: Command) => {
      const status = await lookAt(context);
      if (!isServed(status)) context.exitCode = EXIT.unreachable;
      if (commonOptions(command).json) printJson(context.terminal, status);
      else for (const line of toLines(context.config(), status)) context.terminal.out(line);
    });
}

interface Status extends Partial<HouseStatistics> {
  readonly running: boolean;
  /** Only the database: apps are processes of their own. */
  readonly databaseAlone: boolean;
  /** Where it runs alone or is one by URL, and tells. */
  readonly connectedApps?: readonly string[];
  readonly dataDir: string;
  readonly pid?: number;
  readonly startedAt?: string;
  readonly listeners?: Readonly<Record<string, number>>;
  /** Its URL, the password masked; undefined: none to be had. */
  readonly database?: string;
}

async function lookAt(context: Context): Promise<Status> {
  const config = context.config();
  const { dataDir } = config;
  const house = readHouse(dataDir);
  const url = findDatabase(config);
  const databaseAlone = house?.running === true && houseHolder(dataDir)?.purpose === 'database';
  const mayHaveApps = databaseAlone || (house?.running !== true && config.database.url !== undefined);
  const apps = mayHaveApps ? await appsBeside(config) : undefined;
  return {
    running: house?.running === true,
    databaseAlone,
    ...(apps && { connectedApps: apps.map(({ name }) => name) }),
    dataDir,
    ...(house?.running && inProcess(house.record)),
    ...(url !== undefined && {
      database: maskUrl(url),
      ...(await withHouse(context, ({ trace }) => trace.statistics())),
    }),
  };
}

/** A database by URL is there whether anything of ours runs or not. */
const isServed = ({ running, database, connectedApps }: Status): boolean =>
  database !== undefined && (running || connectedApps?.length !== 0);

const inProcess = ({ pid, startedAt, listeners }: HouseRecord) => ({ pid, startedAt, listeners });

function toLines(config: Config, status: Status): string[] {
  const { connectedApps, listeners = {}, database } = status;
  const lines = facts([
    ['house', status.running ? howRunning(status) : whyNotRunning(config)],
    ...(connectedApps ? [['connected', connectedApps.join(', ') || 'no app'] as const] : []),
    ...Object.entries(listeners).map(([name, port]) => [name, `${bindOf(config, name)} port ${port}`] as const),
    ...(database === undefined ? [] : [['database', database] as const]),
  ]);
  return [...lines, ...statisticsLines(status)];
}

function howRunning({ pid, startedAt, databaseAlone }: Status): string {
  const since = `as process ${pid} since ${startedAt}`;
  return databaseAlone ? `the database runs alone, ${since}; ${NOT_LISTED}` : `running ${since}`;
}

function whyNotRunning(config: Config): string {
  const { dataDir } = config;
  const holder = houseHolder(dataDir);
  if (holder !== undefined && holder.purpose !== 'command')
    return holder.elsewhere === undefined ? `process ${holder.heldBy} is starting it` : `held by ${holderName(holder)}`;
  return (
    noHouseHere(config) ??
    `not running in ${dataDir}: start it with posthouse up${config.database.url === undefined ? '' : `; ${NOT_LISTED}`}`
  );
}

function statisticsLines(status: Status): string[] {
  const { queue, tenants, domains, mailboxes, messages, heldForPostmaster = 0, removals } = status;
  const removed = removals && removalsLine(removals);
  if (queue === undefined) return [];
  const counts = facts([
    ['tenants', tenants],
    ['domains', domains],
    ['mailboxes', mailboxes],
    ['messages', messages],
    ...(removed === undefined ? [] : [['removals', removed] as const]),
    ...(heldForPostmaster > 0
      ? [
          [
            'held',
            `${heldForPostmaster} for postmaster, who has no mailbox: posthouse alias add postmaster@.. you@..`,
          ] as const,
        ]
      : []),
  ]);
  const waiting = table(
    ['LANE', 'STATE', 'WAITING', 'OLDEST'],
    queue.map(({ lane, state, count, oldestSeconds }) => [lane, state, count, duration(oldestSeconds)]),
  );
  return [...counts, '', ...(queue.length === 0 ? ['nothing waits in the queue'] : waiting)];
}
