/** Parameters of MAIL: SIZE (RFC 1870), BODY (RFC 6152), SMTPUTF8 (RFC 6531), RET and ENVID (RFC 3461). */
import { decodeXtext } from '#wire';
import { MAX_ENVID } from './limits.ts';
import type { Parameters } from './path-command.ts';
import { isPrintable } from './printable.ts';
import * as refuse from './refusals.ts';
import type { Reply } from './reply.ts';

export interface MailParameters {
  readonly kind: 'mail';
  /** Octets the client means to send; undefined when it did not say. */
  readonly size: number | undefined;
  readonly body: '7BIT' | '8BITMIME';
  readonly utf8: boolean;
  readonly ret: 'FULL' | 'HDRS' | undefined;
  /** Decoded; printable ASCII. */
  readonly envid: string | undefined;
}

export type MailParametersVerdict = MailParameters | { readonly kind: 'refused'; readonly reply: Reply };

/** @param maxOctets of a message; a larger declared SIZE is refused before any of it is sent */
export function checkMailParameters(parameters: Parameters, maxOctets: number): MailParametersVerdict {
  const found: { -readonly [Name in keyof MailParameters]: MailParameters[Name] } = {
    kind: 'mail',
    size: undefined,
    body: '7BIT',
    utf8: false,
    ret: undefined,
    envid: undefined,
  };
  for (const [keyword, value] of parameters) {
    switch (keyword) {
      case 'SIZE':
        found.size = parseSize(value);
        if (found.size === undefined) return refused(refuse.BAD_PARAMETER);
        if (found.size > maxOctets) return refused(refuse.TOO_BIG);
        break;
      case 'BODY': {
        const body = oneOf(value, ['7BIT', '8BITMIME']);
        if (!body) return refused(refuse.BAD_PARAMETER);
        found.body = body;
        break;
      }
      case 'SMTPUTF8':
        if (value !== undefined) return refused(refuse.BAD_PARAMETER);
        found.utf8 = true;
        break;
      case 'RET':
        found.ret = oneOf(value, ['FULL', 'HDRS']);
        if (!found.ret) return refused(refuse.BAD_PARAMETER);
        break;
      case 'ENVID':
        found.envid = parseEnvid(value);
        if (found.envid === undefined) return refused(refuse.BAD_PARAMETER);
        break;
      default:
        return refused(refuse.UNKNOWN_PARAMETER);
    }
  }
  return found;
}

/** RFC 1870 3: up to twenty digits; what a number cannot hold is too big all the same. */
function parseSize(value: string | undefined): number | undefined {
  if (value === undefined || value.length > 20) return undefined;
  for (const digit of value) if (digit < '0' || digit > '9') return undefined;
  return Number(value);
}

/** RFC 3461 4.4: printable ASCII, white space included, as xtext. */
function parseEnvid(value: string | undefined): string | undefined {
  if (value === undefined || value.length > MAX_ENVID) return undefined;
  const envid = decodeXtext(value);
  return envid !== undefined && isPrintable(envid) ? envid : undefined;
}

const oneOf = <Value extends string>(value: string | undefined, allowed: readonly Value[]): Value | undefined =>
  allowed.find((candidate) => candidate === value?.toUpperCase());

const refused = (reply: Reply): MailParametersVerdict => ({ kind: 'refused', reply });
