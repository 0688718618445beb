import { domainToASCII } from 'node:url';
import {
  checkAddress,
  expand,
  hasRoom,
  parseAddress,
  resolve,
  ROOT_TENANT,
  showAddress,
  showId,
  type CanonicalAddress,
  type ExpansionNode,
} from '#domain';
import type { Command } from 'commander';
import { commonOptions, withHouse, type Context } from '../context.ts';
import { printJson } from '../listing.ts';
import type { OpenHouse } from '../open-house.ts';
import { table } from '../table.ts';

const NOT_SENT = 'another host: remote delivery is not part of this release: the message waits';

export function registerExplain(program: Command, context: Context): void {
  program
    .command('explain')
    .description('where would mail for this address go, and why')
    .argument('<address>')
    .action((given: string, _, command: Command) =>
      withHouse(context, async (house) => {
        const address = checkAddress(given, domainToASCII);
        const explained = await explain(house, address);
        if (commonOptions(command).json) printJson(context.terminal, explained);
        else for (const line of toLines(explained)) context.terminal.out(line);
      }),
    );
}

export interface Explanation {
  readonly address: string;
  /** What RCPT answers. */
  readonly outcome: string;
  readonly steps: readonly { readonly tried: string; readonly won: boolean; readonly why: string }[];
  /** Where accepted mail goes; nothing where it is refused. */
  readonly path: readonly { readonly depth: number; readonly address: string; readonly end: string }[];
}

/** The same pure functions as RCPT and delivery use, on the same facts. */
export async function explain({ directory }: OpenHouse, address: CanonicalAddress): Promise<Explanation> {
  const [facts = { domain: undefined, rows: [] }] = await directory.directoryFacts(ROOT_TENANT, [address]);
  const resolution = resolve(address, facts);
  const { nodes } = await expand(address, {
    lookup: (addresses) => directory.directoryFacts(ROOT_TENANT, addresses),
    parse: (path) => parseAddress(path, domainToASCII),
  });
  const outcome = outcomeOf(resolution.kind, nodes);
  return {
    address: showAddress(address),
    outcome,
    steps: resolution.steps.map(({ tried, won, why }) => ({ tried, won, why: withShownId(why) })),
    path: (isAccepted(outcome) ? nodes : []).map((node) => ({
      depth: node.depth,
      address: node.address,
      end: endOf(node),
    })),
  };
}

const UUIDS = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const withShownId = (text: string): string => text.replace(UUIDS, (uuid) => showId('mbx', uuid));

function outcomeOf(kind: string, nodes: readonly ExpansionNode[]): string {
  const [start] = nodes;
  switch (kind) {
    case 'not-hosted':
      return '550 5.7.1 refused: we do not host the domain';
    case 'domain-disabled':
      return '550 5.2.1 refused: the domain or its tenant is disabled';
    case 'no-such-user':
      return '550 5.1.1 refused: no such user';
    case 'postmaster':
      return '250 accepted and held for the operator: postmaster has no mailbox';
    default:
      break;
  }
  if (start?.outcome === 'dead-end')
    return start.why === 'the mailbox is disabled'
      ? '550 5.2.1 refused: the mailbox is disabled'
      : '550 5.1.1 refused: no such user';
  if (start?.mailbox && !hasRoom(start.mailbox, 0)) return '452 4.2.2 refused for now: the mailbox is full';
  return start?.outcome === 'expanded' ? '250 accepted, and expanded at delivery' : '250 accepted';
}

const isAccepted = (outcome: string): boolean => outcome.startsWith('250');

function endOf({ outcome, mailbox, why }: ExpansionNode): string {
  switch (outcome) {
    case 'expanded':
      return 'leads on to:';
    case 'seen':
      return mailbox
        ? `mailbox ${showId('mbx', mailbox.id)}, by another way already: one copy`
        : 'followed already: not again';
    case 'remote':
      return NOT_SENT;
    case 'dead-end':
      return `held: ${why ?? ''}`;
    case 'mailbox':
      return mailbox
        ? `mailbox ${showId('mbx', mailbox.id)}${mailbox.state === 'no-login' ? ' (no login)' : ''}${hasRoom(mailbox, 0) ? '' : ', full: waits'}`
        : '';
  }
}

function toLines({ address, outcome, steps, path }: Explanation): string[] {
  const tried = table(
    ['TRIED', 'RESULT', 'WHY'],
    steps.map((step) => [step.tried, step.won ? 'found' : 'no', step.why]),
  );
  const ways = path.map(({ depth, address: shown, end }) => `${'  '.repeat(depth)}${shown}: ${end}`);
  return [...tried, '', `${address}: ${outcome}`, ...ways];
}
