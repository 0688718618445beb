/** RCPT TO judged by the whole way that mail for an address would go: aliases are followed to where they end. */
import { showAddress, type CanonicalAddress } from './address.ts';
import { MAX_DELIVERIES, MAX_EXPANSION_DEPTH } from './delivery.ts';
import { MAX_EXPANSION, type ExpansionWorld } from './expand.ts';
import {
  judgeObstacle,
  judgeRecipient,
  obstacleOf,
  roomIn,
  type Obstacle,
  type RecipientVerdict,
} from './recipient-policy.ts';
import type { MailboxId } from './ids.ts';
import { resolve, type Resolution, type Target } from './resolution.ts';

/** Addresses that RCPT looks up behind the first one: a web of aliases that takes more to judge is taken, and expansion finds out. */
export const MAX_WAY = 100;
/** Addresses in one look-up. */
const SLICE = 20;

/** Ends at the first place that takes the mail: the usual alias costs one look-up more, and one that names mailboxes none. */
type Way = { readonly room: number; readonly places: number | undefined } | { readonly obstacle: Obstacle };

/**
 * As `judgeRecipient`, and no alias is accepted all of whose ways are circles or dead ends. `room`: octets that the place found takes. `places`
 * are known where all ways were seen, which is not asked for. Rejects only when `lookup` does.
 */
export async function judgeWay(
  address: CanonicalAddress,
  resolution: Resolution,
  { octets, accepted }: { readonly octets: number; readonly accepted: number },
  world: ExpansionWorld,
): Promise<RecipientVerdict> {
  const verdict = judgeRecipient(resolution, octets, accepted);
  if (!verdict.accept || verdict.disposition.kind !== 'expand' || resolution.kind !== 'row') return verdict;
  const way = await follow(address, resolution.row.targets, octets, world);
  return 'obstacle' in way ? judgeObstacle(resolution, way.obstacle) : { ...verdict, ...way };
}

/**
 * An address that leads to more places than an expansion follows could only be held: it is refused. One that would make the message more
 * rows than it may have goes with another message.
 * @param places counted, where `verdict` does not know them
 * @param before rows of the message, with those that its recipients so far are expanded to
 */
export function judgePlaces(
  verdict: Extract<RecipientVerdict, { accept: true }>,
  resolution: Resolution,
  places: number,
  before: number,
): RecipientVerdict {
  // The address itself is one of those that are met.
  if (places >= MAX_EXPANSION && resolution.kind === 'row') return judgeObstacle(resolution, 'too-many-places');
  if (before > 0 && before + 1 + places > MAX_DELIVERIES) return { accept: false, refusal: 'too-many-recipients' };
  return { ...verdict, places };
}

/** Whether mail that takes this way ends anywhere at all, be it full or disabled now. */
export async function leadsNowhere(
  address: CanonicalAddress,
  targets: readonly Target[],
  world: ExpansionWorld,
): Promise<boolean> {
  const way = await follow(address, targets, 0, world);
  return 'obstacle' in way && way.obstacle === 'no-such-user';
}

async function follow(
  address: CanonicalAddress,
  targets: readonly Target[],
  octets: number,
  world: ExpansionWorld,
): Promise<Way> {
  const walk = new Walk(world.parse, octets);
  walk.seen.add(showAddress(address));
  walk.meet(targets);
  for (let depth = 1, looked = 0; !walk.found && walk.level.length > 0; depth++) {
    const level = walk.nextLevel();
    if (depth > MAX_EXPANSION_DEPTH) break;
    for (let first = 0; first < level.length && !walk.found; first += SLICE) {
      const slice = level.slice(first, first + SLICE);
      looked += slice.length;
      if (looked > MAX_WAY) return { room: Infinity, places: undefined };
      const facts = await world.lookup(slice);
      for (const [at, next] of slice.entries()) walk.judge(resolve(next, facts[at] ?? { domain: undefined, rows: [] }));
      if (first + SLICE < level.length) walk.leave();
    }
  }
  return walk.way;
}

class Walk {
  readonly seen = new Set<string>();
  level: CanonicalAddress[] = [];
  found: { readonly room: number } | undefined;
  /** There are targets that nobody looked at, once one was found that takes the mail. */
  #hasMore = false;
  readonly #mailboxes = new Set<MailboxId>();
  readonly #parse: ExpansionWorld['parse'];
  readonly #octets: number;
  readonly #obstacles: Obstacle[] = [];

  constructor(parse: ExpansionWorld['parse'], octets: number) {
    this.#parse = parse;
    this.#octets = octets;
  }

  /** What may pass is said first; that all ways are circles is nobody there. */
  get obstacle(): Obstacle {
    return this.#obstacles.includes('over-quota') ? 'over-quota' : (this.#obstacles[0] ?? 'no-such-user');
  }

  get way(): Way {
    if (!this.found) return { obstacle: this.obstacle };
    // Without the address itself.
    const places = this.seen.size - 1 + this.#mailboxes.size;
    return { room: this.found.room, places: this.#hasMore || this.level.length > 0 ? undefined : places };
  }

  /** What is left of a level is not looked at where one was found that takes the mail. */
  leave(): void {
    if (this.found) this.#hasMore = true;
  }

  nextLevel(): CanonicalAddress[] {
    const { level } = this;
    this.level = [];
    return level;
  }

  meet(targets: readonly Target[]): void {
    for (const target of targets) {
      if ('mailbox' in target) {
        this.#mailboxes.add(target.mailbox.id);
        if (this.found) continue;
        const obstacle = obstacleOf(target.mailbox, this.#octets);
        if (obstacle) this.#obstacles.push(obstacle);
        else this.found = { room: roomIn(target.mailbox) };
        continue;
      }
      if (this.found) {
        this.leave();
        continue;
      }
      const next = this.#parse(target.forwardPath);
      const key = next && showAddress(next);
      if (next && key !== undefined && !this.seen.has(key)) {
        this.seen.add(key);
        this.level.push(next);
      }
    }
  }

  judge(resolution: Resolution): void {
    switch (resolution.kind) {
      case 'row':
        this.meet(resolution.row.targets);
        break;
      case 'not-hosted':
      case 'postmaster':
        this.found ??= { room: Infinity };
        break;
      case 'domain-disabled':
        this.#obstacles.push('disabled');
        break;
      case 'no-such-user':
        this.#obstacles.push('no-such-user');
        break;
    }
  }
}
