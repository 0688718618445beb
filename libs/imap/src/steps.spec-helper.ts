import type { Steps } from './steps.ts';

/** Does all of it at once, and counts the places where others could have had their turn. */
export function allSteps<Result>(steps: Steps<Result>): { readonly result: Result; readonly turns: number } {
  let turns = 0;
  for (;;) {
    const step = steps.next();
    if (step.done === true) return { result: step.value, turns };
    turns++;
  }
}
