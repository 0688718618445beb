import { base64, crlf, head, lines, mail, mixed, noise, part, prose, type Sample } from '../sample.ts';

const large = (name: string, about: string, text: () => string, structure?: string): Sample => ({
  name,
  about,
  make: () => crlf(text()),
  large: true,
  ...(structure === undefined ? {} : { structure }),
});

/** A message of exactly `octets` octets: text in lines of 998 at most, CRLF at the end. */
const exactly = (octets: number): (() => string) => {
  const header = `${head('Exactly')}\n`;
  return () => {
    const line = `${'exactly '.repeat(12).slice(0, 76)}\n`; // 78 octets with CRLF
    let rest = octets - crlf(header).length;
    const full = Math.floor(rest / 78) - 1;
    rest -= full * 78;
    return `${header}${line.repeat(full)}${'e'.repeat(rest - 2)}\n`;
  };
};
const attachment = (octets: number): string =>
  mixed(
    'Attached',
    'mixed',
    'big',
    part('text/plain', prose(2)),
    part('application/octet-stream; name=big.bin', base64(noise(octets, 21)), [
      ['Content-Transfer-Encoding', 'base64'],
      ['Content-Disposition', 'attachment; filename=big.bin'],
    ]),
    part('text/plain', 'behind it\n'),
  );
const ATTACHED = 'multipart/mixed(text/plain application/octet-stream text/plain)';
const MIB = 1024 * 1024;

/** Over 64 KiB: made on demand. Sizes around the bounds where bodies are spilled and cut into chunks, and the bombs. */
export const largeOnes: Sample[] = [
  large('large-100k', 'an attachment of 100 KiB', () => attachment(75 * 1024), ATTACHED),
  large('large-256k', 'exactly 256 KiB: one chunk row', exactly(256 * 1024)),
  large('large-256k-1', '256 KiB and one octet', exactly(256 * 1024 + 1)),
  large('large-1m', 'exactly 1 MiB', exactly(MIB)),
  large('large-1m-1', '1 MiB and one octet', exactly(MIB + 1)),
  large('large-1.1m', '1.1 MiB: just over what is kept in memory', () => attachment(Math.floor(0.81 * MIB)), ATTACHED),
  large('large-3m', '3 MiB with an attachment', () => attachment(Math.floor(2.2 * MIB)), ATTACHED),
  large('large-20m', '20 MB with an attachment', () => attachment(14_800_000), ATTACHED),
  large('large-dots', '2 MiB of lines that begin with dots', () => mail('Dots', [], '.\n..\n.x\n'.repeat(200_000))),
  large('large-short-lines', '1.5 MiB of empty lines', () => mail('Nothing', [], '\n'.repeat(786_432))),
  large('large-wide-lines', '1.5 MiB of lines of 998 octets', () =>
    mail('Wide', [], `${'w'.repeat(998)}\n`.repeat(1573)),
  ),
  large('large-8bit', '1.2 MiB of 8-bit text', () =>
    mail(
      'Eight',
      [
        ['Content-Type', 'text/plain; charset=iso-8859-1'],
        ['Content-Transfer-Encoding', '8bit'],
      ],
      'Gr\xfc\xdfe, \xc4pfel und \xd6l in jeder Zeile\n'.repeat(32_000),
    ),
  ),
  large(
    'large-header',
    'a header of 300 KiB',
    () =>
      `${head('Header')}${lines(Array.from({ length: 4000 }, (_, i) => [`X-${i}`, 'seventy octets or so of a value that nobody is ever going to read'] as const))}\nhi\n`,
  ),
  large(
    'large-to',
    'a To field of 1 MB over folds',
    () =>
      `${lines([
        ['From', 'a@example.net'],
        ['To', Array.from({ length: 45_000 }, (_, i) => `p${i}@example.org`).join(',\n ')],
      ])}\nhi\n`,
  ),
  large('bomb-parts', '10,000 parts', () =>
    mixed('Parts', 'mixed', 'b', ...Array.from({ length: 10_000 }, (_, i) => part('text/plain', `${i}\n`))),
  ),
  large('bomb-parts-empty', '15,000 parts of nothing', () =>
    mail('Parts', [['Content-Type', 'multipart/mixed; boundary=b']], `${'--b\n'.repeat(15_000)}--b--\n`),
  ),
  large('bomb-depth', 'multiparts 1,000 deep', () => nested(1000)),
  large(
    'bomb-depth-rfc822',
    'attached messages 1,500 deep',
    () => `${head('Russian doll')}${'Content-Type: message/rfc822\n\nSubject: doll\n'.repeat(1500)}\nsmallest\n`,
  ),
  large(
    'bomb-header-lines',
    '100,000 header lines',
    () => `${head('Lines')}${'X-Line: one of very many\n'.repeat(100_000)}\nhi\n`,
  ),
  large('bomb-boundaries', '1 MiB of delimiters that are almost right', () =>
    mail(
      'Almost',
      [['Content-Type', 'multipart/mixed; boundary=bbbb']],
      `--bbbb\n\nx\n${'--bbbc\n--bbbbb\n'.repeat(62_000)}--bbbb--\n`,
    ),
  ),
];

function nested(levels: number): string {
  let text = head('Deep');
  for (let i = 0; i < levels; i++)
    text += `Content-Type: multipart/mixed; boundary="level-${i}"\n\npreamble of level ${i}\n--level-${i}\n`;
  text += '\ncore\n';
  for (let i = levels - 1; i >= 0; i--) text += `--level-${i}--\n`;
  return text;
}
