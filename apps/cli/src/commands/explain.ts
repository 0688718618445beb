import { domainToASCII } from 'node:url';
import {
  canonicalLocal,
  checkAddress,
  expand,
  hasRoom,
  HOST_POSTMASTER,
  judgePlaces,
  judgeWay,
  MAX_EXPANSION,
  parseAddress,
  resolve,
  ROOT_TENANT,
  showAddress,
  showId,
  soleMailbox,
  TOO_MANY_TARGETS,
  type CanonicalAddress,
  type DirectoryStore,
  type ExpansionNode,
  type ExpansionWorld,
  type MailboxId,
  type RecipientVerdict,
  type Refusal,
  type Resolution,
} from '#domain';
import { BAD_FORWARD_PATH, parseForwardPath, showReply } from '#smtp';
import type { Command } from 'commander';
import { commonOptions, withHouse, type Context } from '../context.ts';
import { printJson } from '../listing.ts';
import type { OpenHouse } from '../open-house.ts';
import { REMOTE_WAITS } from '../other-hosts.ts';
import { table } from '../table.ts';

export function registerExplain(program: Command, context: Context): void {
  program
    .command('explain')
    .description('where would mail for this address go, and why')
    .argument('<address>')
    .action((given: string, _, command: Command) =>
      withHouse(context, async (house) => {
        const explained = await explain(house, given, context.config().hostname);
        if (commonOptions(command).json) printJson(context.terminal, explained);
        else for (const line of toLines(explained)) context.terminal.out(line);
      }),
    );
}

interface Explanation {
  readonly address: string;
  /** What RCPT answers. */
  readonly outcome: string;
  readonly steps: readonly { readonly tried: string; readonly won: boolean; readonly why: string }[];
  /** Where accepted mail goes, and where an alias leads that is refused. */
  readonly path: readonly { readonly depth: number; readonly address: string; readonly end: string }[];
}

/** The same pure functions as RCPT and delivery use, on the same facts. Throws DirectoryRefusal for what is no address. */
async function explain({ directory }: OpenHouse, given: string, hostname: string): Promise<Explanation> {
  const forwardPath = parseForwardPath(given, { utf8: true, toAscii: domainToASCII });
  if (forwardPath.kind === 'refused') {
    // Says more exactly than RCPT what is wrong with it, if it finds anything.
    if (forwardPath.reply === BAD_FORWARD_PATH) checkAddress(given, domainToASCII);
    return { address: given, outcome: showReply(forwardPath.reply), steps: [], path: [] };
  }
  const ofHost = forwardPath.kind === 'postmaster';
  const { local, domain } = ofHost ? { local: 'postmaster', domain: hostname } : forwardPath;
  const address: CanonicalAddress = { local: canonicalLocal(local), domain };
  const [facts = { domain: undefined, rows: [] }] = await directory.directoryFacts(ROOT_TENANT, [address]);
  const resolution = resolve(address, facts);
  const world: ExpansionWorld = {
    lookup: (addresses) => directory.directoryFacts(ROOT_TENANT, addresses),
    parse: (path) => parseAddress(path, domainToASCII),
  };
  const { nodes, tooMany } = await expand(address, world);
  const way = await judgeWay(address, resolution, { octets: 0, accepted: 0 }, world);
  const verdict = way.accept && tooMany ? judgePlaces(way, resolution, MAX_EXPANSION, 0) : way;
  const outcome = ofHost && resolution.kind === 'not-hosted' ? held(HOST_POSTMASTER) : outcomeOf(verdict, resolution);
  const isAccepted = outcome.startsWith('250');
  const path = isAccepted || isAlias(resolution) ? nodes : [];
  const name = await namesOf(directory, [
    ...mailboxesIn(resolution),
    ...path.flatMap(({ mailbox }) => mailbox?.id ?? []),
  ]);
  return {
    address: showAddress(address),
    outcome,
    steps: resolution.steps.map(({ tried, won, why }) => ({
      tried,
      won,
      why: why.replace(MAILBOX, (_, id: string) => `mailbox ${name(id)}`),
    })),
    path: path.map((node) => ({ depth: node.depth, address: node.address, end: endOf(node, isAccepted, name) })),
  };
}

/** As the steps speak of it. No forward-path can look so. */
const MAILBOX = /\bmailbox ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/g;

const mailboxesIn = ({ steps }: Resolution): string[] =>
  steps.flatMap(({ why }) => [...why.matchAll(MAILBOX)].map(([, id = '']) => id));

/** The first address of a mailbox; its id where it went meanwhile. */
async function namesOf(directory: DirectoryStore, ids: readonly string[]): Promise<(id: string) => string> {
  const names = await directory.mailboxNames(ROOT_TENANT, [...new Set(ids)] as MailboxId[]);
  return (id) => names.get(id as MailboxId) ?? showId('mbx', id);
}

const held = (reason: string): string => `250 accepted and held for the operator: ${reason}`;

/** What RCPT answers to a message of unknown size. */
function outcomeOf(verdict: RecipientVerdict, resolution: Resolution): string {
  if (!verdict.accept) return refusedFor(verdict.refusal, resolution);
  switch (verdict.disposition.kind) {
    case 'mailbox':
      return '250 accepted';
    case 'expand':
      return '250 accepted, and expanded at delivery';
    case 'hold':
      return held(verdict.disposition.reason);
  }
}

function refusedFor(refusal: Refusal, { kind }: Resolution): string {
  switch (refusal) {
    case 'relaying-denied':
      return '550 5.7.1 refused: we do not host the domain';
    case 'no-such-user':
      return '550 5.1.1 refused: no such user';
    case 'disabled':
      return `550 5.2.1 refused: the ${kind === 'row' ? 'mailbox' : 'domain or its tenant'} is disabled`;
    case 'over-quota':
      return '452 4.2.2 refused for now: the mailbox is full';
    case 'too-many-places':
      return `550 5.2.4 refused: ${TOO_MANY_TARGETS}`;
    case 'too-many-recipients':
      return '452 4.5.3 refused for now: too many recipients';
  }
}

/** Its way is shown also where it leads nowhere. */
const isAlias = (resolution: Resolution): boolean =>
  resolution.kind === 'row' && soleMailbox(resolution.row) === undefined;

function endOf({ outcome, mailbox, why }: ExpansionNode, accepted: boolean, name: (id: string) => string): string {
  switch (outcome) {
    case 'expanded':
      return 'leads on to:';
    case 'seen':
      return mailbox ? `mailbox ${name(mailbox.id)}, by another way already: one copy` : 'followed already: not again';
    case 'remote':
      return `another host: ${REMOTE_WAITS}`;
    case 'dead-end':
      return `${accepted ? 'held' : 'a dead end'}: ${why ?? ''}`;
    case 'mailbox':
      return mailbox
        ? `mailbox ${name(mailbox.id)}${mailbox.state === 'no-login' ? ' (no login)' : ''}${hasRoom(mailbox, 0) ? '' : ', full: waits'}`
        : '';
  }
}

function toLines({ address, outcome, steps, path }: Explanation): string[] {
  if (steps.length === 0) return [`${address}: ${outcome}`];
  const tried = table(
    ['TRIED', 'RESULT', 'WHY'],
    steps.map((step) => [step.tried, step.won ? 'found' : 'no', step.why]),
  );
  const ways = path.map(({ depth, address: shown, end }) => `${'  '.repeat(depth)}${shown}: ${end}`);
  return [...tried, '', `${address}: ${outcome}`, ...ways];
}
