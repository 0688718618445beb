/** Parameters of RCPT: NOTIFY and ORCPT. RFC 3461 4.1 and 4.2, RFC 6533 3 for addresses in UTF-8. */
import { decodeXtext } from '#wire';
import { MAX_ORCPT } from './limits.ts';
import { isLenientDotString } from './local-part.ts';
import type { Parameters } from './path-command.ts';
import { isPrintable } from './printable.ts';
import * as refuse from './refusals.ts';
import type { Reply } from './reply.ts';

const EVENTS = ['SUCCESS', 'FAILURE', 'DELAY'] as const;
export type NotifyEvent = (typeof EVENTS)[number];
/** Events without repetition, in a fixed order; undefined leaves the choice to us (failure, perhaps delay). */
export type Notify = 'NEVER' | readonly NotifyEvent[] | undefined;

export interface OriginalRecipient {
  /** Lower case, such as rfc822 or utf-8. */
  readonly type: string;
  /** Decoded; printable ASCII (of type utf-8 still in the \x{..} form of RFC 6533). */
  readonly address: string;
}

export interface RcptParameters {
  readonly kind: 'rcpt';
  readonly notify: Notify;
  readonly orcpt: OriginalRecipient | undefined;
}

export type RcptParametersVerdict = RcptParameters | { readonly kind: 'refused'; readonly reply: Reply };

export function checkRcptParameters(parameters: Parameters): RcptParametersVerdict {
  let notify: Notify;
  let orcpt: OriginalRecipient | undefined;
  for (const [keyword, value] of parameters) {
    switch (keyword) {
      case 'NOTIFY':
        notify = parseNotify(value);
        if (!notify) return refused(refuse.BAD_PARAMETER);
        break;
      case 'ORCPT':
        orcpt = parseOrcpt(value);
        if (!orcpt) return refused(refuse.BAD_PARAMETER);
        break;
      default:
        return refused(refuse.UNKNOWN_PARAMETER);
    }
  }
  return { kind: 'rcpt', notify, orcpt };
}

/** RFC 3461 4.1: NEVER stands alone. */
function parseNotify(value: string | undefined): Notify {
  const words = value?.toUpperCase().split(',') ?? [];
  if (words.length === 1 && words[0] === 'NEVER') return 'NEVER';
  const known = words.every((word) => EVENTS.some((event) => event === word));
  return words.length > 0 && known ? EVENTS.filter((event) => words.includes(event)) : undefined;
}

/** RFC 3461 4.2: addr-type ";" xtext. */
function parseOrcpt(value: string | undefined): OriginalRecipient | undefined {
  if (value === undefined || value.length > MAX_ORCPT) return undefined;
  const semicolon = value.indexOf(';');
  const type = value.slice(0, Math.max(0, semicolon)).toLowerCase();
  const address = decodeXtext(value.slice(semicolon + 1));
  if (!isPrintable(type) || !isLenientDotString(type) || !address || !isPrintable(address)) return undefined;
  return { type, address };
}

const refused = (reply: Reply): RcptParametersVerdict => ({ kind: 'refused', reply });
