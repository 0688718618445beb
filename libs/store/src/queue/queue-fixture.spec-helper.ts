/** Accepted messages in a fresh database, as ingress would have written them. */
import {
  DEFAULT_TENANT,
  EXPAND_LANE,
  LOCAL_LANE,
  type Basis,
  type DomainId,
  type IntakeRecipient,
  type LeasedDelivery,
  type MailboxId,
  type MessageId,
  type Placement,
  type TenantId,
} from '#domain';
import { DirectoryFixture, freshDatabase, type FreshDatabase } from '#testing';
import { PgIntakeStore } from '../intake/pg-intake.store.ts';
import { newId } from '../new-id.ts';
import { PgQueueStore } from './pg-queue.store.ts';

export interface QueueWorld {
  readonly db: FreshDatabase;
  readonly directory: DirectoryFixture;
  readonly queue: PgQueueStore;
  readonly intake: PgIntakeStore;
  /** A queue store on connections of its own: another worker. */
  anotherWorker(): PgQueueStore;
  /** Stores a small message for these recipients; gives its id. */
  accept(recipients: readonly Recipient[], more?: { octets?: number; reversePath?: string }): Promise<MessageId>;
  rows<Row extends object>(text: string, values?: unknown[]): Promise<Row[]>;
  claim(limit?: number, lease?: number, queue?: PgQueueStore): ReturnType<PgQueueStore['claim']>;
  /** Addresses that are to be expanded. */
  claimAliases(limit?: number, lease?: number, queue?: PgQueueStore): ReturnType<PgQueueStore['claim']>;
  /** Of all deliveries, by message and ordinal. */
  states(): Promise<string[]>;
  copies(): Promise<{ mailbox_id: MailboxId; uid: number; modseq: number }[]>;
  /** Kinds, in the order of their making. */
  events(): Promise<string[]>;
  /** Forgets all mail, keeps the directory. */
  clear(): Promise<void>;
}

export interface Recipient {
  readonly forwardPath: string;
  readonly mailboxId?: MailboxId;
  readonly tenantId?: TenantId;
  readonly domainId?: DomainId;
  readonly hold?: string;
  readonly basis?: Basis;
}

export const toRecipient = ({
  forwardPath,
  mailboxId,
  tenantId = DEFAULT_TENANT,
  domainId,
  hold,
  basis,
}: Recipient): IntakeRecipient => ({
  tenantId,
  domainId,
  forwardPath,
  mailboxId,
  hold,
  basis,
  notify: undefined,
  orcpt: undefined,
});

export async function queueWorld(): Promise<QueueWorld> {
  const db = await freshDatabase();
  const intake = new PgIntakeStore(db.as('posthouse_ingress'));
  const rows = async <Row extends object>(text: string, values: unknown[] = []): Promise<Row[]> =>
    (await db.owner.query<Row>(text, values)).rows;
  const ours = new PgQueueStore(db.as('posthouse_worker'));
  return {
    db,
    directory: new DirectoryFixture(db.owner),
    queue: ours,
    intake,
    anotherWorker: () => new PgQueueStore(db.as('posthouse_worker')),
    async accept(recipients, { octets = 20, reversePath = 'a@b.example' } = {}) {
      const id = newId() as MessageId;
      await intake.commit(intakeMessage(id, recipients.map(toRecipient), octets, reversePath));
      return id;
    },
    rows,
    claim: (limit = 100, lease = 60, queue = ours) => queue.claim(LOCAL_LANE, limit, lease),
    claimAliases: (limit = 100, lease = 60, queue = ours) => queue.claim(EXPAND_LANE, limit, lease),
    async states() {
      const found = await rows<{ state: string }>('select state from delivery order by message_id, ordinal');
      return found.map(({ state }) => state);
    },
    copies: () => rows('select mailbox_id, uid::int, modseq::int from folder_message order by mailbox_id, uid'),
    events: async () => (await rows<{ kind: string }>('select kind from event order by id')).map(({ kind }) => kind),
    async clear() {
      await rows('truncate message, message_chunk, delivery, event, folder_message');
      await rows('update folder set uidnext = 1, highestmodseq = 1, messages = 0, unseen = 0, octets = 0');
      await rows('update mailbox_usage set octets = 0, messages = 0');
    },
  };
}

export const intakeMessage = (
  id: MessageId,
  recipients: readonly IntakeRecipient[],
  octets = 20,
  reversePath = 'a@b.example',
) => ({
  id,
  reversePath,
  helo: 'client.example',
  remoteAddress: '192.0.2.1',
  bodyType: '7BIT' as const,
  smtpUtf8: false,
  ret: undefined,
  envid: undefined,
  recipients,
  digest: { octets, headerOctets: 0, headerMessageId: undefined, envelope: '()', bodyStructure: '()', mimeIndex: '{}' },
  body: [Buffer.alloc(octets, 'octets of a body\r\n')],
});

export const TRACE = Buffer.from('Return-Path: <a@b.example>\r\n');

/** Each into the mailbox of RCPT. */
export const place = (deliveries: readonly LeasedDelivery[], retryAfter: number | undefined = 100): Placement[] =>
  deliveries.map((delivery) => ({ delivery, mailboxId: delivery.mailboxId as MailboxId, trace: TRACE, retryAfter }));
