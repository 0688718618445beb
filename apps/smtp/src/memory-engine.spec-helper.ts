/** Port 25 without a network and without a database: the real engine, judge and intake on a socket and a store in memory. */
import { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import {
  DEFAULT_TENANT,
  Doorbell,
  IntakeStore,
  type CanonicalAddress,
  type Committed,
  type DirectoryFacts,
  type DomainId,
  type IntakeEnvelope,
  type IntakeMessage,
  type MailboxId,
  type RefusalEvent,
} from '#domain';
import { BODY_BUDGET, ConnectionCaps, Metrics, OctetBudget, silentLog } from '#runtime';
import { QUEUED_OCTETS } from './data-parser.ts';
import { ENVELOPE_BUDGET, Envelopes } from './envelopes.ts';
import { IngressEngine, type EngineParts } from './ingress-engine.ts';
import { MAX_COMMAND_LINE } from './ingress-connection.ts';
import { Intake } from './intake.ts';
import { Judge } from './judge.ts';
import { RefusalNotes } from './refusal-notes.ts';

/** Hosts example.org and bücher.example, where every local part has a mailbox. Keeps what is committed. */
export class MemoryStore extends IntakeStore {
  readonly committed: IntakeMessage[] = [];
  readonly refusals: RefusalEvent[] = [];
  /** Envelope ids with the octets stored for them. */
  readonly large = new Map<string, { state: 'pending' | 'accepted'; chunks: Buffer[] }>();

  override directoryFacts(addresses: readonly CanonicalAddress[]): Promise<DirectoryFacts[]> {
    return Promise.resolve(addresses.map(({ local, domain }) => facts(local, domain)));
  }

  override countPlaces(): Promise<number> {
    return Promise.resolve(0);
  }

  override commit(message: IntakeMessage): Promise<Committed> {
    this.committed.push(message);
    return Promise.resolve('stored');
  }

  override beginLarge({ id }: IntakeEnvelope): Promise<void> {
    this.large.set(id, { state: 'pending', chunks: [] });
    return Promise.resolve();
  }

  override appendChunk({ id }: IntakeEnvelope, number: number, octets: Buffer): Promise<void> {
    const found = this.large.get(id);
    if (!found) return Promise.reject(new Error(`chunk ${number} of nothing`));
    found.chunks.push(Buffer.from(octets));
    return Promise.resolve();
  }

  override commitLarge({ id }: IntakeEnvelope): Promise<Committed> {
    const found = this.large.get(id);
    if (found) found.state = 'accepted';
    return Promise.resolve('stored');
  }

  override abandonLarge({ id }: IntakeEnvelope): Promise<void> {
    this.large.delete(id);
    return Promise.resolve();
  }

  override recordRefusal(event: RefusalEvent): void {
    this.refusals.push(event);
  }
}

const HOSTED = new Set(['example.org', 'xn--bcher-kva.example']);

const facts = (local: string, domain: string): DirectoryFacts => {
  if (!HOSTED.has(domain)) return { domain: undefined, rows: [] };
  const mailbox = {
    id: local as MailboxId,
    state: 'active',
    quotaOctets: undefined,
    quotaMessages: undefined,
    usedOctets: 0,
    usedMessages: 0,
  } as const;
  return {
    domain: {
      tenantId: DEFAULT_TENANT,
      id: 'domain' as DomainId,
      name: domain,
      state: 'active',
      tenantState: 'active',
      separators: '',
    },
    rows: [{ kind: 'address', local, targets: [{ mailbox }] }],
  };
};

class QuietDoorbell extends Doorbell {
  override ring(): Promise<void> {
    return Promise.resolve();
  }
}

export function memoryEngine(
  store: IntakeStore,
  maxMessageOctets = 10_000_000,
  bodies = new OctetBudget(BODY_BUDGET),
  envelopeMs?: number,
  envelopes = new OctetBudget(ENVELOPE_BUDGET),
  more: Partial<EngineParts> = {},
): IngressEngine {
  const options = { hostname: 'mx.test', maxMessageOctets, bodies, notes: new RefusalNotes(store) };
  const judge = new Judge(store, silentLog(), options);
  return new IngressEngine(
    {
      name: 'mx.test',
      banner: 'Posthouse',
      logger: false,
      disabledCommands: ['AUTH', 'STARTTLS'],
      disableReverseLookup: true,
      hideENHANCEDSTATUSCODES: false,
      size: maxMessageOctets,
      maxCommandLength: MAX_COMMAND_LINE,
    },
    {
      judge,
      intake: new Intake(store, new QuietDoorbell(), silentLog(), { ...options, judge }),
      caps: new ConnectionCaps(100_000, 100_000),
      envelopes: new Envelopes(envelopes),
      metrics: new Metrics(),
      ...(envelopeMs !== undefined && { envelopeMs }),
      onError: () => undefined,
      onRefused: () => undefined,
      ...more,
    },
  );
}

/** The server's end of a connection; what the server writes is collected. */
export class MemorySocket extends Duplex {
  readonly remoteAddress = '192.0.2.1';
  readonly remotePort = 1;
  readonly localAddress = '192.0.2.2';
  readonly localPort = 25;
  readonly readyState = 'open';
  #replies = '';
  #awaited: { readonly test: (replies: string) => boolean; readonly resolve: () => void } | undefined;

  constructor(engine: IngressEngine) {
    super({ allowHalfOpen: true, autoDestroy: true, highWaterMark: QUEUED_OCTETS });
    this.on('close', () => this.#heard());
    engine.connect(this as unknown as Socket, {});
  }

  get replies(): string {
    return this.#replies;
  }

  /** Replies without their text, such as '220 250 354'. */
  get codes(): string {
    return this.#replies
      .split('\r\n')
      .filter((line) => line.charAt(3) === ' ')
      .map((line) => line.slice(0, 3))
      .join(' ');
  }

  setTimeout(): this {
    return this;
  }
  setNoDelay(): this {
    return this;
  }

  /** Resolves when the server has said so much, or has closed. */
  async until(test: (replies: string) => boolean): Promise<void> {
    if (test(this.#replies) || this.writableEnded) return;
    await new Promise<void>((resolve) => {
      this.#awaited = { test, resolve };
    });
  }

  /** The client sends. False: the server reads no more for now. */
  client(octets: Buffer): boolean {
    return !this.destroyed && this.push(octets);
  }

  override _read(): void {
    // The client pushes when it likes.
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#replies += chunk.toString('latin1');
    this.#heard();
    done();
  }

  override _final(done: () => void): void {
    done();
    this.#awaited?.resolve();
    this.#awaited = undefined;
  }

  #heard(): void {
    if (!this.#awaited || !(this.destroyed || this.#awaited.test(this.#replies))) return;
    this.#awaited.resolve();
    this.#awaited = undefined;
  }
}
