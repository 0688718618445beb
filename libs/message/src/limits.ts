/** How much of a message the scanner interprets. Every octet is still delivered; what lies beyond a limit is only not looked into. */
export interface ScanLimits {
  depth: number;
  parts: number;
  headerOctets: number;
  allHeaderOctets: number;
  headerFields: number;
  fieldOctets: number;
  addresses: number;
  allAddresses: number;
}

/** Levels of multipart and message/rfc822, the message itself being the first: real mail stays under ten, and readers of the index recurse. */
export const MAX_MIME_DEPTH = 50;

/** Parts in one index, embedded messages included: the rest of a multipart beyond it is opaque. Keeps the index of a bomb small. */
export const MAX_MIME_PARTS = 1_000;

/** Octets of one header that are interpreted: bounds the text kept while a header arrives. */
export const MAX_HEADER_OCTETS = 64 * 1024;

/** Octets of all headers of one message together that are interpreted: bounds the index of 1,000 parts with large headers. */
export const MAX_ALL_HEADER_OCTETS = 1024 * 1024;

/** Fields of one header that are looked at: bounds the work on a header made of tiny fields. */
export const MAX_HEADER_FIELDS = 5_000;

/** Octets kept of one field body: as long as the longest command line a client may send. */
export const MAX_FIELD_OCTETS = 8 * 1024;

/** Addresses kept of one field, group marks included: bounds one ENVELOPE. */
export const MAX_ADDRESSES = 1_000;

/** Addresses kept of all fields of all embedded messages: an address of one octet costs forty in the index. */
export const MAX_ALL_ADDRESSES = 5_000;

/** Parameters kept of one Content-Type or Content-Disposition field. */
export const MAX_PARAMETERS = 64;

/** Octets of a boundary; RFC 2046 5.1.1 says 70, some senders write more. A longer one makes the multipart opaque text. */
export const MAX_BOUNDARY_OCTETS = 200;

/** Octets of a line that can be a delimiter (boundary and transport padding): bounds what is kept of a line cut by a chunk. */
export const MAX_DELIMITER_LINE = 1_000;

export const scanLimits: ScanLimits = {
  depth: MAX_MIME_DEPTH,
  parts: MAX_MIME_PARTS,
  headerOctets: MAX_HEADER_OCTETS,
  allHeaderOctets: MAX_ALL_HEADER_OCTETS,
  headerFields: MAX_HEADER_FIELDS,
  fieldOctets: MAX_FIELD_OCTETS,
  addresses: MAX_ADDRESSES,
  allAddresses: MAX_ALL_ADDRESSES,
};
