import type { CommandName } from './command.ts';
import { COMMANDS, type Phase } from './session.ts';

/** What the parser and framer do for every command: RFC 3501, RFC 7888. */
const ALWAYS: readonly string[] = ['IMAP4rev1', 'LITERAL+'];

/**
 * What the server announces, in the order it is sent: derived from the commands that are registered. What only serves to log in is
 * left out afterwards.
 */
export function capabilities(phase: Phase, registered: Iterable<CommandName>): string[] {
  const announced = [...ALWAYS];
  for (const name of registered) {
    const { phases, capabilities: own = [] } = COMMANDS[name];
    const onlyForLogin = phases.every((one) => one === 'not-authenticated');
    if (!onlyForLogin || phase === 'not-authenticated') announced.push(...own);
  }
  return announced;
}
