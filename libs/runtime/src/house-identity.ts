/** Who a house is, over restarts: a UUID in its data folder. */
import { randomUUID } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const FILE = 'house.id';
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** To be called by who holds the house alone. Made at the first time; one that cannot be read is made anew. */
export function houseIdentity(dataDir: string): string {
  const path = join(dataDir, FILE);
  const known = read(path);
  if (known !== undefined) return known;
  const made = randomUUID();
  writeFileSync(`${path}.new`, `${made}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
  return made;
}

function read(path: string): string | undefined {
  try {
    const text = readFileSync(path, 'utf8').trim();
    return UUID.test(text) ? text : undefined;
  } catch {
    return undefined;
  }
}
