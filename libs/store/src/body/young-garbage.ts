/**
 * Large bodies leave dead buffers behind faster than V8 looks for them: it lets the young generation hold some 64 MiB of memory
 * outside of its heap before it collects. So we ask it to, by the octets that passed.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { CHUNK_OCTETS } from '#domain';

/** Octets of large bodies, of all connections together, after which the young generation is collected: about a third of a millisecond. */
export const COLLECT_AFTER = 4 * CHUNK_OCTETS;

/** V8's own function; only contexts that are made under this flag have it. */
function findCollector(): () => void {
  setFlagsFromString('--expose-gc');
  const found: unknown = runInNewContext('gc');
  setFlagsFromString('--no-expose-gc');
  return typeof found === 'function'
    ? () => void Reflect.apply(found, undefined, [{ type: 'minor' }])
    : () => undefined;
}

let collect: (() => void) | undefined;
let octets = 0;

/** So many octets of a large body were read or written. */
export function passed(count: number): void {
  octets += count;
  if (octets < COLLECT_AFTER) return;
  octets = 0;
  (collect ??= findCollector())();
}
