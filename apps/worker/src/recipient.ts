/** A stored recipient as the directory compares it, and as the trace fields show it. */
import { Buffer } from 'node:buffer';
import { domainToASCII } from 'node:url';
import { canonicalLocal, type CanonicalAddress, type ToAscii } from '#domain';
import { composeDeliveredTo, composeReturnPath, parseForwardPath, parseReversePath } from '#smtp';

/** Undefined for text that is no address; bare postmaster has no domain and is never in the local lane. */
export function addressOf(recipient: string, toAscii: ToAscii): CanonicalAddress | undefined {
  const path = parseForwardPath(recipient, { utf8: true, toAscii });
  return path.kind === 'mailbox' ? { local: canonicalLocal(path.local), domain: path.domain } : undefined;
}

/** Return-Path and Delivered-To: RFC 5321 4.4, RFC 9228. */
export function traceOf(reversePath: string, recipient: string, address: CanonicalAddress): Buffer {
  const rules = { utf8: true, toAscii: domainToASCII };
  const sender = parseReversePath(reversePath, rules);
  const to = parseForwardPath(recipient, rules);
  const returnPath = composeReturnPath(sender.kind === 'refused' ? { kind: 'null' } : sender);
  const deliveredTo = composeDeliveredTo(to.kind === 'mailbox' ? to : address) ?? '';
  return Buffer.from(returnPath + deliveredTo, 'utf8');
}
