/** The worker's sweep of what was removed, to its end, without grace. */
import type pg from 'pg';

export async function sweepRemoved(owner: pg.Pool, { batch = 1_000, graceDays = 0 } = {}): Promise<void> {
  for (let more = true; more;) {
    const { rows } = await owner.query<{ more: boolean }>('select more from sweep_removed($1, $2)', [batch, graceDays]);
    more = rows[0]?.more === true;
  }
}
