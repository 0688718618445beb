/** `posthouse queue`: held and deferred mail, seen and freed. */
import {
  MAX_STUCK_PAGE,
  parseId,
  quoted,
  ROOT_TENANT,
  showId,
  type MessageId,
  type StuckDelivery,
  type StuckFilter,
} from '#domain';
import { Option, type Command } from 'commander';
import { confirm } from '../confirm.ts';
import { commonOptions, withHouse, type Context } from '../context.ts';
import { CommandFailure, EXIT, usage } from '../failure.ts';
import { printJson } from '../listing.ts';
import type { OpenHouse } from '../open-house.ts';
import { octets, table } from '../table.ts';

interface FilterOptions {
  readonly state?: StuckDelivery['state'];
  readonly recipient?: string;
  readonly reason?: string;
}

interface MoveOptions extends FilterOptions {
  readonly all?: boolean;
  readonly yes?: boolean;
}

const STATES = ['held', 'deferred'] as const;
type Verb = 'release' | 'discard';

export function registerQueue(program: Command, context: Context): void {
  const queue = program.command('queue').description('mail that does not go on: held, or put off to a later attempt');
  filtered(queue.command('list').description('held and deferred mail, and why')).action(
    (options: FilterOptions, command: Command) =>
      withHouse(context, async (house) => {
        let shown = 0;
        for await (const page of pages(house, filtersOf(command, [], options))) {
          print(context, command, page, shown === 0);
          shown += page.length;
        }
        if (shown === 0 && !commonOptions(command).json) context.terminal.err('nothing is held or put off');
      }),
  );
  registerMove(queue, context, 'release', 'let it go on: due at once, to wherever its address leads now');
  registerMove(queue, context, 'discard', 'drop it for good: nobody gets it, and nobody is told');
}

function registerMove(queue: Command, context: Context, verb: Verb, description: string): void {
  const move = filtered(queue.command(verb).description(description))
    .argument('[messages...]', 'msg_.. with all that is held or put off of it, or one delivery of it as msg_..#0')
    .option('--all', 'whatever the other options leave');
  if (verb === 'discard') move.option('--yes', 'do not ask');
  move.action((messages: string[], options: MoveOptions, command: Command) => {
    const filters = filtersOf(command, messages, options);
    const isBounded = messages.length > 0 || options.recipient !== undefined || options.reason !== undefined;
    if (!isBounded && options.all !== true) throw usage(`name the mail: msg_.., --recipient, --reason or --all`);
    return withHouse(context, async (house) => {
      const found = verb === 'discard' ? await weigh(house, filters) : undefined;
      if (found !== undefined && found.count > 0)
        await confirm(
          context.terminal,
          [`${found.count} deliveries of ${octets(found.octets)} are dropped for good; nobody is told`],
          options.yes === true,
        );
      let [seen, moved] = [0, 0];
      for await (const page of pages(house, filters)) {
        seen += page.length;
        moved += await house.heldMail[verb](ROOT_TENANT, page);
      }
      if (seen === 0) throw new CommandFailure(EXIT.notFound, 'nothing of the kind is held or put off');
      report(context, command, verb, moved, seen - moved);
    });
  });
}

const filtered = (command: Command): Command =>
  command
    .addOption(new Option('--state <state>', 'of one kind only').choices(STATES))
    .option('--recipient <address>', 'of this recipient, or of everybody at @domain')
    .option('--reason <text>', 'where the reason holds this text');

/** One for each state and message. Throws CommandFailure. */
function filtersOf(command: Command, messages: readonly string[], options: FilterOptions): StuckFilter[] {
  const { state, recipient, reason } = options;
  if (recipient === '' || reason === '') throw usage('--recipient and --reason are not to be empty');
  const root = rootOf(command);
  const tenant = root.getOptionValueSource('tenant') === 'cli' ? commonOptions(command).tenant : undefined;
  const states = state === undefined ? STATES : [state];
  const keys = messages.length === 0 ? [{}] : messages.map(keyOf);
  return keys.flatMap((key) => states.map((one) => ({ state: one, tenant, recipient, reason, ...key })));
}

const rootOf = (command: Command): Command => (command.parent === null ? command : rootOf(command.parent));

function keyOf(text: string): { readonly messageId: MessageId; readonly ordinal?: number } {
  const [, shown = '', number] = /^([^#]+)(?:#(\d{1,6}))?$/.exec(text) ?? [];
  const messageId = parseId('msg', shown) as MessageId | undefined;
  if (messageId === undefined)
    throw usage(`${quoted(text)} is no message: give msg_.., or msg_..#0 as the list shows it`);
  return { messageId, ...(number !== undefined && { ordinal: Number(number) }) };
}

async function* pages({ heldMail }: OpenHouse, filters: readonly StuckFilter[]): AsyncGenerator<StuckDelivery[]> {
  for (const filter of filters) {
    let page: StuckDelivery[] = [];
    do {
      page = await heldMail.list(ROOT_TENANT, filter, page.at(-1));
      if (page.length > 0) yield page;
    } while (page.length === MAX_STUCK_PAGE);
  }
}

async function weigh(house: OpenHouse, filters: readonly StuckFilter[]): Promise<{ count: number; octets: number }> {
  let [count, size] = [0, 0];
  for await (const page of pages(house, filters)) {
    count += page.length;
    size += page.reduce((sum, delivery) => sum + delivery.octets, 0);
  }
  return { count, octets: size };
}

const nameOf = ({ messageId, ordinal }: StuckDelivery): string => `${showId('msg', messageId)}#${ordinal}`;

function print({ terminal }: Context, command: Command, page: readonly StuckDelivery[], isFirst: boolean): void {
  if (commonOptions(command).json) {
    for (const delivery of page) printJson(terminal, toJson(delivery));
    return;
  }
  const rows = page.map((delivery) => [
    nameOf(delivery),
    delivery.state,
    delivery.queuedAt.toISOString(),
    octets(delivery.octets),
    delivery.reversePath === '' ? '<>' : delivery.reversePath,
    delivery.recipient,
    [delivery.reason, delivery.nextAttemptAt && `again at ${delivery.nextAttemptAt.toISOString()}`]
      .filter((part) => part !== undefined)
      .join('; '),
  ]);
  const lines = table(['MESSAGE', 'STATE', 'SINCE', 'SIZE', 'FROM', 'TO', 'WHY'], rows);
  for (const line of isFirst ? lines : lines.slice(1)) terminal.out(line);
}

const toJson = ({ messageId, queuedAt, nextAttemptAt, ...rest }: StuckDelivery) => ({
  id: showId('msg', messageId),
  ...rest,
  tenantId: undefined,
  queuedAt: queuedAt.toISOString(),
  nextAttemptAt: nextAttemptAt?.toISOString(),
});

function report({ terminal }: Context, command: Command, verb: Verb, moved: number, passed: number): void {
  const done = verb === 'release' ? 'released' : 'discarded';
  if (commonOptions(command).json) return printJson(terminal, { [done]: moved, passed });
  terminal.out(
    `${moved} ${done}${passed === 0 ? '' : `; ${passed} passed by, since they moved meanwhile or are in a worker's hands`}`,
  );
}
