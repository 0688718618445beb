/** From the first octet of DATA to the reply: checks, digests and stores a message, small ones in a group, large ones in chunks. */
import {
  EXPAND_LANE,
  LOCAL_LANE,
  PendingGone,
  showId,
  type Doorbell,
  type IntakeEnvelope,
  type IntakeStore,
  type Lane,
} from '#domain';
import { digestOf } from '#imap';
import { MessageScanner } from '#message';
import type { Log, OctetBudget } from '#runtime';
import {
  composeReceived,
  LOOP,
  queuedAs,
  replyToViolation,
  showReply,
  TEMPORARY_FAILURE,
  TOO_BIG,
  type Reply,
} from '#smtp';
import { DataInspector, HeaderStart } from '#wire';
import type { Readable } from 'node:stream';
import { Body } from './body.ts';
import type { Judge } from './judge.ts';
import { findLoops } from './loop-check.ts';
import type { RefusalNotes } from './refusal-notes.ts';
import type { Peer, Transaction } from './smtp-session.ts';

const STORE_FAILED = 'a message could not be stored';
const BEEN_HERE = 'mail loop: the message has been delivered to this mailbox before';

export interface IntakeOptions {
  readonly hostname: string;
  readonly maxMessageOctets: number;
  /** For the bodies of all connections. */
  readonly bodies: OctetBudget;
  readonly notes: RefusalNotes;
  readonly judge: Pick<Judge, 'ledAstray' | 'overtaken' | 'withoutRoom'>;
}

export interface Received {
  readonly reply: Reply;
  /** The connection cannot be trusted after this. */
  readonly close: boolean;
}

export class Intake {
  readonly #store: IntakeStore;
  readonly #doorbell: Doorbell;
  readonly #log: Log;
  readonly #options: IntakeOptions;

  constructor(store: IntakeStore, doorbell: Doorbell, log: Log, options: IntakeOptions) {
    this.#store = store;
    this.#doorbell = doorbell;
    this.#log = log;
    this.#options = options;
  }

  /** Never rejects: whatever goes wrong here is a reply. */
  async receive(stream: Readable, transaction: Transaction, peer: Peer): Promise<Received> {
    const envelope = envelopeOf(transaction, peer);
    const body = new Body(this.#store, this.#options.bodies, envelope);
    try {
      const outcome = await this.#receive(stream, transaction, peer, body);
      if (outcome.reply.code >= 300) {
        await body.abandon();
        this.#noteRefusal(outcome.reply, transaction, peer);
      }
      return outcome;
    } catch (error) {
      stream.resume();
      await body.abandon();
      if (error instanceof PendingGone)
        return { reply: await this.#afterRemoval(error, transaction, peer), close: false };
      this.#logFailure(error, transaction, stream);
      return { reply: TEMPORARY_FAILURE, close: false };
    }
  }

  /** The sweeper took it for abandoned, or its tenant was removed with all that was stored of it. */
  async #afterRemoval(error: PendingGone, transaction: Transaction, peer: Peer): Promise<Reply> {
    try {
      const reply = await this.#options.judge.overtaken(transaction);
      this.#noteRefusal(reply, transaction, peer);
      return reply;
    } catch {
      this.#log.error({ err: error, message: showId('msg', transaction.id) }, STORE_FAILED);
      return TEMPORARY_FAILURE;
    }
  }

  #logFailure(error: unknown, transaction: Transaction, stream: Readable): void {
    const isGone = stream.destroyed && stream.errored !== null;
    if (!isGone) this.#log.error({ err: error, message: showId('msg', transaction.id) }, STORE_FAILED);
  }

  async #receive(stream: Readable, transaction: Transaction, peer: Peer, body: Body): Promise<Received> {
    const inspector = new DataInspector();
    const scanner = new MessageScanner();
    const start = new HeaderStart();
    const take = (octets: Buffer): Promise<void> | undefined => {
      scanner.write(octets);
      return body.write(octets);
    };
    void take(Buffer.from(this.#received(transaction, peer), 'utf8'));
    await consume(stream, (chunk) => {
      if (inspector.push(chunk) !== undefined || inspector.octets > this.#options.maxMessageOctets) return undefined; // drained
      return take(start.push(chunk));
    });
    const violation = inspector.finish();
    if (violation !== undefined)
      return { reply: replyToViolation(violation), close: violation === 'bare-cr' || violation === 'bare-lf' };
    // RFC 1870 6.3: refused after its data, without having been stored.
    if (inspector.octets > this.#options.maxMessageOctets) return { reply: TOO_BIG, close: false };
    const { named, known } = await findLoops(this.#store, transaction.recipients, inspector.header().deliveredTo);
    if (named.size === transaction.recipients.length) return { reply: LOOP, close: false };
    // One that is known by another address is not refused: the answer would tell strangers which addresses are one mailbox.
    const recipients = transaction.recipients.map((recipient) =>
      named.has(recipient) || known.has(recipient) ? { ...recipient, hold: BEEN_HERE, room: Infinity } : recipient,
    );
    await take(start.end());
    const digest = digestOf(scanner.end());
    const { judge } = this.#options;
    const refusal =
      (await judge.withoutRoom({ ...transaction, recipients }, digest.octets)) ?? (await judge.ledAstray(transaction));
    if (refusal) return { reply: refusal, close: false };
    const outcome = await body.commit({ ...envelopeOf(transaction, peer), recipients }, digest);
    if (outcome === 'overtaken') return { reply: await judge.overtaken(transaction), close: false };
    // Late or lost, the sweeper rings for it.
    const expands = recipients.filter(({ mailboxId }) => mailboxId === undefined).length;
    if (expands > 0) this.#ring(EXPAND_LANE);
    if (expands < recipients.length) this.#ring(LOCAL_LANE);
    const id = showId('msg', transaction.id);
    this.#log.info(
      { message: id, octets: inspector.octets, recipients: recipients.length, remote: peer.remoteAddress },
      'accepted',
    );
    return { reply: queuedAs(id), close: false };
  }

  #noteRefusal(reply: Reply, transaction: Transaction, peer: Peer): void {
    const id = showId('msg', transaction.id);
    this.#log.info(
      { message: id, code: reply.code, status: reply.status, remote: peer.remoteAddress },
      'message refused',
    );
    const tenants = new Set(transaction.recipients.map(({ tenantId }) => tenantId));
    const detail = `${showReply(reply)} from [${peer.remoteAddress}] ${peer.helo}`;
    for (const tenantId of tenants)
      this.#options.notes.note({ tenantId, messageId: transaction.id, kind: 'refused', detail }, peer.remoteAddress);
  }

  #ring(lane: Lane): void {
    this.#doorbell
      .ring(lane)
      .catch((error: unknown) => this.#log.debug({ reason: String(error) }, 'the doorbell did not ring'));
  }

  #received({ id, recipients, parameters }: Transaction, { helo, remoteAddress, extended }: Peer): string {
    const [only] = recipients;
    return composeReceived({
      helo,
      remoteAddress,
      hostname: this.#options.hostname,
      transmission: { extended, tls: false, authenticated: false, utf8: parameters.utf8 },
      id: showId('msg', id),
      ...(recipients.length === 1 && only && { recipient: only.path }),
      at: new Date(),
    });
  }
}

const envelopeOf = ({ id, reversePath, parameters, recipients }: Transaction, peer: Peer): IntakeEnvelope => ({
  id,
  reversePath: reversePath.kind === 'null' ? '' : reversePath.original,
  helo: peer.helo,
  remoteAddress: peer.remoteAddress,
  bodyType: parameters.body,
  smtpUtf8: parameters.utf8,
  ret: parameters.ret,
  envid: parameters.envid,
  recipients,
});

/** Hands each chunk to `take` and waits where it says so; resolves at the end of data, rejects when the client goes away. */
function consume(stream: Readable, take: (chunk: Buffer) => Promise<void> | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.on('data', (chunk: Buffer) => {
      try {
        const wait = take(chunk);
        if (!wait) return;
        stream.pause();
        wait.then(() => stream.resume(), reject);
      } catch (error) {
        // Nobody else catches what a listener throws: a bug in reading one message must not end the process.
        reject(error);
      }
    });
    stream.once('end', resolve);
    stream.once('error', reject);
    stream.once('close', () => {
      if (!stream.readableEnded) reject(new Error('the client went away in the middle of its message'));
    });
  });
}
