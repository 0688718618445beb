/** `posthouse mailbox import FILE.csv`: many mailboxes, an error for each bad row, the good ones made. */
import { readFile, stat } from 'node:fs/promises';
import { hashPassword } from '#auth';
import { checkQuota, DirectoryRefusal, MAX_MAILBOX_BATCH, quoted, type NewMailbox } from '#domain';
import { errorCode } from '#runtime';
import type { Command } from 'commander';
import { commonOptions, scopeOf, withHouse, type Context } from '../context.ts';
import { quotaOf } from '../arguments.ts';
import { parseCsv, type CsvRow } from '../csv.ts';
import { CommandFailure, EXIT, exitCodeOf, usage } from '../failure.ts';
import { printJson } from '../listing.ts';
import type { OpenHouse } from '../open-house.ts';
import { isColumnOfDes } from '../hash-like.ts';
import { checkPassword, generatePassword } from '../password.ts';

/** Octets of a file: at some 60 a row, a million rows; the whole file is in memory. */
export const MAX_IMPORT_OCTETS = 64 * 1024 * 1024;
const HEADER = ['address', 'password', 'quota'] as const;

interface GoodRow {
  readonly line: number;
  readonly address: string;
  readonly password: string;
  /** It was made here, and is shown once. */
  readonly generated: boolean;
  readonly quotaOctets: number | undefined;
}

interface BadRow {
  readonly line: number;
  readonly address: string;
  readonly error: string;
}

interface ImportResult {
  imported: number;
  readonly bad: BadRow[];
}

interface ImportOptions {
  readonly dryRun?: boolean;
  readonly generatePasswords?: boolean;
}

export function registerImport(mailbox: Command, context: Context): void {
  mailbox
    .command('import')
    .description(
      'make many mailboxes from a CSV file with the header address,password,quota (such as 1g; empty: no limit)',
    )
    .argument('<file>', 'RFC 4180, UTF-8; - reads standard input')
    .option('--dry-run', 'check everything, make nothing')
    .option('--generate-passwords', 'make a password where the field is empty, and print address,password as CSV, once')
    .action(async (file: string, { dryRun = false, generatePasswords = false }: ImportOptions, command: Command) => {
      const text = file === '-' ? await readStdin(context) : await readText(file);
      const rows = readRows(text, generatePasswords && !dryRun);
      const result = await withHouse(context, (house) => importRows(context, house, command, rows, dryRun));
      report(context, command, result, dryRun);
      if (result.bad.length > 0) context.exitCode = EXIT.difference;
    });
}

async function readText(file: string): Promise<string> {
  try {
    const { size } = await stat(file);
    if (size > MAX_IMPORT_OCTETS)
      throw usage(`${file} has ${size} octets; at most ${MAX_IMPORT_OCTETS} are read at once: split it`);
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(file));
  } catch (error) {
    if (error instanceof CommandFailure) throw error;
    const reason = error instanceof TypeError ? 'it is not UTF-8: convert it' : (errorCode(error) ?? 'unreadable');
    throw new CommandFailure(
      errorCode(error) === 'ENOENT' ? EXIT.notFound : EXIT.usage,
      `cannot read ${file}: ${reason}`,
      { cause: error },
    );
  }
}

async function readStdin({ terminal }: Context): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of terminal.input) {
    const octets = Buffer.from(chunk as Uint8Array | string);
    size += octets.length;
    if (size > MAX_IMPORT_OCTETS)
      throw usage(`standard input has more than ${MAX_IMPORT_OCTETS} octets; no more are read at once: split it`);
    chunks.push(octets);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch (error) {
    throw new CommandFailure(EXIT.usage, 'cannot read standard input: it is not UTF-8: convert it', { cause: error });
  }
}

/** @param generate makes a password where there is none */
function readRows(text: string, generate: boolean): { good: GoodRow[]; bad: BadRow[] } {
  const rows = parseCsv(text);
  const head = rows.next();
  const names = head.done ? [] : head.value.fields.map((name) => name.trim().toLowerCase());
  if (names.length !== HEADER.length || HEADER.some((name, at) => names[at] !== name)) {
    throw usage(`the first row must be ${HEADER.join(',')}`);
  }
  const good: GoodRow[] = [];
  const bad: BadRow[] = [];
  for (const row of rows) {
    const read = readRow(row, generate);
    if ('error' in read) bad.push(read);
    else good.push(read);
  }
  if (isColumnOfDes(good.filter(({ generated }) => !generated).map(({ password }) => password)))
    throw usage(
      'all passwords look like hashes (13 letters, as crypt makes them), and taken as they are the hashes would be the passwords: give passwords, or none with --generate-passwords',
    );
  return { good, bad };
}

function readRow({ line, fields, fault }: CsvRow, generate: boolean): GoodRow | BadRow {
  const [address = '', password = '', quota = ''] = fields;
  const bad = (error: string): BadRow => ({ line, address, error });
  if (fault !== undefined) return bad(fault);
  if (fields.length !== HEADER.length) return bad(`the row has ${fields.length} field(s), not ${HEADER.length}`);
  try {
    const generated = generate && password === '';
    const wanted = generated ? generatePassword() : checkPassword(password);
    return { line, address, password: wanted, generated, quotaOctets: quota === '' ? undefined : readQuota(quota) };
  } catch (error) {
    if (exitCodeOf(error) === EXIT.usage && error instanceof Error) return bad(error.message);
    throw error;
  }
}

function readQuota(text: string): number {
  const quota = quotaOf(text);
  if (quota === undefined) throw usage(`the quota ${quoted(text)} is no number of octets, and none such as 500m or 1g`);
  return checkQuota('quota', quota);
}

async function importRows(
  context: Context,
  { directory }: OpenHouse,
  command: Command,
  { good, bad }: { good: GoodRow[]; bad: BadRow[] },
  dryRun: boolean,
): Promise<ImportResult> {
  const result: ImportResult = { imported: 0, bad: [...bad] };
  const scope = scopeOf(command);
  for (let at = 0; at < good.length; at += MAX_MAILBOX_BATCH) {
    const batch = good.slice(at, at + MAX_MAILBOX_BATCH);
    // What the directory refuses anyway is not worth a hash: it is asked first, and again with the passwords.
    const checked = await directory.addMailboxes(
      scope,
      batch.map((row) => toMailbox(row, undefined)),
      true,
    );
    const worthy = noteRefused(batch, checked, result);
    if (dryRun) result.imported += worthy.length;
    else {
      const hashes = await hashAll(worthy);
      const made = await directory.addMailboxes(
        scope,
        worthy.map((row, index) => toMailbox(row, hashes[index])),
        false,
      );
      const imported = noteRefused(worthy, made, result);
      result.imported += imported.length;
      showGenerated(context, command, imported);
    }
    if (context.terminal.isInteractive) context.terminal.progress(`${at + batch.length} of ${good.length} rows`);
  }
  if (context.terminal.isInteractive && good.length > 0) context.terminal.err('');
  return result;
}

/** As soon as they count: whoever interrupts the rest has these. */
function showGenerated({ terminal }: Context, command: Command, rows: readonly GoodRow[]): void {
  const { json } = commonOptions(command);
  for (const { address, password, generated } of rows) {
    if (!generated) continue;
    if (json) printJson(terminal, { address, password });
    else terminal.out(`${csvField(address)},${password}`);
  }
}

const csvField = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

const toMailbox = ({ address, quotaOctets }: GoodRow, passwordHash: string | undefined): NewMailbox => ({
  address,
  passwordHash,
  quotaOctets,
  quotaMessages: undefined,
});

function noteRefused(
  rows: readonly GoodRow[],
  refusals: readonly (DirectoryRefusal | undefined)[],
  result: ImportResult,
): GoodRow[] {
  return rows.filter(({ line, address }, at) => {
    const refusal = refusals[at];
    if (refusal) result.bad.push({ line, address, error: refusal.message });
    return refusal === undefined;
  });
}

/** Hashes at once: as many as the thread pool has threads; each takes 19 MiB. */
const HASHES_AT_ONCE = 4;

async function hashAll(rows: readonly GoodRow[]): Promise<string[]> {
  const hashes: string[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let at = next++; at < rows.length; at = next++) hashes[at] = await hashPassword(rows[at]?.password ?? '');
  };
  await Promise.all(Array.from({ length: HASHES_AT_ONCE }, work));
  return hashes;
}

function report({ terminal }: Context, command: Command, { imported, bad }: ImportResult, dryRun: boolean): void {
  const sorted = bad.sort((a, b) => a.line - b.line);
  if (commonOptions(command).json) {
    for (const row of sorted) printJson(terminal, row);
    return printJson(terminal, { imported, failed: sorted.length, dryRun });
  }
  for (const { line, address, error } of sorted)
    terminal.err(`row ${line}${address === '' ? '' : ` (${quoted(address)})`}: ${error}`);
  terminal.out(`${imported} mailbox(es) ${dryRun ? 'would be imported' : 'imported'}, ${sorted.length} failed`);
}
