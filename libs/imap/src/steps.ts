/**
 * Long work in steps: at each `yield` whoever drives it may let others have their turn. Between two yields lies a millisecond or so, whatever
 * the input: STEP_OCTETS of text, or work of that size.
 */
export type Steps<Result> = Generator<undefined, Result, undefined>;

/** Octets or characters that one step looks at. */
export const STEP_OCTETS = 32 * 1024;

/** Counts work: true when enough was done for one step. */
export class Pace {
  #done = 0;

  /** @param octets looked at since the last call; what a call costs by itself is added */
  isStep(octets: number): boolean {
    this.#done += octets + 64;
    if (this.#done < STEP_OCTETS) return false;
    this.#done = 0;
    return true;
  }
}
