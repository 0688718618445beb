import process from 'node:process';
import { run } from './run.ts';

process.exitCode = await run(process.argv.slice(2), {
  out: (line) => process.stdout.write(`${line}\n`),
  err: (line) => process.stderr.write(`${line}\n`),
  progress: (text) => process.stderr.write(`\r\u001b[K${text}`),
  input: process.stdin,
  isInteractive: process.stderr.isTTY,
  env: process.env,
});
