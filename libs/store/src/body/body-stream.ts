/** Bodies over SMALL_BODY: chunk rows, read one by one with one read ahead. */
import { CHUNK_OCTETS, type MessageId, type TenantId } from '#domain';
import type { HotStatement, Reader } from '../hot-connection.ts';
import { escaped, unescaped } from './escaped.ts';
import { passed } from './young-garbage.ts';

const READ_CHUNK: HotStatement = {
  name: 'body_read_chunk',
  text: `
select ${escaped('octets')} as octets from message_chunk
 where tenant_id = $1::uuid and message_id = $2::uuid and number = $3::int`,
};

/** A stored body has a gap, or is gone altogether. */
export class DamagedBody extends Error {
  override readonly name = 'DamagedBody';
}

/** Octets [start, end) of a chunked body. A reader that stops early leaves at most one answer behind. */
export async function* bodyStream(
  reader: Reader,
  tenantId: TenantId,
  messageId: MessageId,
  start: number,
  end: number,
): AsyncGenerator<Buffer> {
  if (end <= start) return;
  const last = Math.floor((end - 1) / CHUNK_OCTETS);
  const read = async (number: number): Promise<Buffer | undefined> => {
    const rows = await reader.query<{ octets: string }>(READ_CHUNK, [tenantId, messageId, number]);
    const [row] = rows;
    if (!row) return undefined;
    const { octets } = row;
    // node-postgres chains its queries, and with them their rows: V8 would take each text for alive and move it to the old generation.
    row.octets = '';
    return unescaped(octets);
  };
  let number = Math.floor(start / CHUNK_OCTETS);
  let ahead = read(number);
  for (; number <= last; number++) {
    const chunk = await ahead;
    const first = number * CHUNK_OCTETS;
    const until = Math.min(end, first + CHUNK_OCTETS);
    if (chunk === undefined || first + chunk.length < until) {
      throw new DamagedBody(`chunk ${number} of message ${messageId} is missing or short`);
    }
    if (number < last) {
      ahead = read(number + 1);
      ahead.catch(() => undefined); // the consumer may leave before it awaits this one
    }
    passed(chunk.length);
    yield chunk.subarray(Math.max(0, start - first), until - first);
  }
}
