/** The few bounds of time that are promises to users. Everything else that takes time is printed at most. */

/** Seconds are a machine's, and it may have been busy elsewhere: a promise is broken when every try is late. */
const TRIES = 3;

/** Milliseconds in which a normal client is served, whatever others do. */
export const SERVED_WITHIN = 2_000;
/** Milliseconds from the answer to DATA until an idling client hears of the mail. */
export const HEARD_WITHIN = 1_000;

/** Milliseconds from the end of a process until the maildrops it held are free. */
export const FREE_WITHIN = 1_000;

/**
 * @param attempt does it once and says how many milliseconds it took
 * @throws when none of the tries kept within the bound
 */
export async function promptly(bound: number, attempt: () => Promise<number>): Promise<void> {
  const took: number[] = [];
  while (took.length < TRIES) {
    const milliseconds = await attempt();
    if (milliseconds <= bound) return;
    took.push(Math.round(milliseconds));
  }
  throw new Error(`promised within ${bound} ms, took ${took.join(', ')} ms`);
}
