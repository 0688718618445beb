/** docs/limits.md names the bounds that the sources export, with their values. */
import { readdir, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';

const ROOT = new URL('../../', import.meta.url);
/** A product of whole numbers: how the sources write octets and seconds. */
const NUMBER = /^[\d_]+( \* [\d_]+)*$/;

interface Bound {
  readonly name: string;
  readonly file: string;
  readonly value: number | undefined;
}

const documented = async (): Promise<Bound[]> => {
  const text = await readFile(new URL('docs/limits.md', ROOT), 'utf8');
  const rows = text.matchAll(/^\| `([A-Z][A-Z_]+)`[^|]*\| ([\d,]+) +\| `((?:apps|libs)\/[^`]+)`/gm);
  return [...rows].map(([, name = '', value = '', file = '']) => ({
    name,
    file,
    value: Number(value.replaceAll(',', '')),
  }));
};

async function sources(): Promise<string[]> {
  const found = await Promise.all(
    ['apps', 'libs'].map(async (folder) => {
      const names = await readdir(new URL(folder, ROOT), { recursive: true });
      return names.map((name) => `${folder}/${name}`);
    }),
  );
  return found
    .flat()
    .filter((name) => name.endsWith('.ts') && !/\.spec(-helper)?\.ts$/.test(name) && !name.startsWith('libs/testing/'));
}

async function exported(): Promise<(Bound & { readonly isPublic: boolean })[]> {
  const found = await Promise.all(
    (await sources()).map(async (file) => {
      const text = await readFile(new URL(file, ROOT), 'utf8');
      return [...text.matchAll(/^(export )?const ([A-Z][A-Z_]+) = ([^;\n]+);/gm)].map(
        ([, door, name = '', given = '']) => ({
          name,
          file,
          value: valueOf(given),
          isPublic: door !== undefined,
        }),
      );
    }),
  );
  return found.flat();
}

function valueOf(text: string): number | undefined {
  if (text === 'Number.MAX_SAFE_INTEGER') return Number.MAX_SAFE_INTEGER;
  if (!NUMBER.test(text)) return undefined;
  return text.split(' * ').reduce((product, factor) => product * Number(factor.replaceAll('_', '')), 1);
}

const show = ({ name, file, value }: Bound): string => `${file} ${name} = ${value ?? '?'}`;

test('every bound of the page is in the file it names, with that value', async () => {
  const known = new Set((await exported()).map(show));
  const page = await documented();
  expect(page.length).toBeGreaterThan(100);
  expect(page.map(show).filter((line) => !known.has(line))).toEqual([]);
});

test('every exported MAX_ is on the page', async () => {
  const page = new Set((await documented()).map(show));
  const bounds = (await exported()).filter(
    ({ name, isPublic, value }) => isPublic && name.startsWith('MAX_') && value !== undefined,
  );
  expect(bounds.map(show).filter((line) => !page.has(line))).toEqual([]);
});
