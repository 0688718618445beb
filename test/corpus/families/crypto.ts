import { base64, head, lines, mail, mixed, noise, part, parts, prose, sample, type Sample } from '../sample.ts';

const signature = (name: string): string =>
  part(`application/${name}; name="smime.p7s"`, base64(noise(1800, 3)), [
    ['Content-Transfer-Encoding', 'base64'],
    ['Content-Disposition', 'attachment; filename="smime.p7s"'],
  ]);
const armour = (what: string): string =>
  `-----BEGIN PGP ${what}-----\n\n${base64(noise(360, 5), 64)}=mAde\n-----END PGP ${what}-----\n`;
const signed = (protocol: string, micalg: string, ...children: string[]): string =>
  mail(
    'Signed',
    [['Content-Type', `multipart/signed; protocol="${protocol}";\n micalg=${micalg}; boundary="sig"`]],
    parts('sig', ...children),
  );
const text = part('text/plain; charset=us-ascii', prose(1));
const b64 = base64(noise(256, 9)).trimEnd().replaceAll('\n', '\n  ');

const dkim = (name: string, about: string, ...values: string[]): Sample =>
  sample(
    `dkim-${name}`,
    about,
    `${values.map((value) => `DKIM-Signature: ${value}\n`).join('')}${mail('Signed by the domain', [['Content-Type', 'text/plain']], prose(1))}`,
  );
const dkimValue = (more: string, d = 'example.net'): string =>
  `v=1; ${more}; d=${d}; s=june;\n h=from:to:subject:date:message-id;\n bh=${base64(noise(32, 4)).trim()};\n b=${b64}`;

/** Shapes of signed and encrypted mail; the signatures are noise, only the octets count. */
export const crypto: Sample[] = [
  sample(
    'smime-signed',
    'S/MIME, detached signature',
    signed('application/pkcs7-signature', 'sha-256', text, signature('pkcs7-signature')),
    { structure: 'multipart/signed(text/plain application/pkcs7-signature)' },
  ),
  sample(
    'smime-signed-x',
    'S/MIME with the old x- type',
    signed('application/x-pkcs7-signature', 'sha1', text, signature('x-pkcs7-signature')),
    { structure: 'multipart/signed(text/plain application/x-pkcs7-signature)' },
  ),
  sample(
    'smime-signed-spaces',
    'signed text that ends with spaces and empty lines, which must stay',
    signed('application/pkcs7-signature', 'sha-256', part('text/plain', 'a \n\t\n\n\n'), signature('pkcs7-signature')),
    { structure: 'multipart/signed(text/plain application/pkcs7-signature)' },
  ),
  sample(
    'smime-opaque',
    'S/MIME, opaque signature',
    mail(
      'Opaque',
      [
        ['Content-Type', 'application/pkcs7-mime; smime-type=signed-data; name=smime.p7m'],
        ['Content-Transfer-Encoding', 'base64'],
      ],
      base64(noise(3000, 2)),
    ),
    { structure: 'application/pkcs7-mime' },
  ),
  sample(
    'smime-encrypted',
    'S/MIME, enveloped data',
    mail(
      'Secret',
      [
        ['Content-Type', 'application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m'],
        ['Content-Transfer-Encoding', 'base64'],
        ['Content-Disposition', 'attachment; filename=smime.p7m'],
      ],
      base64(noise(5000, 6)),
    ),
    { structure: 'application/pkcs7-mime' },
  ),
  sample(
    'smime-encrypted-binary',
    'S/MIME whose base64 has no line breaks up to 998 octets',
    mail(
      'Secret',
      [
        ['Content-Type', 'application/pkcs7-mime; smime-type=authEnveloped-data'],
        ['Content-Transfer-Encoding', 'base64'],
      ],
      base64(noise(6000, 8), 996),
    ),
    { structure: 'application/pkcs7-mime' },
  ),
  sample(
    'smime-triple',
    'signed, inside of a list message, with an attachment',
    mixed(
      'Triple',
      'mixed',
      'tri',
      part(
        'multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary=sg',
        parts(
          'sg',
          part(
            'multipart/mixed; boundary=in',
            parts('in', text, part('image/png', base64(noise(300)), [['Content-Transfer-Encoding', 'base64']])),
          ),
          signature('pkcs7-signature'),
        ),
      ),
      part('text/plain', 'list footer\n'),
    ),
    {
      structure:
        'multipart/mixed(multipart/signed(multipart/mixed(text/plain image/png) application/pkcs7-signature) text/plain)',
    },
  ),
  sample(
    'smime-certs',
    'certificates only',
    mail(
      'Certificates',
      [
        ['Content-Type', 'application/pkcs7-mime; smime-type=certs-only; name=smime.p7c'],
        ['Content-Transfer-Encoding', 'base64'],
      ],
      base64(noise(900, 12)),
    ),
  ),
  sample(
    'pgp-mime-signed',
    'PGP/MIME, signed',
    signed(
      'application/pgp-signature',
      'pgp-sha512',
      text,
      part('application/pgp-signature; name="signature.asc"', armour('SIGNATURE')),
    ),
    { structure: 'multipart/signed(text/plain application/pgp-signature)' },
  ),
  sample(
    'pgp-mime-encrypted',
    'PGP/MIME, encrypted',
    mail(
      '...',
      [['Content-Type', 'multipart/encrypted; protocol="application/pgp-encrypted"; boundary=enc']],
      parts(
        'enc',
        part('application/pgp-encrypted', 'Version: 1\n'),
        part('application/octet-stream; name=encrypted.asc', armour('MESSAGE')),
      ),
    ),
    { structure: 'multipart/encrypted(application/pgp-encrypted application/octet-stream)' },
  ),
  sample(
    'pgp-inline-signed',
    'a clear-signed text with dash escapes',
    mail(
      'Clear',
      [],
      `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n- -- \n- - a list\nFrom here\n${armour('SIGNATURE')}`,
    ),
    { structure: 'text/plain' },
  ),
  sample('pgp-inline-encrypted', 'an armoured message as text', mail('Armour', [], armour('MESSAGE')), {
    structure: 'text/plain',
  }),
  sample(
    'pgp-key',
    'a public key attached',
    mixed('Key', 'mixed', 'key', text, part('application/pgp-keys; name=key.asc', armour('PUBLIC KEY BLOCK'))),
    { structure: 'multipart/mixed(text/plain application/pgp-keys)' },
  ),
  sample(
    'autocrypt',
    'a key in the header, folded over many lines',
    `${head('Key inside')}Autocrypt: addr=anna@example.net; prefer-encrypt=mutual; keydata=\n ${base64(noise(1500, 11)).trimEnd().replaceAll('\n', '\n ')}\n\nhi\n`,
  ),
  dkim('rsa', 'a DKIM signature', dkimValue('a=rsa-sha256; c=relaxed/relaxed')),
  dkim('simple', 'DKIM with simple canonicalisation: every space counts', dkimValue('a=rsa-sha256; c=simple/simple')),
  dkim(
    'two',
    'two DKIM signatures, RSA and Ed25519',
    dkimValue('a=rsa-sha256'),
    dkimValue('a=ed25519-sha256', 'relay.example.com'),
  ),
  dkim('length', 'DKIM with l=, text added behind', dkimValue('a=rsa-sha256; l=100')),
  dkim('utf8', 'DKIM with an internationalised domain', dkimValue('a=rsa-sha256', 'b\xc3\xbccher.example')),
  sample(
    'arc',
    'an ARC set on top of an authentication result',
    `${lines([
      ['ARC-Seal', `i=1; a=rsa-sha256; t=1780000000; cv=none; d=relay.example.com; s=a;\n b=${b64}`],
      ['ARC-Message-Signature', `i=1; a=rsa-sha256; d=relay.example.com; s=a; h=from:to;\n bh=eA==; b=${b64}`],
      ['ARC-Authentication-Results', 'i=1; relay.example.com; spf=pass; dkim=pass'],
      [
        'Authentication-Results',
        'mx.example.org;\n\tspf=pass smtp.mailfrom=example.net;\n\tdkim=fail (bad signature) header.d=example.net;\n\tdmarc=none',
      ],
    ])}${mail('Sealed', [], 'hi\n')}`,
  ),
];
