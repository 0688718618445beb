import { capabilities, encodeCapability, type CommandName } from '#imap';
import type { Client } from '../client.ts';
import { ok } from '../reply.ts';

/** RFC 3501 6.1.1; in the client's phase. @param registered the commands this server has */
export function announced({ session, passwords }: Client, registered: Iterable<CommandName>): string[] {
  const all = capabilities(session.phase, registered);
  if (passwords || session.phase !== 'not-authenticated') return all;
  // RFC 3501 6.2.3
  return [...all.filter((capability) => !capability.startsWith('AUTH=') && capability !== 'SASL-IR'), 'LOGINDISABLED'];
}

export function capability(client: Client, registered: Iterable<CommandName>) {
  client.out.add(encodeCapability(announced(client, registered)));
  return ok('these are my capabilities');
}
