// From any folder, on Node 20 or later: the right runtime, a fresh build, then the app.
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ensureBuilt } from './ensure-built.js';
import { ensureNode24 } from './ensure-node24.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Runs an app of dist by its name; `script` is the file that asked for it, `args` what it was given. */
export async function launch(app, script, args) {
  await ensureNode24(root, script, args);
  await ensureBuilt(root);
  await import(pathToFileURL(join(root, 'dist', 'apps', app, 'src', 'main.js')).href);
}
