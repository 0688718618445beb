import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

/** Of the package that this file belongs to, which is nearer in the sources than in dist. */
export function version(folder = dirname(fileURLToPath(import.meta.url))): string {
  const path = join(folder, 'package.json');
  if (!existsSync(path)) return version(dirname(folder));
  return z.object({ version: z.string() }).parse(JSON.parse(readFileSync(path, 'utf8'))).version;
}
