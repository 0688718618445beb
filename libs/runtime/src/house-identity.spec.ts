import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { houseIdentity } from './house-identity.ts';

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'posthouse-identity-'));
  onTestFinished(() => rmSync(made, { recursive: true }));
  return made;
}

test('a house is the same after a restart, and another than its neighbour', () => {
  const [one, two] = [folder(), folder()];
  expect(houseIdentity(one)).toMatch(/^[0-9a-f-]{36}$/);
  expect(houseIdentity(one)).toBe(houseIdentity(one));
  expect(houseIdentity(one)).not.toBe(houseIdentity(two));
  expect(readdirSync(one)).toEqual(['house.id']);
});

test.each([[''], ['no identity'], ["' or true --"]])('a file that holds %j is made anew', (text) => {
  const dataDir = folder();
  writeFileSync(join(dataDir, 'house.id'), text);
  const made = houseIdentity(dataDir);
  expect(made).toMatch(/^[0-9a-f-]{36}$/);
  expect(houseIdentity(dataDir)).toBe(made);
});
