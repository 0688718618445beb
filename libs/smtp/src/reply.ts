/** SMTP replies as values: RFC 5321 4.2 with the enhanced status of RFC 3463 and 2034. */

export interface Reply {
  readonly code: number;
  /** Class.subject.detail, of the same class as the code. */
  readonly status: string;
  /** One line, printable. */
  readonly text: string;
}

/** Anything but printable ASCII becomes `?`: no reply text can end its line or start another. */
export const reply = (code: number, status: string, text: string): Reply => ({ code, status, text: printable(text) });

/** The line as it goes out, without CRLF: `550 5.1.1 no such user here`. */
export const showReply = ({ code, status, text }: Reply): string => `${code} ${status} ${text}`;

function printable(text: string): string {
  let clean = '';
  for (const character of text) clean += character >= ' ' && character <= '~' ? character : '?';
  return clean;
}
