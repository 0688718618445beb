/** Reads for FETCH and SEARCH: only the columns that are wanted, and message rows only where one of them needs it. */
import {
  CHUNK_OCTETS,
  READ_BATCH_OCTETS,
  SMALL_BODY,
  type FlagTable,
  type FolderRef,
  type MessageBatch,
  type MessageId,
  type MessageRow,
  type MessageWants,
  type UidSet,
} from '#domain';
import { escaped, unescaped } from '../body/escaped.ts';
import type { HotConnection } from '../hot-connection.ts';
import { PACKED_TABLE, setClause, unpackTable, type PackedTable } from './compact.ts';

export async function readFlags(connection: HotConnection, folder: FolderRef, uids: UidSet): Promise<FlagTable> {
  const set = setClause(uids, 4);
  const text = `
select ${PACKED_TABLE} from (
  select m.uid, m.flags, m.keywords from folder_message m${set.from}
   where m.tenant_id = $1::uuid and m.mailbox_id = $2::uuid and m.folder_id = $3::uuid and ${set.where} order by m.uid) as m`;
  const [row] = await connection.query<PackedTable>(
    { name: `folder_flags_${set.name}`, text },
    values(folder, set.values),
  );
  return unpackTable(row ?? { uids: null, flags: null, keywords: null });
}

const values = ({ tenantId, mailboxId, folderId }: FolderRef, set: readonly unknown[]): unknown[] => [
  tenantId,
  mailboxId,
  folderId,
  ...set,
];

interface FetchedRow {
  uid: number;
  message_id: MessageId;
  modseq: number;
  flags: number;
  keywords: string[] | null;
  octets: number;
  body_octets: number;
  header_octets: number;
  internal_date?: Date;
  envelope?: string;
  body_structure?: string;
  mime_index?: string;
  trace?: Buffer;
  header?: string | null;
  body?: string | null;
  last_uid?: number;
}

/** Name of each wish and the column that fulfils it, in the order of the bits in a statement's name. */
const COLUMNS: readonly (readonly [keyof MessageWants, string])[] = [
  ['internalDate', 'm.internal_date'],
  ['envelope', 'b.envelope'],
  ['bodyStructure', 'b.body_structure'],
  ['mimeIndex', 'b.mime_index'],
  ['trace', 'm.trace'],
  // A body in chunks has its header there; one over SMALL_BODY is streamed like any large thing.
  [
    'header',
    `${escaped(`case when b.body is not null then substring(b.body from 1 for b.header_octets)
          when b.header_octets <= ${SMALL_BODY} then (
            select substring(string_agg(c.octets, ''::bytea order by c.number) from 1 for b.header_octets) from message_chunk c
             where c.tenant_id = b.tenant_id and c.message_id = b.id and c.number <= b.header_octets / ${CHUNK_OCTETS}) end`)} as header`,
  ],
  ['body', `${escaped('b.body')} as body`],
];

export async function readMessages(
  connection: HotConnection,
  folder: FolderRef,
  uids: UidSet,
  wants: MessageWants,
): Promise<MessageBatch> {
  const set = setClause(uids, 4);
  const chosen = COLUMNS.map(([want, column], bit) => ({ bit, column, wanted: wants[want] === true })).filter(
    ({ wanted }) => wanted,
  );
  const mask = chosen.reduce((bits, { bit }) => bits | (1 << bit), 0);
  const columns = chosen.map(({ column }) => `, ${column}`).join('');
  const cut = wants.body === true || wants.header === true;
  const name = `folder_fetch_${set.name}_${mask}`;
  const rows = await connection.query<FetchedRow>(
    { name, text: fetchText(set, columns, cut) },
    values(folder, set.values),
  );
  const last = rows.at(-1);
  return { rows: rows.map(toRow), complete: last?.last_uid === undefined || last.last_uid === last.uid };
}

const SCOPE = 'm.tenant_id = $1::uuid and m.mailbox_id = $2::uuid and m.folder_id = $3::uuid';
const ALWAYS = 'm.uid, m.message_id, m.modseq, m.flags, m.keywords, m.octets, b.octets as body_octets, b.header_octets';

function fetchText(set: ReturnType<typeof setClause>, columns: string, cut: boolean): string {
  if (!cut) {
    return `
select ${ALWAYS}${columns}
  from folder_message m join message b on b.tenant_id = m.tenant_id and b.id = m.message_id${set.from}
 where ${SCOPE} and ${set.where} order by m.uid`;
  }
  // The cut is made before any body is read: the rows of one answer hold READ_BATCH_OCTETS and one message more at most.
  return `
select ${ALWAYS}${columns}, m.last_uid
  from (select m.*, sum(least(m.octets, ${SMALL_BODY})) over (order by m.uid) - least(m.octets, ${SMALL_BODY}) as before,
               max(m.uid) over () as last_uid
          from folder_message m${set.from} where ${SCOPE} and ${set.where}) as m
  join message b on b.tenant_id = m.tenant_id and b.id = m.message_id
 where m.before < ${READ_BATCH_OCTETS} order by m.uid`;
}

const octetsOf = (text: string | null | undefined): Buffer | undefined =>
  typeof text === 'string' ? unescaped(text) : undefined;

const toRow = (row: FetchedRow): MessageRow => ({
  uid: row.uid,
  messageId: row.message_id,
  modseq: row.modseq,
  flags: row.flags,
  keywords: row.keywords ?? [],
  octets: row.octets,
  bodyOctets: row.body_octets,
  headerOctets: row.header_octets,
  internalDate: row.internal_date,
  envelope: row.envelope,
  bodyStructure: row.body_structure,
  mimeIndex: row.mime_index,
  trace: row.trace,
  header: octetsOf(row.header),
  body: octetsOf(row.body),
});
