/** APPEND: message, folder row, counters and event in one statement, quota judged under the usage row's lock. */
import {
  ALL_FLAGS,
  FLAG,
  MAX_KEYWORDS,
  type Account,
  type AppendFacts,
  type AppendMessage,
  type Appended,
  type FolderName,
  type MessageId,
  type Refused,
} from '#domain';
import { passed } from '../body/young-garbage.ts';
import type { Changes } from '../changes.ts';
import type { Database } from '../database.ts';
import type { HotConnection, HotStatement } from '../hot-connection.ts';
import { newId } from '../new-id.ts';
import { distinctKeywords, withKeywords } from './keywords.ts';

/** @param octets the parameter that holds the size of the message */
const fits = (octets: string): string => `(m.quota_octets is null or u.octets + ${octets}::bigint <= m.quota_octets)
          and (m.quota_messages is null or u.messages < m.quota_messages)`;

/** $1 tenant, $2 mailbox, $3 folder name, $4 octets. */
const MAY_APPEND: HotStatement = {
  name: 'folder_may_append',
  text: `
select ${fits('$4')} as fits
  from folder f
  join mailbox m on m.tenant_id = f.tenant_id and m.id = f.mailbox_id
  join mailbox_usage u on u.tenant_id = f.tenant_id and u.mailbox_id = f.mailbox_id
 where f.tenant_id = $1::uuid and f.mailbox_id = $2::uuid and f.name = $3`,
};

/**
 * $1 tenant, $2 mailbox, $3 folder name, $4 message, $5 octets, $6 header octets, $7 Message-ID, $8 ENVELOPE, $9 BODYSTRUCTURE,
 * $10 MIME index, $11 flags, $12 keywords, $13 internal date, $14 unseen (0 or 1), $15 remote address, $16 lacks its final CRLF, $17 body.
 */
const appendText = (stored: string): string => `
with held as (
  select id, name, uidvalidity, uidnext, highestmodseq + 1 as modseq from folder
   where tenant_id = $1::uuid and mailbox_id = $2::uuid and name = $3 for update
), room as (
  select ${fits('$5')} as fits
    from mailbox_usage u join mailbox m on m.tenant_id = u.tenant_id and m.id = u.mailbox_id
   where u.tenant_id = $1::uuid and u.mailbox_id = $2::uuid and exists (select from held)
     for update of u
), stored as (${stored}
), placed as (
  insert into folder_message (tenant_id, folder_id, uid, mailbox_id, message_id, modseq, flags, keywords, internal_date, octets, trace,
                              lacks_final_crlf)
  select $1::uuid, held.id, held.uidnext, $2::uuid, stored.id, held.modseq, $11::int, $12::text[], coalesce($13::timestamptz, now()),
         $5::bigint, ''::bytea, $16::boolean
    from held, stored
), counted as (
  update folder f
     set uidnext = held.uidnext + 1, highestmodseq = held.modseq, messages = f.messages + 1, unseen = f.unseen + $14::int,
         octets = f.octets + $5::bigint, keywords = ${withKeywords('f.keywords', '$12::text[]')}
    from held, stored where f.tenant_id = $1::uuid and f.id = held.id
), used as (
  update mailbox_usage u set octets = u.octets + $5::bigint, messages = u.messages + 1
    from stored where u.tenant_id = $1::uuid and u.mailbox_id = $2::uuid
), noted as (
  insert into event (tenant_id, message_id, kind, detail)
  select $1::uuid, stored.id, 'appended', held.name || ', UID ' || held.uidnext || ', from ' || $15::text from held, stored
)
select held.uidvalidity, held.uidnext, room.fits, stored.id is not null as stored
  from held join room on true left join stored on true`;

const ADMITTED = 'from held, room where room.fits';

const APPEND = appendText(`
  insert into message (tenant_id, id, state, origin, reverse_path, helo, remote_address, octets, header_octets, recipients, deliveries,
                       header_message_id, envelope, body_structure, mime_index, body)
  select $1::uuid, $4::uuid, 'accepted', 'append', '', '', $15::text, $5::bigint, $6::int, 0, 0, $7::text, $8::text, $9::text, $10::text,
         $17::bytea ${ADMITTED}
  returning id`);

const COMMIT_LARGE = appendText(`
  update message p
     set state = 'accepted', octets = $5::bigint, header_octets = $6::int, header_message_id = $7::text, envelope = $8::text,
         body_structure = $9::text, mime_index = $10::text
    ${ADMITTED} and p.tenant_id = $1::uuid and p.id = $4::uuid and p.state = 'pending'
  returning p.id`);

const BEGIN_LARGE: HotStatement = {
  name: 'folder_begin_large',
  text: `
insert into message (tenant_id, id, state, origin, reverse_path, helo, remote_address, octets, header_octets, recipients, deliveries,
                     envelope, body_structure, mime_index)
values ($1::uuid, $2::uuid, 'pending', 'append', '', '', $3, 0, 0, 0, 0, '', '', '')`,
};

/**
 * Gives back nothing where the pending row is gone: its chunk would belong to nothing, and nobody would sweep it. The lock keeps it from
 * being swept meanwhile.
 */
const APPEND_CHUNK: HotStatement = {
  name: 'folder_append_chunk',
  text: `
insert into message_chunk (tenant_id, message_id, number, octets)
select m.tenant_id, m.id, $3::int, $4::bytea
  from (select tenant_id, id from message where tenant_id = $1::uuid and id = $2::uuid and state = 'pending' for key share) m
returning number`,
};

const ABANDON_LARGE: HotStatement = {
  name: 'folder_abandon_large',
  text: `
with gone as (
  delete from message where tenant_id = $1::uuid and id = $2::uuid and state = 'pending' returning id
)
delete from message_chunk c using gone where c.tenant_id = $1::uuid and c.message_id = gone.id`,
};

interface AppendRow {
  uidvalidity: number;
  uidnext: number;
  fits: boolean;
  stored: boolean;
}

const swept = (id: MessageId): string => `pending message ${id} was swept before its last octet came`;
const UNKNOWN_FOLDER = { kind: 'no-such-folder' } as const;

export class Appends {
  readonly #changes: Changes;
  readonly #chunks: HotConnection;

  constructor(database: Database, changes: Changes) {
    this.#changes = changes;
    this.#chunks = database.hot({ byRow: true });
  }

  async may(
    connection: HotConnection,
    { tenantId, mailboxId }: Account,
    target: FolderName,
    octets: number,
  ): Promise<Refused | undefined> {
    const [row] = await connection.query<{ fits: boolean }>(MAY_APPEND, [tenantId, mailboxId, target, octets]);
    if (!row) return 'no-such-folder';
    return row.fits ? undefined : 'over-quota';
  }

  async small(account: Account, target: FolderName, message: AppendMessage): Promise<Appended> {
    const [only] = message.body;
    const body = message.body.length === 1 && only ? only : Buffer.concat(message.body);
    return this.#run('folder_append', APPEND, account, target, newId() as MessageId, message, [body]);
  }

  async begin({ tenantId }: Account, remoteAddress: string): Promise<MessageId> {
    const id = newId() as MessageId;
    await this.#chunks.query(BEGIN_LARGE, [tenantId, id, remoteAddress]);
    return id;
  }

  async chunk({ tenantId }: Account, id: MessageId, number: number, octets: Buffer): Promise<void> {
    const stored = await this.#chunks.query(APPEND_CHUNK, [tenantId, id, number, octets]);
    if (stored.length === 0) throw new Error(swept(id));
    passed(octets.length);
  }

  async commit(account: Account, target: FolderName, id: MessageId, facts: AppendFacts): Promise<Appended> {
    const appended = await this.#run('folder_commit_large', COMMIT_LARGE, account, target, id, facts, []);
    if (appended.kind !== 'appended') await this.abandon(account, id);
    return appended;
  }

  async abandon({ tenantId }: Account, id: MessageId): Promise<void> {
    await this.#chunks.query(ABANDON_LARGE, [tenantId, id]);
  }

  async #run(
    name: string,
    text: string,
    { tenantId, mailboxId }: Account,
    target: FolderName,
    messageId: MessageId,
    { digest, flags, keywords, internalDate, lacksFinalCrlf, remoteAddress }: AppendFacts,
    body: readonly Buffer[],
  ): Promise<Appended> {
    const words = distinctKeywords(keywords);
    if (words.length > MAX_KEYWORDS) return { kind: 'too-many-keywords' };
    const { octets, headerOctets, headerMessageId, envelope, bodyStructure, mimeIndex } = digest;
    const unseen = (flags & FLAG.seen) === 0 ? 1 : 0;
    const facts = [octets, headerOctets, headerMessageId ?? null, envelope, bodyStructure, mimeIndex];
    const state = [flags & ALL_FLAGS, words.length > 0 ? words : null, internalDate ?? null, unseen];
    const values = [tenantId, mailboxId, target, messageId, ...facts, ...state, remoteAddress, lacksFinalCrlf, ...body];
    const [row] = await this.#changes.query<AppendRow>(tenantId, { name, text, values });
    if (!row) return UNKNOWN_FOLDER;
    if (!row.fits) return { kind: 'over-quota' };
    if (!row.stored) throw new Error(swept(messageId));
    return { kind: 'appended', uidValidity: row.uidvalidity, uid: row.uidnext, messageId };
  }
}
