/** What mail calls charsets, and what the decoders call them. */
import { CHARSET_LABELS } from './charset-labels.ts';
import { isTableCharset } from './table-decoder.ts';

/** Characters of a label that are looked at: none that means anything is longer. */
const LONGEST_LABEL = 40;

/** Numbers of Microsoft's and IBM's code pages, where they are not their own names. */
const CODE_PAGES = new Map([
  [819, 'iso-8859-1'],
  [866, 'ibm866'],
  [874, 'windows-874'],
  [932, 'shift_jis'],
  [936, 'gbk'],
  [943, 'shift_jis'],
  [949, 'euc-kr'],
  [950, 'big5'],
  [1200, 'utf-16le'],
  [1201, 'utf-16be'],
  [10_000, 'macintosh'],
  [10_006, 'macgreek'],
  [10_007, 'x-mac-cyrillic'],
  [10_029, 'maccenteuro'],
  [10_081, 'macturkish'],
  [20_127, 'us-ascii'],
  [20_866, 'koi8-r'],
  [20_932, 'euc-jp'],
  [20_936, 'gbk'],
  [21_866, 'koi8-u'],
  [50_220, 'iso-2022-jp'],
  [50_221, 'iso-2022-jp'],
  [50_222, 'iso-2022-jp'],
  [51_932, 'euc-jp'],
  [51_936, 'gbk'],
  [51_949, 'euc-kr'],
  [54_936, 'gb18030'],
  [65_000, 'utf7'],
  [65_001, 'utf-8'],
]);

/** Other names, by their letters and digits. */
const ALIASES = new Map([
  ['ansi', 'windows-1252'],
  ['big5eten', 'big5'],
  ['big5hkscs', 'big5'],
  ['csutf7', 'utf7'],
  ['eucgb2312cn', 'gbk'],
  ['euccn', 'gbk'],
  ['eucjpms', 'euc-jp'],
  ['eucjpwin', 'euc-jp'],
  ['euctw', 'big5'],
  ['gb231280', 'gbk'],
  ['iso2022jp1', 'iso-2022-jp'],
  ['iso2022jp2', 'iso-2022-jp'],
  ['iso2022jp3', 'iso-2022-jp'],
  ['iso2022jp2004', 'iso-2022-jp'],
  ['iso2022jpms', 'iso-2022-jp'],
  ['johab', 'euc-kr'],
  ['koi8t', 'koi8t'],
  ['ks', 'euc-kr'],
  ['ksc5601', 'euc-kr'],
  ['ksc56011987', 'euc-kr'],
  ['ksc56011992', 'euc-kr'],
  ['ksx1001', 'euc-kr'],
  ['latin7', 'iso-8859-13'],
  ['latin8', 'iso-8859-14'],
  ['latin9', 'iso-8859-15'],
  ['latin10', 'iso-8859-16'],
  ['macce', 'maccenteuro'],
  ['maccyrillic', 'x-mac-cyrillic'],
  ['macroman', 'macintosh'],
  ['msansi', 'windows-1252'],
  ['mscyrl', 'windows-1251'],
  ['msee', 'windows-1250'],
  ['msgreek', 'windows-1253'],
  ['mshebr', 'windows-1255'],
  ['msturk', 'windows-1254'],
  ['pck', 'shift_jis'],
  ['shiftjis2004', 'shift_jis'],
  ['shiftjisx0213', 'shift_jis'],
  ['tcvn5712', 'tcvn'],
  ['uhc', 'euc-kr'],
  ['unicode11utf7', 'utf7'],
  ['unicode11utf8', 'utf-8'],
  ['utf8mb3', 'utf-8'],
  ['utf8mb4', 'utf-8'],
  ['wansung', 'euc-kr'],
]);

/**
 * The charset behind a label, as TextDecoder or TableDecoder has it; undefined for a name nobody knows. Any case; the hyphens and
 * underscores of a label, its `x-` or `cs`, and quotes around it do not count.
 */
export function charsetOf(label: string): string | undefined {
  const name = label.slice(0, LONGEST_LABEL).trim().toLowerCase();
  if (CHARSET_LABELS.has(name)) return name;
  const bare = name.replaceAll(/[^a-z0-9]/g, '');
  const plain = bare.startsWith('x') || bare.startsWith('cs') ? bare.replace(/^(?:x|cs)+/, '') : bare;
  return known(bare) ?? known(plain);
}

function known(bare: string): string | undefined {
  const alias = ALIASES.get(bare);
  if (alias !== undefined) return alias;
  const page = /^(?:codepage|cp|dos|ibm|ms|msdos|mscp|win|windows|windowscp)0*(\d{1,5})(?:http|html)?$/.exec(bare)?.[1];
  if (page !== undefined) return codePage(Number(page));
  const part = /^(?:iso)?8859(\d{1,2})(?:\d{4}|[ei])?$/.exec(bare)?.[1];
  if (part !== undefined) return labelled(`iso-8859-${part}`);
  return labelled(bare) ?? labelled(bare.replace(/^(utf|latin|koi8|euc|shift)(.+)$/, '$1-$2')) ?? tabled(bare);
}

function codePage(page: number): string | undefined {
  if (page >= 28_591 && page <= 28_606) return labelled(`iso-8859-${page - 28_590}`);
  return CODE_PAGES.get(page) ?? labelled(`windows-${page}`) ?? tabled(`cp${page}`);
}

const labelled = (label: string): string | undefined => (CHARSET_LABELS.has(label) ? label : undefined);
const tabled = (name: string): string | undefined => (isTableCharset(name) ? name : undefined);
