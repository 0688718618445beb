import { reasonOf } from '#runtime';

export interface Finding {
  readonly verdict: 'ok' | 'warn' | 'fail';
  readonly what: string;
  /** What to do about it; undefined where all is well. */
  readonly remedy: string | undefined;
}

export const ok = (what: string): Finding => ({ verdict: 'ok', what, remedy: undefined });
export const warn = (what: string, remedy: string): Finding => ({ verdict: 'warn', what, remedy });
export const fail = (what: string, remedy: string): Finding => ({ verdict: 'fail', what, remedy });

/** A check that throws has failed; its reason is the finding. */
export async function attempt(what: string, remedy: string, check: () => Promise<Finding>): Promise<Finding> {
  try {
    return await check();
  } catch (error) {
    return fail(`${what}: ${reasonOf(error)}`, remedy);
  }
}
