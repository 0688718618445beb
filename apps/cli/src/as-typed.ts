/** Commands in messages, in the form in which they can be typed. */
import type { Environment } from '#runtime';

/** The messages name commands as on the PATH. */
const COMMAND =
  /(?<!npx )\bposthouse (?=(?:up|down|status|database|doctor|demo|migrate|backup|restore|restored|tenant|domain|mailbox|alias|explain|send|trace|queue|login-failures|unlock|ledger)\b)/g;

/** Who came by npx or npm start may have no `posthouse` on the PATH. */
export const asTyped = (text: string, { npm_command: byNpm }: Environment): string =>
  byNpm === undefined ? text : text.replace(COMMAND, 'npx posthouse ');
