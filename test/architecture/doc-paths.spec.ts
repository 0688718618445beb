/** What the documents point to is there: links between pages, with their headings, and files of the repository by name. */
import { access, readdir, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';

const ROOT = new URL('../../', import.meta.url);

async function pages(): Promise<Map<string, string>> {
  const inFolder = async (folder: string): Promise<string[]> =>
    (await readdir(new URL(folder, ROOT), { recursive: true })).map((name) => `${folder}${name}`);
  const names = [
    ...(await readdir(ROOT)),
    ...(await inFolder('docs/')),
    ...(await inFolder('bench/')),
    ...(await inFolder('examples/')),
  ];
  const texts = names
    .filter((name) => name.endsWith('.md'))
    .map(async (name): Promise<[string, string]> => [name, await readFile(new URL(name, ROOT), 'utf8')]);
  return new Map(await Promise.all(texts));
}

const isThere = (path: string, from: URL): Promise<boolean> =>
  access(new URL(path, from)).then(
    () => true,
    () => false,
  );

/** As web views make it of a heading. */
const slug = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} -]/gu, '')
    .trim()
    .replaceAll(' ', '-');

const headings = (text: string): string[] => [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => slug(heading));

test('every link leads to a file, and to a heading of it', async () => {
  const broken: string[] = [];
  for (const [name, text] of await pages()) {
    for (const [, target = ''] of text.matchAll(/\]\((?!https?:|mailto:)([^)\s]+)\)/g)) {
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? name : path;
      const from = new URL(path === '' ? '' : name, ROOT);
      if (!(await isThere(file, from))) broken.push(`${name}: ${target}`);
      else if (anchor !== undefined && !headings(await readFile(new URL(file, from), 'utf8')).includes(anchor))
        broken.push(`${name}: ${target}`);
    }
  }
  expect(broken).toEqual([]);
});

test('every file of the repository that a page names is there', async () => {
  const missing: string[] = [];
  for (const [name, text] of await pages()) {
    for (const [, path = ''] of text.matchAll(/`((?:apps|libs|test|bench|infra|docs|bin)\/[\w./-]+\.\w+)`/g)) {
      if (!(await isThere(path, ROOT))) missing.push(`${name}: ${path}`);
    }
  }
  expect(missing).toEqual([]);
});
