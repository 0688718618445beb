import { crlf, head, mail, type Refusal, type Sample } from '../sample.ts';

const refused = (name: string, about: string, reason: Refusal, octets: () => Buffer): Sample => ({
  name: `refused-${name}`,
  about,
  make: octets,
  refused: reason,
});
/** The message as it is, without turning LF into CRLF. */
const raw = (text: string): Buffer => Buffer.from(text, 'latin1');
const message = (body: string): string => crlf(mail('Refused', [], body)).toString('latin1');

/** What must not be accepted by SMTP, and why. */
export const refusedOnes: Sample[] = [
  refused('nul', 'a NUL in the body', 'nul', () => raw(message('a\0b\n'))),
  refused('nul-header', 'a NUL in the header', 'nul', () => crlf(`${head('Nul')}X-Nul: a\0b\n\nhi\n`)),
  refused('nul-last', 'a NUL as the last octet of a long body', 'nul', () => raw(message(`${'x\n'.repeat(500)}\0\n`))),
  refused('bare-lf', 'a bare LF in the body', 'bare-lf', () => raw(`${message('one\n')}two\nthree\r\n`)),
  refused('bare-lf-all', 'a message with LF line ends only', 'bare-lf', () => raw(mail('Unix', [], 'one\ntwo\n'))),
  refused('bare-lf-header', 'a bare LF in the header', 'bare-lf', () => raw(`X-A: b\nX-C: d\r\n${message('hi\n')}`)),
  refused('bare-lf-dot', 'an end of data by LF.LF, and commands behind it', 'bare-lf', () =>
    raw(`${message('hi\n')}x\n.\nMAIL FROM:<x@example.net>\r\n`),
  ),
  refused('bare-cr', 'a bare CR in the body', 'bare-cr', () => raw(`${message('one\n')}two\rthree\r\n`)),
  refused('bare-cr-header', 'a bare CR in the header', 'bare-cr', () => raw(`X-A: b\rc\r\n${message('hi\n')}`)),
  refused('bare-cr-twice', 'CR CR LF', 'bare-cr', () => raw(`${message('one\n')}two\r\r\nthree\r\n`)),
  refused('bare-cr-dot', 'an end of data by CR.CR', 'bare-cr', () =>
    raw(`${message('hi\n')}x\r.\rMAIL FROM:<x@example.net>\r\n`),
  ),
  {
    ...refused('line-65537', 'a line of 65,537 octets', 'line-too-long', () => raw(message(`${'x'.repeat(65_537)}\n`))),
    large: true,
  },
  {
    ...refused('line-65537-header', 'a header line of 65,537 octets', 'line-too-long', () =>
      crlf(`${head('Wide')}X-Wide: ${'x'.repeat(65_529)}\n\nhi\n`),
    ),
    large: true,
  },
];
