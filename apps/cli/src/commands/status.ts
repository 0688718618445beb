import { ROOT_TENANT, type HouseStatistics } from '#domain';
import { findDatabase, houseHolder, maskUrl, readHouse, type Config } from '#runtime';
import type { Command } from 'commander';
import { commonOptions, withHouse, type Context } from '../context.ts';
import { EXIT } from '../failure.ts';
import { printJson } from '../listing.ts';
import { noHouseHere } from '../open-house.ts';
import { duration, facts, table } from '../table.ts';

export function registerStatus(program: Command, context: Context): void {
  program
    .command('status')
    .description('is the house running, where does it listen, what waits in its queue')
    .action(async (_, command: Command) => {
      const { terminal } = context;
      const config = context.config();
      const house = readHouse(config.dataDir);
      const record = house?.running ? house.record : undefined;
      const url = findDatabase(config);
      if (url === undefined) context.exitCode = EXIT.unreachable;
      const statistics =
        url === undefined ? undefined : await withHouse(context, ({ trace }) => trace.statistics(ROOT_TENANT));
      const status = {
        running: record !== undefined,
        dataDir: config.dataDir,
        pid: record?.pid,
        startedAt: record?.startedAt,
        listeners: record?.listeners,
        database: url === undefined ? undefined : maskUrl(url),
        ...statistics,
      };
      if (commonOptions(command).json) return printJson(terminal, status);
      const lines = facts([
        ['house', record ? `running as process ${record.pid} since ${record.startedAt}` : whyNotRunning(config)],
        ...Object.entries(record?.listeners ?? {}).map(
          ([name, port]) => [name, `${config.bind} port ${port}`] as const,
        ),
        ...(status.database === undefined ? [] : [['database', status.database] as const]),
      ]);
      for (const line of [...lines, ...(statistics ? statisticsLines(statistics) : [])]) terminal.out(line);
      return undefined;
    });
}

function whyNotRunning(config: Config): string {
  const { dataDir } = config;
  const holder = houseHolder(dataDir);
  if (holder?.purpose === 'house') return `process ${holder.heldBy} is starting it`;
  return noHouseHere(config) ?? `not running in ${dataDir}: start it with posthouse up`;
}

function statisticsLines({
  queue,
  tenants,
  domains,
  mailboxes,
  messages,
  heldForPostmaster,
}: HouseStatistics): string[] {
  const counts = facts([
    ['tenants', tenants],
    ['domains', domains],
    ['mailboxes', mailboxes],
    ['messages', messages],
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
