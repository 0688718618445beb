import { Buffer } from 'node:buffer';
import { FieldNames, type FieldIndex } from './field-index.ts';
import { LF } from './octets.ts';

const LINE_END = Buffer.from('\r\n');

/** Gives the fields of a header that were asked for, in their order, with the empty line. RFC 3501 6.4.5 */
export type HeaderFilter = (index: FieldIndex) => Buffer;

/**
 * HEADER.FIELDS and, with `not`, HEADER.FIELDS.NOT. Made once per FETCH, run per message; linear in the fields. RFC 3501 6.4.5
 * Names in any case; folded fields stay folded; what stands in the header but is no field goes with NOT only.
 */
export function headerFilter(names: readonly string[], not: boolean): HeaderFilter {
  const wanted = new FieldNames(names);
  return (index) => {
    const { header, count, end } = index;
    /** Offsets where what is kept begins and ends, in turn. */
    const bounds: number[] = [];
    let keeping = false;
    let octets = 0;
    for (let field = 0; field < count; field++) {
      if ((index.isNamed(field, wanted) !== not) === keeping) continue;
      const start = index.startOf(field);
      octets += keeping ? start : -start;
      keeping = !keeping;
      bounds.push(start);
    }
    if (keeping) {
      octets += end;
      bounds.push(end);
    }
    const unended = keeping && header[end - 1] !== LF;
    const out = Buffer.allocUnsafe(octets + (unended ? 2 : 1) * LINE_END.length);
    let at = 0;
    for (let pair = 0; pair < bounds.length; pair += 2) at += header.copy(out, at, bounds[pair], bounds[pair + 1]);
    if (unended) at += LINE_END.copy(out, at);
    LINE_END.copy(out, at);
    return out;
  };
}
