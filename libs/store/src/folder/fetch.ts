/** Reads for FETCH and SEARCH: only the columns that are wanted, and message rows only where one of them needs it. */
import {
  CHUNK_OCTETS,
  MAX_UID,
  READ_BATCH_OCTETS,
  SMALL_BODY,
  uidsAbove,
  type FlagTable,
  type FolderRef,
  type MessageBatch,
  type MessageId,
  type MessageRow,
  type MessageWants,
  type UidSet,
} from '#domain';
import { escaped, unescaped } from '../body/escaped.ts';
import type { Reader } from '../hot-connection.ts';
import { joinTables, PACKED_TABLE, setClause, unpackTable, type PackedTable, type SetClause } from './compact.ts';

/** Rows of one statement: what a reader does in one step is bounded, whatever the set. */
const FLAG_PAGE = 5_000;
const MESSAGE_PAGE = 1_000;

const inFolder = (columns: string, most: number) =>
  ({ columns, folder: '$3::uuid', only: 'mailbox_id = $2::uuid', most }) as const;

const readTable = {
  name: 'folder_flags',
  text: `
select ${PACKED_TABLE} from (
  select m.* from ${setClause([], 4).rows(inFolder('uid, flags, keywords', FLAG_PAGE))} order by m.uid) as m`,
};

export async function readFlags(reader: Reader, folder: FolderRef, uids: UidSet): Promise<FlagTable> {
  const pages: FlagTable[] = [];
  for (let left = uids; left.length > 0;) {
    const [row] = await reader.query<PackedTable>(readTable, values(folder, setClause(left, 4)));
    const page = unpackTable(row ?? { uids: null, flags: null, keywords: null });
    pages.push(page);
    left = page.uids.length < FLAG_PAGE ? [] : uidsAbove(left, page.uids.at(-1) ?? MAX_UID);
  }
  return joinTables(pages);
}

const values = ({ tenantId, mailboxId, folderId }: FolderRef, set: SetClause): unknown[] => [
  tenantId,
  mailboxId,
  folderId,
  ...set.values,
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
  reader: Reader,
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
  const cut = wants.body === true ? 'bodies' : wants.header === true ? 'headers' : undefined;
  const rows = await reader.query<FetchedRow>(
    { name: `folder_fetch_${mask}`, text: fetchText(set, columns, cut) },
    values(folder, set),
  );
  const last = rows.at(-1);
  const whole = last?.last_uid === undefined || last.last_uid === last.uid;
  return { rows: rows.map(toRow), complete: whole && rows.length < MESSAGE_PAGE };
}

const ALWAYS = 'm.uid, m.message_id, m.modseq, m.flags, m.keywords, m.octets, b.octets as body_octets, b.header_octets';

/** By what an answer is cut: octets of whole messages, or of their headers alone. */
type Cut = 'bodies' | 'headers' | undefined;

const MESSAGE = 'from message where tenant_id = $1::uuid and id = m.message_id limit 1';

export function fetchText(set: SetClause, columns: string, cut: Cut): string {
  const rows = set.rows(inFolder('*', MESSAGE_PAGE));
  const octets = cut === 'headers' ? 'h.header_octets' : 'm.octets';
  // The cut is made before any body is read: the rows of one answer hold READ_BATCH_OCTETS and one message more at most.
  const some = `(
  select m.*, sum(least(${octets}, ${SMALL_BODY})) over (order by m.uid) - least(${octets}, ${SMALL_BODY}) as before,
         max(m.uid) over () as last_uid from ${rows}${cut === 'headers' ? `, lateral (select header_octets ${MESSAGE}) as h` : ''}) as m`;
  // One by one: for as many messages as the planner thinks there may be it would rather read the whole table.
  return `
select ${ALWAYS}${columns}${cut ? ', m.last_uid' : ''}
  from ${cut ? some : rows}, lateral (select * ${MESSAGE}) as b
 where ${cut ? `m.before < ${READ_BATCH_OCTETS}` : 'true'} order by m.uid`;
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
