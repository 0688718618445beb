/** What a database error means for the caller: is it the data, or is it us? */
import pg from 'pg';

/**
 * SQLSTATE classes of statements that can never succeed with this data: 22 data exception, 23 constraint violation,
 * 54 program limit exceeded (a value too long for its index, say).
 */
const DATA_CLASSES: ReadonlySet<string> = new Set(['22', '23', '54']);

export const isDataError = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && DATA_CLASSES.has(error.code?.slice(0, 2) ?? '');

/** 55P03: another transaction held a row for longer than lock_timeout. */
export const isLockTimeout = (error: unknown): boolean => error instanceof pg.DatabaseError && error.code === '55P03';

/** Something in the items themselves, whether the database says so or our own code that composes the statement. A lost connection throws neither. */
const isOfItems = (error: unknown): boolean =>
  isDataError(error) || error instanceof RangeError || error instanceof TypeError;

/** Runs `run` on one half after the other until the culprits stand alone: one bad item must not refuse its neighbours. */
export async function bisect<Item>(
  items: readonly Item[],
  run: (items: readonly Item[]) => Promise<void>,
): Promise<Map<Item, unknown>> {
  try {
    await run(items);
    return new Map();
  } catch (error) {
    if (!isOfItems(error)) throw error;
    if (items.length === 1 && items[0] !== undefined) return new Map([[items[0], error]]);
    const middle = items.length >> 1;
    const left = await bisect(items.slice(0, middle), run);
    const right = await bisect(items.slice(middle), run);
    return new Map([...left, ...right]);
  }
}
