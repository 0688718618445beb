/** What the scanner learned about one message. Plain JSON, so that it can be stored beside the message and sent without parsing it again. */
export interface MessageIndex {
  /** Octets of the whole message as received (without trace fields added at delivery). */
  octets: number;
  /** Octets of the header with the empty line that ends it. */
  headerOctets: number;
  root: Part;
  /** Fields of the top-level header that ENVELOPE and search need: see EnvelopeFields. */
  envelope: EnvelopeFields;
}

/** One body part. Offsets are octets from the start of the message; [start, end). */
export interface Part {
  /** Lower case: 'text'. */
  type: string;
  /** Lower case: 'plain'. */
  subtype: string;
  /** Names lower case, in order; quoted strings decoded; RFC 2231 left as is. */
  params: [string, string][];
  id?: string;
  description?: string;
  /** Lower case; '7bit' where the header does not say. */
  encoding: string;
  md5?: string;
  disposition?: { type: string; params: [string, string][] };
  language?: string[];
  location?: string;
  /** This part's header with its empty line (root: the message header). */
  header: [number, number];
  /** This part's body, without the CRLF that belongs to the next boundary. */
  body: [number, number];
  /** Line ends in the body: a last line without one is not counted. */
  lines: number;
  /** Children of multipart/*; empty where no delimiter was found, or a limit was reached. */
  parts: Part[];
  /** message/rfc822 only: the embedded message. Absent where it is encoded or a limit was reached. */
  message?: { envelope: EnvelopeFields; root: Part };
}

/**
 * Raw field bodies (unfolded, octets kept as a latin1 string, at most 8 KiB each, without CR, LF and NUL);
 * addresses parsed. undefined = field absent.
 */
export interface EnvelopeFields {
  date?: string;
  subject?: string;
  messageId?: string;
  inReplyTo?: string;
  from: Address[];
  sender: Address[];
  replyTo: Address[];
  to: Address[];
  cc: Address[];
  bcc: Address[];
}

/**
 * Group start: {name: null, mailbox: 'Group', host: null}; group end: mailbox null, host null (as RFC 3501 7.4.2 wants it).
 * Strings are latin1-decoded octets. An address without a domain has the host ''.
 */
export interface Address {
  name: string | null;
  /** The source route of RFC 5322 4.4 as written, without comments and spaces: `@relay.example,@other.example`. */
  route?: string;
  mailbox: string | null;
  host: string | null;
}
