import {
  IntakeStore,
  SMALL_BODY,
  PendingGone,
  POSTMASTER_HOLDS,
  type AliasRow,
  type CanonicalAddress,
  type Committed,
  type DirectoryFacts,
  type IntakeEnvelope,
  type IntakeMessage,
  type IntakeRecipient,
  type MessageDigest,
  type RefusalEvent,
  type TenantId,
} from '#domain';
import { Injectable } from '@nestjs/common';
import { passed } from '../body/young-garbage.ts';
import { columns } from '../columns.ts';
import { Database } from '../database.ts';
import { readDirectoryFacts } from '../directory/directory-facts.ts';
import { countPlaces } from '../directory/places.ts';
import { Grouped } from '../grouped.ts';
import type { HotConnection } from '../hot-connection.ts';
import { bisect } from '../pg-errors.ts';
import { ABANDON_LARGE, APPEND_CHUNK, BEGIN_LARGE, COMMIT, COMMIT_LARGE, RECORD_REFUSALS } from './statements.ts';

/** Messages and octets in one grouped commit at most: bounds the memory of a flush and the time of its transaction. */
const MAX_GROUP = 200;
const MAX_GROUP_OCTETS = 8 * SMALL_BODY;
const MAX_LOOKUPS = 500;
/** Rows whose places one statement counts. */
const MAX_COUNTS = 20;
/** Refusal events that may wait; beyond it they are dropped, mail is not. */
const MAX_WAITING_REFUSALS = 5000;

@Injectable()
export class PgIntakeStore extends IntakeStore {
  readonly #lookups: HotConnection;
  readonly #chunks: HotConnection;
  readonly #commits: Grouped<IntakeMessage, Committed | Failure>;
  readonly #facts: Grouped<CanonicalAddress, DirectoryFacts>;
  readonly #places: Grouped<AliasRow, number>;
  readonly #refusals: Grouped<RefusalEvent, void>;
  #waitingRefusals = 0;

  constructor(database: Database) {
    super();
    this.#lookups = database.hot({ byIndex: true });
    this.#chunks = database.hot({ byIndex: true });
    // One group at a time. With two they are smaller and each message costs more: the disk is not what we wait for.
    const writer = database.hot();
    this.#commits = new Grouped(
      async (messages) => {
        const overtaken = new Set<string>();
        const culprits = await bisect(messages, async (part) => {
          for (const id of await commitGroup(writer, part)) overtaken.add(id);
        });
        return messages.map((message) => {
          if (culprits.has(message)) return { error: culprits.get(message) };
          return overtaken.has(message.id) ? 'overtaken' : 'stored';
        });
      },
      {
        maxItems: MAX_GROUP,
        maxWeight: MAX_GROUP_OCTETS,
        weigh: ({ digest }) => digest.octets,
      },
    );
    this.#facts = new Grouped((addresses) => readDirectoryFacts(this.#lookups, addresses), { maxItems: MAX_LOOKUPS });
    // On a connection of its own: a look-up of one address waits for no count.
    const counts = database.hot({ byIndex: true });
    this.#places = new Grouped((rows) => countPlaces(counts, rows), { maxItems: MAX_COUNTS });
    this.#refusals = new Grouped((events) => this.#writeRefusals(events), { maxItems: MAX_LOOKUPS });
  }

  override async directoryFacts(addresses: readonly CanonicalAddress[]): Promise<DirectoryFacts[]> {
    return Promise.all(addresses.map((address) => this.#facts.submit(address)));
  }

  override countPlaces(row: AliasRow): Promise<number> {
    return this.#places.submit(row);
  }

  override async commit(message: IntakeMessage): Promise<Committed> {
    const outcome = await this.#commits.submit(message);
    if (typeof outcome !== 'string') throw outcome.error;
    return outcome;
  }

  override async beginLarge(envelope: IntakeEnvelope): Promise<void> {
    const tenants = tenantsOf(envelope.recipients);
    const counts = tenants.map((tenant) => envelope.recipients.filter(({ tenantId }) => tenantId === tenant).length);
    const { id, reversePath, helo, remoteAddress, bodyType, smtpUtf8, ret, envid } = envelope;
    await this.#chunks.query(BEGIN_LARGE, [
      tenants, id, counts, reversePath, helo, remoteAddress, bodyType, smtpUtf8, ret ?? null, envid ?? null,
    ]); // prettier-ignore
  }

  override async appendChunk({ id, recipients }: IntakeEnvelope, number: number, octets: Buffer): Promise<void> {
    const tenants = tenantsOf(recipients);
    const stored = await this.#chunks.query(APPEND_CHUNK, [tenants, id, number, octets]);
    if (stored.length !== tenants.length) throw new PendingGone(id);
    passed(octets.length);
  }

  override async commitLarge(envelope: IntakeEnvelope, digest: MessageDigest): Promise<Committed> {
    const { id, recipients } = envelope;
    const tenants = tenantsOf(recipients);
    const { octets, headerOctets, headerMessageId, bodyStructure, mimeIndex } = digest;
    const [outcome] = await this.#chunks.query<{ overtaken: boolean; stored: number }>(COMMIT_LARGE, [
      tenants, id, octets, headerOctets, headerMessageId ?? null, digest.envelope, bodyStructure, mimeIndex,
      ...deliveryColumns(rowsOf(envelope)),
    ]); // prettier-ignore
    if (outcome?.overtaken === true) return 'overtaken';
    if (outcome?.stored !== tenants.length) throw new PendingGone(id);
    return 'stored';
  }

  override async abandonLarge({ id, recipients }: IntakeEnvelope): Promise<void> {
    await this.#chunks.query(ABANDON_LARGE, [tenantsOf(recipients), id]);
  }

  override recordRefusal(event: RefusalEvent): void {
    if (this.#waitingRefusals >= MAX_WAITING_REFUSALS) return;
    this.#waitingRefusals++;
    void this.#refusals
      // A text column holds no NUL, and one event must not fail the others of its group.
      .submit({ ...event, detail: event.detail.replaceAll('\0', '\uFFFD') })
      .catch(() => undefined) // best effort: the reply said it already, and the log has it
      .finally(() => this.#waitingRefusals--);
  }

  async #writeRefusals(events: readonly RefusalEvent[]): Promise<void[]> {
    const values = columns(
      events,
      ({ tenantId }) => tenantId,
      ({ messageId }) => messageId,
      ({ kind }) => kind,
      ({ detail }) => detail,
    );
    await this.#lookups.query(RECORD_REFUSALS, values);
    return [];
  }
}

/** Of one message of a group; the others are stored. */
interface Failure {
  readonly error: unknown;
}

interface DeliveryRow extends IntakeRecipient {
  readonly messageId: string;
  readonly ordinal: number;
}

/** Ordinals count within a tenant, since a message to two tenants is two rows. */
function rowsOf({ id, recipients }: IntakeEnvelope): DeliveryRow[] {
  const counts = new Map<TenantId, number>();
  return recipients.map((recipient) => {
    const ordinal = counts.get(recipient.tenantId) ?? 0;
    counts.set(recipient.tenantId, ordinal + 1);
    return { ...recipient, messageId: id, ordinal };
  });
}

const deliveryColumns = (rows: readonly DeliveryRow[]): unknown[][] =>
  columns(
    rows,
    (row) => row.tenantId,
    (row) => row.messageId,
    (row) => row.ordinal,
    (row) => row.domainId,
    (row) => row.mailboxId,
    (row) => row.forwardPath,
    (row) => row.hold,
    (row) => row.notify,
    (row) => row.orcpt,
    ({ basis }) => basis?.row.kind,
    ({ basis }) => basis?.row.local,
    ({ basis }) => basis?.local,
    ({ hold }) => (hold !== undefined && POSTMASTER_HOLDS.has(hold) ? 'postmaster' : undefined),
  );

const tenantsOf = (recipients: readonly IntakeRecipient[]): TenantId[] => [
  ...new Set(recipients.map(({ tenantId }) => tenantId)),
];

interface Copy {
  readonly message: IntakeMessage;
  readonly tenantId: TenantId;
  readonly recipients: number;
  /** Where the body starts in the joined bodies, from 1 as SQL counts. */
  readonly at: number;
}

/** Gives the ids of those that were overtaken, and are not stored. */
async function commitGroup(writer: HotConnection, messages: readonly IntakeMessage[]): Promise<string[]> {
  const bodies: Buffer[] = [];
  const copies: Copy[] = [];
  let at = 1;
  for (const message of messages) {
    for (const tenantId of tenantsOf(message.recipients)) {
      const recipients = message.recipients.filter((recipient) => recipient.tenantId === tenantId).length;
      copies.push({ message, tenantId, recipients, at });
    }
    for (const part of message.body) {
      bodies.push(part);
      at += part.length;
    }
  }
  const joined = bodies.length === 1 && bodies[0] ? bodies[0] : Buffer.concat(bodies);
  const values = [joined, ...messageColumns(copies), ...deliveryColumns(messages.flatMap(rowsOf))];
  const overtaken = await writer.query<{ id: string }>(COMMIT, values);
  return overtaken.map(({ id }) => id);
}

const messageColumns = (copies: readonly Copy[]): unknown[][] =>
  columns(
    copies,
    ({ tenantId }) => tenantId,
    ({ message }) => message.id,
    ({ message }) => message.reversePath,
    ({ message }) => message.helo,
    ({ message }) => message.remoteAddress,
    ({ message }) => message.bodyType,
    ({ message }) => message.smtpUtf8,
    ({ message }) => message.ret,
    ({ message }) => message.envid,
    (copy) => copy.at,
    ({ message }) => message.digest.octets,
    ({ message }) => message.digest.headerOctets,
    (copy) => copy.recipients,
    ({ message }) => message.digest.headerMessageId,
    ({ message }) => message.digest.envelope,
    ({ message }) => message.digest.bodyStructure,
    ({ message }) => message.digest.mimeIndex,
  );
