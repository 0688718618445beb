import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { backUp, COPY_MARK, readBackup } from './backup.ts';
import { copyFiles, listFiles, needRoom, readSteady, writeSynced } from './copy-files.ts';
import { EmbeddedError } from './embedded-error.ts';
import { forgetCopy, isCopy } from './restore.ts';

const root = mkdtempSync(join(tmpdir(), 'posthouse-backup-'));
const at = (...path: string[]): string => join(root, ...path);
beforeAll(() => {
  for (const folder of ['data/postgres/base/1', 'data/postgres/global', 'full/something', 'unfinished/postgres'])
    mkdirSync(at(folder), { recursive: true });
  for (const file of ['file', 'data/postgres/base/1/2', 'unfinished/backup.unfinished', 'unfinished/postgres/left'])
    writeFileSync(at(file), 'octets');
  symlinkSync(at('data'), at('link'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const options = (target: string) => ({
  // Nobody listens there: whatever is refused is refused before.
  ownerUrl: 'postgres://posthouse:secret@127.0.0.1:1/posthouse',
  dataDir: at('data'),
  cluster: at('data', 'postgres'),
  target,
});

describe('a target is refused, and left as it is', () => {
  test.each([
    ['a folder with something in it', 'full', /is not empty/],
    ['the data folder', 'data', /lies in the house itself/],
    ['a folder of the data folder, yet to be made', 'data/new/one', /lies in the house itself/],
    ['a folder of the database', 'data/postgres/base', /lies in the house itself/],
    ['a way round into the data folder', 'full/../data/new', /lies in the house itself/],
    ['a link into the data folder', 'link/new', /lies in the house itself/],
    ['a file', 'file', /is no folder/],
    ['a folder below a file', 'file/below', /no backup was made|is no folder/],
  ])('%s', async (_, name, words) => {
    const before = readdirSync(root, { recursive: true }).map(String).toSorted();
    await expect(backUp(options(at(name)))).rejects.toThrow(words);
    expect(readdirSync(root, { recursive: true }).map(String).toSorted()).toEqual(before);
  });
});

test('a database that is away makes no backup, and no folder', async () => {
  await expect(backUp(options(at('new')))).rejects.toThrow(/no backup was made in .*ECONNREFUSED/);
  expect(readdirSync(root)).not.toContain('new');
});

test.each([
  ['nothing', undefined],
  ['half a record', '{"takenAt":"2026-12-01'],
  ['a record of something else', '{"name":"x"}'],
])('%s is no finished backup', (name, record) => {
  const folder = at(name.replaceAll(' ', '-'));
  mkdirSync(folder);
  if (record !== undefined) writeFileSync(join(folder, 'backup.json'), record);
  expect(() => readBackup(folder)).toThrow(EmbeddedError);
});

test('a copy has every file but those left out, for its owner alone', async () => {
  const said: number[] = [];
  const skips = (path: string): boolean => path === 'global' || path.endsWith('2');
  writeFileSync(at('data/postgres/global/gone'), '');
  writeFileSync(at('data/postgres/base/1/3'), 'x'.repeat(3_000_000));
  const octets = await copyFiles({
    from: at('data/postgres'),
    to: at('copy'),
    owner: undefined,
    skips,
    onProgress: (done) => void said.push(done),
  });
  expect(readdirSync(at('copy'), { recursive: true }).map(String).toSorted()).toEqual([
    'base',
    'base/1',
    'base/1/3',
    'global',
  ]);
  expect([octets, said.at(-1), said.length > 1]).toEqual([3_000_000, 3_000_000, true]);
  expect(readFileSync(at('copy/base/1/3'))).toHaveLength(3_000_000);
  expect(statSync(at('copy/base/1/3')).mode & 0o777).toBe(0o600);
  expect(statSync(at('copy')).mode & 0o777).toBe(0o700);
});

test('a link in a database folder, as of a tablespace, is refused', async () => {
  mkdirSync(at('spaces'));
  symlinkSync(at('full'), at('spaces', 'link'));
  await expect(listFiles(at('spaces'), () => false)).rejects.toThrow('cannot be copied');
});

test('room is asked for with something to spare', async () => {
  await needRoom(root, 0);
  await expect(needRoom(root, 2 ** 60)).rejects.toThrow(/needs \d+ MiB, and .* MiB free/);
});

test('the mark of a copy goes once', async () => {
  await writeSynced(at('copy', COPY_MARK), 'now', undefined);
  expect((await readSteady(at('copy', COPY_MARK))).toString()).toBe('now');
  expect(isCopy(at('copy'))).toBe(true);
  await forgetCopy(at('copy'));
  await forgetCopy(at('copy'));
  expect(isCopy(at('copy'))).toBe(false);
});
