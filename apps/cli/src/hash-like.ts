/** Text that is a hash of a password and not one: taken as a password it would itself be what its owner has to type. */

const FORMS: readonly (readonly [RegExp, string])[] = [
  // RFC 2307 and Dovecot: {SSHA}…, {SHA512-CRYPT}$6$…, {PLAIN}… too.
  [/^\{[A-Za-z][A-Za-z0-9.+_-]{1,31}\}/, 'a {SCHEME} in front'],
  // crypt(5), PHC strings, phpass, NetWare and others: $id$…
  [/^\$[A-Za-z0-9][A-Za-z0-9-]{0,31}\$[^\s]{8,}$/, '$id$ in front'],
  [/^_[./0-9A-Za-z]{19}$/, 'the form of extended DES'],
  // Django, Werkzeug: algorithm$iterations$salt$hash; also sha1$salt$hash.
  [/^[a-z][a-z0-9_:-]{2,40}\$[^\s$]{1,64}\$[^\s]{16,}$/, 'algorithm$salt$ in front'],
  [/^SCRAM-SHA-(?:1|256|512)\$/, 'the form of SCRAM'],
  [/^md5[0-9a-f]{32}$/, 'the form of PostgreSQL'],
  [/^\*[0-9A-F]{40}$/, 'the form of MySQL'],
  // MD5 and NTLM, SHA-1, SHA-224, SHA-256, SHA-384, SHA-512 in hex.
  [/^(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{56}|[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128})$/i, 'a digest in hex'],
  // MD5, SHA-1, SHA-256, SHA-512 in base64.
  [/^(?:[A-Za-z0-9+/]{22}==|[A-Za-z0-9+/]{27}=|[A-Za-z0-9+/]{43}=|[A-Za-z0-9+/]{86}==)$/, 'a digest in base64'],
];

/** What makes it look like one; undefined: nothing. Patterns without backtracking on at most a few hundred octets. */
export const hashLike = (text: string): string | undefined => FORMS.find(([form]) => form.test(text))?.[1];

/** Traditional crypt(3) looks like any word of 13 letters, and only a whole column of them gives it away. */
const DES = /^[./0-9A-Za-z]{13}$/;
const FEWEST_ROWS = 3;

export const isColumnOfDes = (passwords: readonly string[]): boolean =>
  passwords.length >= FEWEST_ROWS && passwords.every((password) => DES.test(password));
