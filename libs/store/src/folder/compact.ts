/** Lists of UIDs and flags travel as one packed column: a row each would cost more than the rest of the work. */
import type { FlagTable, UidSet } from '#domain';

/** SQL for a bytea of four octets a UID, network order. The rows must come ordered by uid. */
export const PACKED_UIDS = `string_agg(substring(int8send(uid) from 5), ''::bytea)`;
/** Four octets a value, for sizes: messages stay below 4 GiB. */
export const PACKED_OCTETS = `string_agg(substring(int8send(octets) from 5), ''::bytea)`;
export const PACKED_FLAGS = `string_agg(substring(int4send(flags) from 4), ''::bytea)`;
export const PACKED_KEYWORDS = `json_agg(json_build_array(uid, keywords)) filter (where keywords is not null)`;
/** A FlagTable; its rows need uid, flags and keywords. */
export const PACKED_TABLE = `${PACKED_UIDS} as uids, ${PACKED_FLAGS} as flags, ${PACKED_KEYWORDS} as keywords`;

export interface PackedTable {
  uids: Buffer | null;
  flags: Buffer | null;
  keywords: [number, string[]][] | null;
}

export function unpack(packed: Buffer | null | undefined): Uint32Array {
  const numbers = new Uint32Array((packed?.length ?? 0) / 4);
  for (let at = 0; at < numbers.length; at++) numbers[at] = packed?.readUInt32BE(at * 4) ?? 0;
  return numbers;
}

export const unpackTable = ({ uids, flags, keywords }: PackedTable): FlagTable => ({
  uids: unpack(uids),
  flags: flags ?? new Uint8Array(0),
  keywords: new Map(keywords ?? []),
});

/** @param tables ascending, each behind the one before */
export function joinTables(tables: readonly FlagTable[]): FlagTable {
  const [first = unpackTable({ uids: null, flags: null, keywords: null })] = tables;
  if (tables.length < 2) return first;
  const messages = tables.reduce((sum, { uids }) => sum + uids.length, 0);
  const uids = new Uint32Array(messages);
  const flags = new Uint8Array(messages);
  let at = 0;
  for (const table of tables) {
    uids.set(table.uids, at);
    flags.set(table.flags, at);
    at += table.uids.length;
  }
  return { uids, flags, keywords: new Map(tables.flatMap(({ keywords }) => [...keywords])) };
}

/** What is wanted of the messages of a set. */
export interface SetRows {
  /** Of folder_message. */
  readonly columns: string;
  /** SQL of the folder's id; a from item to the left may give it. */
  readonly folder: string;
  /** Further condition on the columns of folder_message. */
  readonly only?: string;
  /** Rows at most, the lowest UIDs of the set: a literal, so that the planner sees the bound. */
  readonly most?: number;
  /** Locks the rows, and gives them as they are then. */
  readonly lock?: true;
  /** Its name, if not `m`. */
  readonly as?: string;
}

/** A set as two statement parameters, one text for sets of any size. */
export interface SetClause {
  /**
   * A from item `m`, in the order of UIDs; $1 is the tenant. Each range is looked up by itself: as a plain join with the ranges the planner,
   * who cannot know how long they are, would rather read the whole folder than look up each. What is inside has an order, so that it stays inside.
   */
  readonly rows: (wanted: SetRows) => string;
  readonly values: readonly [firsts: number[], lasts: number[]];
}

/** @param first number of the first of its two parameters */
export function setClause(uids: UidSet, first: number): SetClause {
  return {
    rows: ({ columns, folder, only = 'true', most, lock, as = 'm' }) => {
      const limit = most === undefined ? '' : ` limit ${most}`;
      return `lateral (
    select found.* from unnest($${first}::bigint[], $${first + 1}::bigint[]) with ordinality as part (first, last, at), lateral (
      select ${columns} from folder_message
       where tenant_id = $1::uuid and folder_id = ${folder} and uid between part.first and part.last and ${only}
       order by uid${limit}${lock ? ' for update' : ''}) as found
     order by part.at${limit}) as ${as}`;
    },
    values: [uids.map((range) => range.first), uids.map((range) => range.last)],
  };
}
