/** Whoever meets `RFC 5321 4.5.3.1.8` in the sources finds that RFC on docs/protocols.md, with the test that holds us to it. */
import { readdir, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';

const ROOT = new URL('../../', import.meta.url);

async function anchors(): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const folder of ['apps', 'libs']) {
    const files = (await readdir(new URL(folder, ROOT), { recursive: true })).filter((name) => name.endsWith('.ts'));
    for (const file of files) {
      const text = await readFile(new URL(`${folder}/${file}`, ROOT), 'utf8');
      for (const [, rfc = ''] of text.matchAll(/\bRFC (\d{3,5})\b/g)) found.set(rfc, `${folder}/${file}`);
    }
  }
  return found;
}

async function rows(): Promise<{ rfc: string; cells: string[] }[]> {
  const text = await readFile(new URL('docs/protocols.md', ROOT), 'utf8');
  return [...text.matchAll(/^\| RFC (\d+) +\|(.*)\|$/gm)].map(([, rfc = '', rest = '']) => ({
    rfc,
    cells: rest.split('|').map((cell) => cell.trim()),
  }));
}

test('every RFC the sources name is on the page', async () => {
  const known = new Set((await rows()).map(({ rfc }) => rfc));
  const missing = [...(await anchors())].filter(([rfc]) => !known.has(rfc));
  expect(missing.map(([rfc, file]) => `RFC ${rfc} in ${file}`)).toEqual([]);
});

test('every row says section, support, code and test', async () => {
  const incomplete = (await rows()).filter(({ cells }) => cells.length !== 4 || cells.some((cell) => cell === ''));
  expect(incomplete).toEqual([]);
});
