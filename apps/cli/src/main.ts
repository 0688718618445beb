import process from 'node:process';
import { outputTo } from './output.ts';
import { run } from './run.ts';

const [out, err] = [outputTo(process.stdout), outputTo(process.stderr)];

process.exitCode = await run(process.argv.slice(2), {
  out: (line) => out(`${line}\n`),
  err: (line) => err(`${line}\n`),
  progress: (text) => err(`\r\u001b[K${text}`),
  input: process.stdin,
  isInteractive: process.stderr.isTTY,
  env: process.env,
});
