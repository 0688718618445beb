/** Commands about the session itself: RFC 3501 6.1, RFC 2971, RFC 2342, RFC 5161. */
import { encodeEnabled, encodeId, encodeNamespace, encodeUntagged, SEPARATOR } from '#imap';
import type { Client } from '../client.ts';
import { ok, type Reply } from '../reply.ts';

/** What it does is done for every command: telling what is new. */
export const noop = (): Reply => ok('done');

export function logout({ out }: Client): Reply {
  out.add(encodeUntagged('BYE', 'until next time'));
  return ok('logged out');
}

export function id({ out }: Client): Reply {
  out.add(encodeId([['name', 'Posthouse']]));
  return ok('pleased to meet you');
}

export function namespace({ out }: Client): Reply {
  out.add(encodeNamespace([{ prefix: '', delimiter: SEPARATOR }]));
  return ok('one namespace, your own');
}

/** RFC 5161 3.1: what we do not have is passed over in silence; there is nothing to enable yet. */
export function enable({ out }: Client): Reply {
  out.add(encodeEnabled([]));
  return ok('done');
}
