/** What a message must keep to on its way in, and what is wrong with one that does not. */

/** Octets of a line, CRLF not counted: RFC 5321 4.5.3.1.6 has 998, and asks receivers to take more. Outlook and scripts send such mail. */
export const MAX_DATA_LINE = 64 * 1024;
/** Octets of the header, its closing empty line included: bounds what the header parsers ever have to hold. */
export const MAX_HEADER_OCTETS = 16 * 1024 * 1024;
/** Lines of the header: bounds the objects made of it; real headers have some hundred. */
export const MAX_HEADER_LINES = 200_000;
/** RFC 5321 6.3: as many Received (or Delivered-To) fields mean a mail loop. */
export const MAX_HOPS = 100;

export interface DataLimits {
  readonly line: number;
  readonly headerOctets: number;
  readonly headerLines: number;
  readonly hops: number;
}

export const DATA_LIMITS: DataLimits = {
  line: MAX_DATA_LINE,
  headerOctets: MAX_HEADER_OCTETS,
  headerLines: MAX_HEADER_LINES,
  hops: MAX_HOPS,
};

export type DataViolation =
  'bare-cr' | 'bare-lf' | 'nul' | 'line-too-long' | 'header-too-large' | 'too-many-header-lines' | 'too-many-hops';

export interface HeaderFacts {
  /** Octets up to and with the empty line that ends the header. */
  readonly octets: number;
  readonly lines: number;
  readonly received: number;
  /** Unfolded and trimmed, top to bottom; never more than the hop limit. */
  readonly deliveredTo: readonly string[];
  /** The first Message-ID, unfolded and trimmed, as it stands (angle brackets included). */
  readonly messageId: string | undefined;
}
