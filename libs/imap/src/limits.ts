/** Every bound of the protocol layer, with the reason for it. */

/** Octets of one command outside of its literals, line ends included, before login: room for the largest ID (RFC 2971 3.3: 30 names of 30 octets with values of 1,024). */
export const MAX_LINE_BEFORE_LOGIN = 36 * 1024;
/** The same after login: clients send UID sets of thousands of messages. */
export const MAX_LINE = 64 * 1024;
/** Octets of the one line that answers AUTHENTICATE, or ends IDLE: the largest SASL PLAIN message (16 KiB) in base64. */
export const MAX_AUTH_LINE = 24 * 1024;
/** Octets of all literals of one command before login. */
export const MAX_LITERALS_BEFORE_LOGIN = 32 * 1024;
/** Octets of all literals of one command after login; the message of APPEND is streamed and not counted. */
export const MAX_LITERALS = 64 * 1024;
/** Literals in one command: as many as a search has keys. */
export const MAX_LITERAL_COUNT = 1_000;
/** Octets of a command over its limits that are read and thrown away before login, so that it gets its BAD; more ends the connection. */
export const MAX_DISCARD_BEFORE_LOGIN = 128 * 1024;
/** The same after login. */
export const MAX_DISCARD = 1024 * 1024;
/** Octets of a tag: it is echoed, and kept while a command runs. */
export const MAX_TAG = 128;
/** Ranges in one sequence set: each costs two binary searches. */
export const MAX_SEQUENCE_RANGES = 16_384;
/** Keys in one search program, parentheses, NOT and OR among them: each is evaluated for every message, and the evaluator recurses. */
export const MAX_SEARCH_KEYS = 1_000;
/** Items in one FETCH: each may be a whole body in the answer. */
export const MAX_FETCH_ITEMS = 128;
/** Field names in one HEADER.FIELDS list. */
export const MAX_FIELD_NAMES = 1_000;
/** Numbers in one section part: deeper than the MIME scanner looks. */
export const MAX_PART_DEPTH = 100;
/** Flags and keywords in one list. */
export const MAX_FLAG_LIST = 256;
/** Octets of one LIST pattern with its reference: matching costs pattern times name. */
export const MAX_LIST_PATTERN = 1_000;
/** Runs of wildcards in one LIST pattern. */
export const MAX_LIST_WILDCARDS = 32;
/** Patterns in one extended LIST. */
export const MAX_LIST_PATTERNS = 64;
/** Octets of all patterns of one LIST, each with its reference: each is compared with every name. */
export const MAX_LIST_OCTETS = 4_000;
/** Parameters of one ID command: RFC 2971 3.3. */
export const MAX_ID_PARAMETERS = 30;
/** Capabilities named in one ENABLE. */
export const MAX_ENABLE = 64;
/** Octets of one string in ENVELOPE and BODYSTRUCTURE; what is longer is cut. */
export const MAX_ENCODED_FIELD = 8 * 1024;
/** Characters of a Message-ID that are kept beside the message, to find it by; a longer one is cut. */
export const MAX_MESSAGE_ID = 998;
/** Octets of decoded text of one message that SEARCH BODY and TEXT look at. */
export const MAX_SEARCH_TEXT = 4 * 1024 * 1024;
/** Octets of one header that SEARCH looks at: more than any sane header has, and a search may ask for it in every message. */
export const MAX_SEARCH_HEADER = 1024 * 1024;
/** Fields of one header that SEARCH and HEADER.FIELDS look at: as many as SMTP takes lines. Twelve octets of index each. */
export const MAX_INDEXED_FIELDS = 200_000;
/** Encoded words of one header that SEARCH decodes, broken ones counted: each costs microseconds, and a header can hold half a million. */
export const MAX_SEARCH_WORDS = 10_000;
/** Octets of an APPEND message that is refused but comes all the same, read and thrown away; a longer one ends the connection. */
export const MAX_REFUSED_MESSAGE = 256 * 1024 * 1024;
/** Characters (code points) of a folder's full name. */
export const MAX_FOLDER_CHARACTERS = 255;
/** Octets of a folder's full name in UTF-8: it is a key of an index. */
export const MAX_FOLDER_OCTETS = 1_000;
/** Levels of a folder's name: each may be listed as a parent of its own. */
export const MAX_FOLDER_DEPTH = 20;
/** Characters of one keyword: it is stored with every message that bears it. */
export const MAX_KEYWORD = 100;
