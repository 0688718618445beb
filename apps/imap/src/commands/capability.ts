import { capabilities, encodeCapability, type CommandName, type Phase } from '#imap';
import type { Client } from '../client.ts';
import { ok } from '../reply.ts';

/**
 * RFC 3501 6.1.1
 * @param passwords whether the connection may carry them
 * @param registered the commands this server has
 */
export function announced(phase: Phase, passwords: boolean, registered: Iterable<CommandName>): string[] {
  const all = capabilities(phase, registered);
  if (passwords || phase !== 'not-authenticated') return all;
  // RFC 3501 6.2.3
  return [...all.filter((capability) => !capability.startsWith('AUTH=') && capability !== 'SASL-IR'), 'LOGINDISABLED'];
}

export function capability(client: Client, registered: Iterable<CommandName>) {
  client.out.add(encodeCapability(announced(client.session.phase, client.passwords, registered)));
  return ok('these are my capabilities');
}
