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

/** A set as statement parameters: most are a single range, for which the planner has a better plan than for a join. */
export interface SetClause {
  /** Distinguishes the prepared statements. */
  readonly name: 'one' | 'many';
  /** Follows `folder_message m` in a from list. */
  readonly from: string;
  readonly where: string;
  readonly values: readonly [unknown, unknown];
}

/** @param first number of the first of its two parameters */
export function setClause(uids: UidSet, first: number): SetClause {
  const [only] = uids;
  if (uids.length === 1 && only) {
    return {
      name: 'one',
      from: '',
      where: `m.uid between $${first}::bigint and $${first + 1}::bigint`,
      values: [only.first, only.last],
    };
  }
  return {
    name: 'many',
    from: `, unnest($${first}::bigint[], $${first + 1}::bigint[]) as part (first, last)`,
    where: 'm.uid between part.first and part.last',
    values: [uids.map((range) => range.first), uids.map((range) => range.last)],
  };
}
