/** MAIL and RCPT answered from facts: parses with #smtp, asks the directory, judges with #domain. No rule lives in a callback. */
import { domainToASCII } from 'node:url';
import {
  canonicalLocal,
  HOST_POSTMASTER,
  judgePlaces,
  judgeWay,
  parseAddress,
  MAX_RECIPIENTS,
  resolve,
  soleMailbox,
  ROOT_TENANT,
  showId,
  visible,
  type Basis,
  type CanonicalAddress,
  type ExpansionWorld,
  type Disposition,
  type IntakeStore,
  type MessageId,
  type RecipientVerdict,
  type Refusal,
  type Resolution,
} from '#domain';
import type { Log } from '#runtime';
import {
  checkMailParameters,
  checkRcptParameters,
  composeDeliveredTo,
  composeReturnPath,
  DISABLED,
  NO_SUCH_USER,
  OVER_QUOTA,
  OVER_WHOLE_QUOTA,
  OVERTAKEN,
  parseForwardPath,
  parsePathCommand,
  parseReversePath,
  RELAYING_DENIED,
  showReply,
  TEMPORARY_FAILURE,
  TOO_MANY_PLACES,
  TOO_MANY_RECIPIENTS,
  type ForwardPath,
  type RcptParameters,
  type Reply,
} from '#smtp';
import { newId } from '#store';
import type { RefusalNotes } from './refusal-notes.ts';
import { recipientKey, type AcceptedRecipient, type Peer, type Transaction } from './smtp-session.ts';

const REFUSALS: Readonly<Record<Refusal, Reply>> = {
  'relaying-denied': RELAYING_DENIED,
  'no-such-user': NO_SUCH_USER,
  disabled: DISABLED,
  'over-quota': OVER_QUOTA,
  'too-many-places': TOO_MANY_PLACES,
  'too-many-recipients': TOO_MANY_RECIPIENTS,
};

export interface JudgeOptions {
  /** Ours: where bare postmaster lives. */
  readonly hostname: string;
  readonly maxMessageOctets: number;
  readonly notes: RefusalNotes;
}

export class Judge {
  readonly #store: IntakeStore;
  readonly #log: Log;
  readonly #options: JudgeOptions;
  readonly #world: ExpansionWorld;

  constructor(store: IntakeStore, log: Log, options: JudgeOptions) {
    this.#store = store;
    this.#log = log;
    this.#options = options;
    this.#world = {
      lookup: (addresses) => store.directoryFacts(addresses),
      parse: (forwardPath) => parseAddress(forwardPath, domainToASCII),
    };
  }

  /** A transaction, or the reply that refuses it. */
  mail(command: string): Transaction | Reply {
    const parsed = parsePathCommand('MAIL FROM', command);
    if (parsed.kind === 'refused') return parsed.reply;
    const parameters = checkMailParameters(parsed.parameters, this.#options.maxMessageOctets);
    if (parameters.kind === 'refused') return parameters.reply;
    const reversePath = parseReversePath(parsed.path, { utf8: parameters.utf8, toAscii: domainToASCII });
    if (reversePath.kind === 'refused') return reversePath.reply;
    return {
      id: newId() as MessageId,
      reversePath,
      parameters,
      recipients: [],
      addresses: new Map(),
      accepted: 0,
      rows: 0,
      octets: 0,
      inIntake: false,
    };
  }

  /** An accepted recipient, or the reply that refuses it. Never rejects. */
  async rcpt(command: string, transaction: Transaction, peer: Peer): Promise<AcceptedRecipient | Reply> {
    const parsed = parsePathCommand('RCPT TO', command);
    if (parsed.kind === 'refused') return parsed.reply;
    const parameters = checkRcptParameters(parsed.parameters);
    if (parameters.kind === 'refused') return parameters.reply;
    const path = parseForwardPath(parsed.path, { utf8: transaction.parameters.utf8, toAscii: domainToASCII });
    const verdict =
      path.kind === 'refused' ? path.reply : await this.#judge(path, parsed.path, parameters, transaction);
    if ('code' in verdict) this.#note(verdict, parsed.path, transaction, peer);
    return verdict;
  }

  async #judge(
    path: ForwardPath,
    text: string,
    parameters: RcptParameters,
    transaction: Transaction,
  ): Promise<AcceptedRecipient | Reply> {
    if (transaction.accepted >= MAX_RECIPIENTS) return TOO_MANY_RECIPIENTS;
    // RFC 5321 4.5.1: postmaster without a domain is ours.
    const { local, domain } =
      path.kind === 'postmaster' ? { local: 'postmaster', domain: this.#options.hostname } : path;
    const known = transaction.addresses.get(recipientKey({ local, domain }));
    if (known) return known;
    const address: CanonicalAddress = { local: canonicalLocal(local), domain };
    try {
      const [facts] = await this.#store.directoryFacts([address]);
      if (!facts) return TEMPORARY_FAILURE;
      const common = {
        path: { local, domain },
        // Delivery looks the address up again, and bare postmaster is none.
        forwardPath: path.kind === 'postmaster' ? `${local}@${domain}` : text,
        notify: Array.isArray(parameters.notify) ? parameters.notify.join(',') : parameters.notify?.toString(),
        orcpt: parameters.orcpt && `${parameters.orcpt.type};${parameters.orcpt.address}`,
      };
      const resolution = resolve(address, facts);
      if (path.kind === 'postmaster' && resolution.kind === 'not-hosted') return { ...common, ...OPERATORS_POSTMASTER };
      const verdict = await this.#judgeWay(address, resolution, transaction);
      if (!verdict.accept) return REFUSALS[verdict.refusal];
      const { disposition } = verdict;
      return {
        ...common,
        basis: basisOf(resolution, disposition, address.local),
        tenantId: verdict.domain.tenantId,
        domainId: verdict.domain.id,
        mailboxId: disposition.kind === 'mailbox' ? disposition.mailboxId : undefined,
        hold: disposition.kind === 'hold' ? disposition.reason : undefined,
        room: verdict.room,
        places: verdict.places,
      };
    } catch (error) {
      // "Cannot tell" is never "does not exist".
      this.#log.error({ err: error, message: showId('msg', transaction.id) }, 'the directory did not answer RCPT');
      return TEMPORARY_FAILURE;
    }
  }

  /** To all the places that it leads to. */
  async #judgeWay(
    address: CanonicalAddress,
    resolution: Resolution,
    { parameters, accepted, rows }: Transaction,
  ): Promise<RecipientVerdict & { readonly places: number }> {
    const message = { octets: parameters.size ?? 0, accepted };
    const verdict = await judgeWay(address, resolution, message, this.#world);
    if (!verdict.accept) return { ...verdict, places: 0 };
    const places = verdict.places ?? (await this.#count(resolution));
    const judged = judgePlaces(verdict, resolution, places, rows);
    // What is held is expanded to nothing.
    return { ...judged, places: (judged.accept && judged.places) || 0 };
  }

  async #count(resolution: Resolution): Promise<number> {
    if (resolution.kind !== 'row') return 0;
    const { domain, row } = resolution;
    const { kind, local } = row;
    return this.#store.countPlaces({ tenantId: domain.tenantId, domainId: domain.id, kind, local });
  }

  /**
   * The answer to a message whose recipients the directory has overtaken since RCPT: for good where none of them would be taken now, else
   * for the whole of it to be tried again. Rejects when the directory does not answer.
   */
  async overtaken({ recipients, parameters }: Transaction): Promise<Reply> {
    const refusals = await this.#again(recipients, () => parameters.size ?? 0);
    const [first] = refusals;
    return first && refusals.length === recipients.length && refusals.every(isFinal) ? first : OVERTAKEN;
  }

  /**
   * The commit looks again at the row of the address book that won; where that leads on, RCPT had followed it, and so does this: the refusal
   * where an address leads nowhere now, else undefined. Rejects when the directory does not answer.
   */
  async ledAstray(transaction: Transaction): Promise<Reply | undefined> {
    const led = transaction.recipients.filter(({ basis, mailboxId }) => basis !== undefined && mailboxId === undefined);
    if (led.length === 0) return undefined;
    const refusals = await this.#again(led, () => 0);
    return refusals.some(isFinal) ? this.overtaken(transaction) : undefined;
  }

  /**
   * Behind the data the size is known, with what we put on top of it: the refusal where no recipient has room for it, else undefined. The
   * directory is asked again only where RCPT saw too little room for everybody. Rejects when it does not answer.
   * @param octets of the message as it would be stored
   */
  async withoutRoom({ reversePath, recipients }: Transaction, octets: number): Promise<Reply | undefined> {
    const returnPath = composeReturnPath(reversePath);
    const needed = ({ path }: AcceptedRecipient): number =>
      octets + Buffer.byteLength(returnPath + (composeDeliveredTo(path) ?? ''));
    if (recipients.some((recipient) => recipient.room >= needed(recipient))) return undefined;
    const refusals = await this.#again(recipients, needed);
    const [first] = refusals;
    if (!first || refusals.length < recipients.length) return undefined;
    return refusals.find(({ code }) => code < 500) ?? first;
  }

  /** What each of them would hear now that would hear a refusal. */
  async #again(
    recipients: readonly AcceptedRecipient[],
    octetsOf: (recipient: AcceptedRecipient) => number,
  ): Promise<Reply[]> {
    const addresses = recipients.map(({ path }) => ({ local: canonicalLocal(path.local), domain: path.domain }));
    const facts = await this.#store.directoryFacts(addresses);
    const refusals = await Promise.all(
      recipients.map(async (recipient, at) => {
        const [address, fact] = [addresses[at], facts[at]];
        if (recipient.domainId === undefined || !address || !fact) return [];
        const resolution = resolve(address, fact);
        const octets = octetsOf(recipient);
        const verdict = await judgeWay(address, resolution, { octets, accepted: 0 }, this.#world);
        if (verdict.accept) return [];
        const quota = resolution.kind === 'row' ? soleMailbox(resolution.row)?.quotaOctets : undefined;
        const never = verdict.refusal === 'over-quota' && quota !== undefined && octets > quota;
        return [never ? OVER_WHOLE_QUOTA : REFUSALS[verdict.refusal]];
      }),
    );
    return refusals.flat();
  }

  #note(verdict: Reply, forwardPath: string, transaction: Transaction, peer: Peer): void {
    const detail = `${showReply(verdict)} <${forwardPath}> from [${peer.remoteAddress}] ${peer.helo}`;
    this.#log.info(
      {
        message: showId('msg', transaction.id),
        remote: peer.remoteAddress,
        recipient: visible(forwardPath),
        code: verdict.code,
        status: verdict.status,
      },
      'recipient refused',
    );
    const event = { tenantId: ROOT_TENANT, messageId: transaction.id, kind: 'refused', detail };
    this.#options.notes.note(event, peer.remoteAddress);
  }
}

const isFinal = ({ code }: Reply): boolean => code >= 500;

/** Of mail that is held from birth no row is asked for: not even a removed one is a reason to refuse it. */
const basisOf = (resolution: Resolution, disposition: Disposition, local: string): Basis | undefined =>
  resolution.kind === 'row' && disposition.kind !== 'hold'
    ? { row: { kind: resolution.row.kind, local: resolution.row.local }, local }
    : undefined;

/** Mail for the host's own postmaster, where the host name is no hosted domain: kept for the operator under the root tenant. */
const OPERATORS_POSTMASTER = {
  tenantId: ROOT_TENANT,
  domainId: undefined,
  mailboxId: undefined,
  hold: HOST_POSTMASTER,
  room: Infinity,
  places: 0,
  basis: undefined,
} as const;
