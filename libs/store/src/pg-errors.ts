/** What a database error means for the caller: is it the data, or is it us? */
import pg from 'pg';

/** SQLSTATE classes 22 (data exception) and 23 (constraint violation): the statement can never succeed with this data. */
export function isDataError(error: unknown): boolean {
  return (
    error instanceof pg.DatabaseError &&
    (error.code?.startsWith('22') === true || error.code?.startsWith('23') === true)
  );
}

/** Runs `each` on one half after the other until the culprits stand alone: one bad item must not refuse its neighbours. */
export async function bisect<Item>(
  items: readonly Item[],
  run: (items: readonly Item[]) => Promise<void>,
): Promise<Map<Item, unknown>> {
  try {
    await run(items);
    return new Map();
  } catch (error) {
    if (!isDataError(error)) throw error;
    if (items.length === 1 && items[0] !== undefined) return new Map([[items[0], error]]);
    const middle = items.length >> 1;
    const left = await bisect(items.slice(0, middle), run);
    const right = await bisect(items.slice(middle), run);
    return new Map([...left, ...right]);
  }
}
