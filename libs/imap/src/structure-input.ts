/**
 * What the encoders read: the shapes of `#message`'s MessageIndex, repeated here because `#imap` knows no other lib.
 * TypeScript compares them structurally where they meet; offsets are octets from the start of the message, [start, end).
 */
export interface MessageIndexInput {
  /** Octets of the whole message, without trace fields. */
  readonly octets: number;
  /** Octets of the header with the empty line that ends it. */
  readonly headerOctets: number;
  readonly root: PartInput;
}

export interface PartInput {
  readonly type: string;
  readonly subtype: string;
  readonly params: readonly (readonly [string, string])[];
  readonly id?: string;
  readonly description?: string;
  readonly encoding: string;
  readonly md5?: string;
  readonly disposition?: { readonly type: string; readonly params: readonly (readonly [string, string])[] };
  readonly language?: readonly string[];
  readonly location?: string;
  /** This part's header with its empty line. */
  readonly header: readonly [number, number];
  readonly body: readonly [number, number];
  readonly lines: number;
  readonly parts: readonly PartInput[];
  readonly message?: { readonly envelope: EnvelopeInput; readonly root: PartInput };
}

/** Raw field bodies as latin1-decoded octets; a field that is absent is undefined or an empty list. */
export interface EnvelopeInput {
  readonly date?: string;
  readonly subject?: string;
  readonly messageId?: string;
  readonly inReplyTo?: string;
  readonly from: readonly AddressInput[];
  readonly sender: readonly AddressInput[];
  readonly replyTo: readonly AddressInput[];
  readonly to: readonly AddressInput[];
  readonly cc: readonly AddressInput[];
  readonly bcc: readonly AddressInput[];
}

/** Group start: host null; group end: mailbox and host null (RFC 3501 7.4.2). */
export interface AddressInput {
  readonly name: string | null;
  readonly route?: string;
  readonly mailbox: string | null;
  readonly host: string | null;
}
