/** The maildrop as a session sees it: fixed from login to QUIT, whatever is delivered meanwhile. */

/** Messages are numbered from 1. Sizes are octets as sent by RETR before dot-stuffing. */
export interface Maildrop {
  readonly count: number;
  readonly octets: number;
  /** Defined for 1..count only. */
  sizeOf(number: number): number;
  /** 1 to 70 octets of 0x21 to 0x7e, unique in the maildrop: RFC 1939 7. */
  uidlOf(number: number): string;
}

export interface MaildropContents {
  /** Octets of each message, in message order. */
  readonly sizes: ArrayLike<number>;
  /** The unique-id of a message number, made when it is asked for. */
  readonly uidlOf: (number: number) => string;
}

/** Four octets a message beside what the unique-ids are made of: an idle session with thousands of messages stays small. */
export function compactMaildrop({ sizes, uidlOf }: MaildropContents): Maildrop {
  if (sizes.length === 0) return EMPTY;
  const octetsOf = new Uint32Array(sizes);
  let octets = 0;
  for (const size of octetsOf) octets += size;
  return {
    count: octetsOf.length,
    octets,
    sizeOf: (number) => octetsOf[number - 1] ?? 0,
    uidlOf,
  };
}

const EMPTY: Maildrop = { count: 0, octets: 0, sizeOf: () => 0, uidlOf: () => '' };
