/** Loops by our own Delivered-To: compared as the directory compares, so that a change of case does not hide one. */
import { toDomain, type ToAscii } from './domain-name.ts';
import { readQuotedString } from './local-part.ts';
import type { MailboxPath } from './path.ts';

/** @param canonicalLocal of the directory: NFC, case-folded */
export interface LoopRules {
  readonly toAscii: ToAscii;
  readonly canonicalLocal: (local: string) => string;
}

/** True when one of the message's Delivered-To values names this recipient: it has been here before. */
export function hasBeenDeliveredTo(
  deliveredTo: readonly string[],
  recipient: Pick<MailboxPath, 'local' | 'domain'>,
  rules: LoopRules,
): boolean {
  const local = rules.canonicalLocal(recipient.local);
  const domain = recipient.domain.toLowerCase();
  return deliveredTo.some((value) => {
    const address = parseValue(value, rules.toAscii);
    return address !== undefined && address.domain === domain && rules.canonicalLocal(address.local) === local;
  });
}

/** Bare or in angle brackets, quoted or not; undefined for what is no address. */
function parseValue(value: string, toAscii: ToAscii): Pick<MailboxPath, 'local' | 'domain'> | undefined {
  const trimmed = value.trim();
  const text = trimmed.startsWith('<') && trimmed.endsWith('>') ? trimmed.slice(1, -1) : trimmed;
  const at = text.lastIndexOf('@');
  const domain = at < 1 ? undefined : toDomain(text.slice(at + 1), toAscii);
  if (!domain) return undefined;
  const quoted = text.startsWith('"') ? readQuotedString(text) : undefined;
  const local = quoted && quoted.end === at ? quoted.text : text.slice(0, at);
  return { local, domain };
}
