import { laneKind, MAX_TRACES, quoted, ROOT_TENANT, showId, type MessageTrace, type TracedDelivery } from '#domain';
import type { Command } from 'commander';
import { parseLimit } from '../arguments.ts';
import { commonOptions, withHouse, type Context } from '../context.ts';
import { CommandFailure, EXIT } from '../failure.ts';
import { printJson } from '../listing.ts';
import { REMOTE_WAITS } from '../other-hosts.ts';
import { facts, octets, table } from '../table.ts';

export function registerTrace(program: Command, context: Context): void {
  program
    .command('trace')
    .description('what happened to a message: its queue id, its Message-ID, or an address that sent or received')
    .argument('<reference>')
    .option('--limit <count>', `newest messages shown, at most ${MAX_TRACES}`, parseLimit(MAX_TRACES), MAX_TRACES)
    .action((reference: string, { limit }: { limit: number }, command: Command) =>
      withHouse(context, async ({ trace }) => {
        const traces = await trace.trace(ROOT_TENANT, reference, limit);
        if (traces.length === 0)
          throw new CommandFailure(
            EXIT.notFound,
            `nothing is known of ${quoted(reference)}: give a queue id (msg_..), a Message-ID or an address`,
          );
        for (const [at, found] of traces.entries()) {
          if (commonOptions(command).json) printJson(context.terminal, traceJson(found));
          else for (const line of [...(at > 0 ? [''] : []), ...traceLines(found)]) context.terminal.out(line);
        }
      }),
    );
}

const isWaitingRemote = ({ lane, state }: TracedDelivery): boolean =>
  laneKind(lane) === 'remote' && (state === 'queued' || state === 'leased');

export const traceJson = ({ tenant, messageId, message, deliveries, events }: MessageTrace) => ({
  id: showId('msg', messageId),
  tenant,
  ...message,
  deliveries: deliveries.map(({ mailboxId, mailbox, ...delivery }) => ({
    ...delivery,
    ...(mailboxId !== undefined && { mailbox: showId('mbx', mailboxId), mailboxAddress: mailbox }),
    ...(isWaitingRemote(delivery as TracedDelivery) && { note: REMOTE_WAITS }),
  })),
  events,
});

/** The timeline for people. */
export function traceLines({ tenant, messageId, message, deliveries, events }: MessageTrace): string[] {
  const head = facts([
    ['message', showId('msg', messageId)],
    ['tenant', tenant],
    ...(message
      ? ([
          ['from', message.reversePath === '' ? '<> (the null sender)' : message.reversePath],
          ['Message-ID', message.headerMessageId],
          ['came from', `${message.helo} [${message.remoteAddress}]`],
          ['received', message.receivedAt.toISOString()],
          ['size', octets(message.octets)],
          ['state', message.state],
        ] as const)
      : ([['state', 'refused: nothing of it was kept']] as const)),
  ]);
  const recipients = new Map(deliveries.map(({ ordinal, recipient }) => [ordinal, recipient]));
  const rows = table(
    ['#', 'RECIPIENT', 'MAILBOX', 'LANE', 'STATE', 'TRIES', 'NEXT TRY', 'REPLY'],
    deliveries.map((row) => [
      row.ordinal,
      row.parent === undefined
        ? row.recipient
        : `${row.recipient} (by ${recipients.get(row.parent) ?? `#${row.parent}`})`,
      row.mailbox,
      row.lane,
      row.state,
      row.attempt,
      row.nextAttemptAt?.toISOString(),
      row.reply,
    ]),
  );
  const timeline = events.map(({ at, kind, ordinal, detail }) => [
    at.toISOString(),
    kind,
    ...(ordinal === undefined ? [] : [`#${ordinal}`]),
    ...(detail === undefined ? [] : [detail]),
  ]);
  const width = Math.max(0, ...timeline.map(([, kind = '']) => kind.length));
  return [
    ...head,
    ...(deliveries.length > 0 ? ['', ...rows] : []),
    ...(deliveries.some(isWaitingRemote) ? [REMOTE_WAITS] : []),
    '',
    ...timeline.map(([at = '', kind = '', ...rest]) => `${at}  ${kind.padEnd(width)}  ${rest.join('  ')}`.trimEnd()),
  ];
}
