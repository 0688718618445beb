import { LineCutter } from '#wire';

/** RFC 2449 4: a command line has at most 255 octets, its CRLF included. */
export const MAX_COMMAND_LINE = 255;
/** Octets of a PASS or AUTH line, or of an AUTH response: a password of 10,000 characters gets its exact answer, also in base64. */
export const MAX_LOGIN_LINE = 16_384;
/** Unknown, malformed and over-long commands that a session may send before it is closed. */
export const MAX_BAD_COMMANDS = 50;

/** What cuts a connection's octets into the lines for onLine. */
export const commandLines = (): LineCutter => new LineCutter(MAX_LOGIN_LINE);
