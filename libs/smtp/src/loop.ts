/** The addresses a message has been delivered to, by its Delivered-To fields: what a loop is known by. */
import { toDomain, type ToAscii } from './domain-name.ts';
import { MAX_LOCAL_PART } from './limits.ts';
import { readQuotedString } from './local-part.ts';
import type { MailboxPath } from './path.ts';

/**
 * Those of the values that are addresses, bare or in angle brackets, quoted or not.
 * @param deliveredTo bodies of the Delivered-To fields
 */
export function deliveredToAddresses(
  deliveredTo: readonly string[],
  toAscii: ToAscii,
): Pick<MailboxPath, 'local' | 'domain'>[] {
  return deliveredTo.map((value) => parseValue(value, toAscii)).filter((address) => address !== undefined);
}

function parseValue(value: string, toAscii: ToAscii): Pick<MailboxPath, 'local' | 'domain'> | undefined {
  const trimmed = value.trim();
  const text = trimmed.startsWith('<') && trimmed.endsWith('>') ? trimmed.slice(1, -1) : trimmed;
  const at = text.lastIndexOf('@');
  const domain = at < 1 ? undefined : toDomain(text.slice(at + 1), toAscii);
  if (!domain) return undefined;
  const quoted = text.startsWith('"') ? readQuotedString(text) : undefined;
  const local = quoted && quoted.end === at ? quoted.text : text.slice(0, at);
  // No address of ours is longer, and a separator for each octet would be as many rows to ask for.
  return Buffer.byteLength(local) > MAX_LOCAL_PART ? undefined : { local, domain };
}
