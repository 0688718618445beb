/** Charsets that the platform has no decoder for: those of old PCs, Macs and terminals, and UTF-7. */
import { Buffer } from 'node:buffer';
import iconv from 'iconv-lite';
import type { Decoder } from './charset.ts';

/** By the names of iconv-lite, which has others too that are no charsets of mail (`hex`, `base64`). */
const TABLES: ReadonlySet<string> = new Set(
  (
    'utf7 utf32 utf32le utf32be cp437 cp720 cp737 cp775 cp850 cp852 cp855 cp856 cp857 cp858 cp860 cp861 cp862 cp863 cp864 cp865 ' +
    'cp869 cp922 cp1046 cp1124 cp1125 cp1129 cp1133 cp1161 cp1162 cp1163 armscii8 rk1048 tcvn georgianacademy georgianps pt154 ' +
    'viscii hproman8 koi8t maccroatian macgreek maciceland macromania macthai macturkish maccenteuro'
  ).split(' '),
);

/** @param name lower case, letters and digits alone */
export const isTableCharset = (name: string): boolean => TABLES.has(name);

/** Of a charset that `isTableCharset`. */
export class TableDecoder implements Decoder {
  readonly #charset: string;
  /** UTF-7 that is not decoded yet: iconv-lite takes an end of base64 at the start of a piece for `+-`. */
  #held = Buffer.alloc(0);
  #stream: ReturnType<typeof iconv.getDecoder> | undefined;

  constructor(charset: string) {
    this.#charset = charset;
  }

  decode(octets: Uint8Array = Buffer.alloc(0), { stream = false }: { readonly stream?: boolean } = {}): string {
    this.#stream ??= iconv.getDecoder(this.#charset);
    const whole = Buffer.concat([this.#held, octets]);
    const end = stream && this.#charset === 'utf7' ? endOfPlain(whole) : whole.length;
    this.#held = whole.subarray(end);
    const text = this.#stream.write(whole.subarray(0, end));
    if (stream) return text;
    const rest = this.#stream.end() ?? '';
    this.#stream = undefined;
    return text + rest;
  }
}

/** Behind the last octet that ends base64 or stands outside of it. RFC 2152 (rule 2) */
function endOfPlain(octets: Buffer): number {
  let end = octets.length;
  while (end > 0 && /[A-Za-z0-9+/]/.test(String.fromCharCode(octets[end - 1] ?? 0))) end--;
  return end;
}
