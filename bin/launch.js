// From any folder, on Node 20 or later: the right runtime, a fresh build, then the app.
import module from 'node:module'; // Node 20 has no enableCompileCache to be imported by name
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ensureBuilt } from './ensure-built.js';
import { ensureNode24 } from './ensure-node24.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * Runs a program of dist by its name; `script` is the file that asked for it, `args` what it was given. With `anew` it is built where the
 * sources are newer; any other takes the build that is there, as the house that it speaks to does.
 */
export async function launch(program, { script, args, anew }) {
  await ensureNode24(root, script, args);
  await ensureBuilt(root, { anew });
  // What was compiled once is not compiled again; where the folder cannot be written, it is.
  module.enableCompileCache(join(root, 'node_modules', '.posthouse-compiled'));
  await import(pathToFileURL(join(root, 'dist', 'bin', `${program}.js`)).href);
}
