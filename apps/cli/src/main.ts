import { writeSync } from 'node:fs';
import process from 'node:process';
import { fitThreadPool, lastWords, reasonOf } from '#runtime';
import { EXIT } from './failure.ts';
import { outputTo } from './output.ts';
import { run } from './run.ts';

/** What standard error did not take is to be read on standard output, at least. */
const onOther = (text: string): void => {
  try {
    writeSync(1, text);
  } catch {
    // Nobody is to be told, then; the exit code is left.
  }
};
const [out, err] = [outputTo(process.stdout), outputTo(process.stderr, onOther)];

fitThreadPool();
const code = await run(process.argv.slice(2), {
  out: (line) => out.write(`${line}\n`),
  err: (line) => err.write(`${line}\n`),
  progress: (text) => err.write(`\r\u001b[K${text}`),
  input: process.stdin,
  isInteractive: process.stderr.isTTY,
  env: process.env,
});
process.exitCode = code;
const fault = await out.ended();
if (fault !== undefined) {
  lastWords(`posthouse: the answer cannot be written to standard output: ${reasonOf(fault)}`);
  process.exitCode = code === EXIT.ok ? EXIT.difference : code;
}
