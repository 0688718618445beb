/** Tables read whole, a bounded page in each statement, in the order of their keys. */
import { ROOT_TENANT, type TenantId } from '#domain';
import { sql } from 'kysely';
import type { Act } from '../directory/act.ts';

/** Rows of one statement: some ten milliseconds of the database. */
export const ROWS_PER_PAGE = 10_000;

/** Tenants that are looked at together: all there are rows of, or one. */
export interface TenantRange {
  readonly first: string;
  readonly last: string;
}

export const ZERO_ID = '00000000-0000-0000-0000-000000000000';
const ALL_TENANTS: TenantRange = { first: ZERO_ID, last: 'ffffffff-ffff-ffff-ffff-ffffffffffff' };

/**
 * What the principal may see. The operator sees rows of tenants that are gone as well. For everybody else a page of the whole table would pass over
 * any number of others' rows, so that each tenant of the subtree is a range of its own.
 */
export async function* rangesOf(act: Act, principal: TenantId, page: number): AsyncGenerator<TenantRange, void> {
  if (principal === ROOT_TENANT) return yield ALL_TENANTS;
  const parents: TenantId[] = [principal];
  for (let parent = parents.pop(); parent !== undefined; parent = parents.pop()) {
    yield { first: parent, last: parent };
    const of = parent;
    const below = new PagedRows<{ id: TenantId }>(page, (after) => childrenOf(act, of, after?.id ?? ZERO_ID, page));
    for (await below.fill(); below.head; await below.fill()) {
      parents.push(below.head.id);
      below.next();
    }
  }
}

async function childrenOf(act: Act, parent: TenantId, after: string, page: number): Promise<{ id: TenantId }[]> {
  const { rows } = await sql<{ id: TenantId }>`
    select id from tenant
     where (parent_id, id) > (${parent}::uuid, ${after}::uuid) and parent_id <= ${parent}::uuid
     order by parent_id, id limit ${sql.lit(page)}`.execute(act);
  return rows;
}

/** The row in hand of a table that is read page by page: to be filled before it is looked at. */
export class PagedRows<Row> {
  readonly #page: number;
  readonly #read: (after: Row | undefined) => Promise<Row[]>;
  #rows: readonly Row[] = [];
  #at = 0;
  #ended = false;

  /** @param read the rows behind this one, at most `page` of them */
  constructor(page: number, read: (after: Row | undefined) => Promise<Row[]>) {
    this.#page = page;
    this.#read = read;
  }

  /** Undefined at the end. */
  get head(): Row | undefined {
    return this.#rows[this.#at];
  }

  next(): void {
    this.#at++;
  }

  get isEmpty(): boolean {
    return this.#at >= this.#rows.length && !this.#ended;
  }

  async fill(): Promise<void> {
    if (!this.isEmpty) return;
    this.#rows = await this.#read(this.#rows.at(-1));
    this.#at = 0;
    this.#ended = this.#rows.length < this.#page;
  }
}
