/** `posthouse mailbox import FILE.csv`: many mailboxes, an error for each bad row, the good ones made. */
import { readFile, stat } from 'node:fs/promises';
import { hashPassword } from '#auth';
import { checkQuota, DirectoryRefusal, MAX_MAILBOX_BATCH, quoted, type NewMailbox } from '#domain';
import { errorCode } from '#runtime';
import type { Command } from 'commander';
import { commonOptions, scopeOf, withHouse, type Context } from '../context.ts';
import { parseCsv, type CsvRow } from '../csv.ts';
import { CommandFailure, EXIT, exitCodeOf, usage } from '../failure.ts';
import { printJson } from '../listing.ts';
import type { OpenHouse } from '../open-house.ts';
import { checkPassword } from '../password.ts';

/** Octets of a file: at some 60 a row, a million rows; the whole file is in memory. */
export const MAX_IMPORT_OCTETS = 64 * 1024 * 1024;
const HEADER = ['address', 'password', 'quota'] as const;

interface GoodRow {
  readonly line: number;
  readonly address: string;
  readonly password: string;
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

export function registerImport(mailbox: Command, context: Context): void {
  mailbox
    .command('import')
    .description('make many mailboxes from a CSV file with the header address,password,quota (octets; empty: no limit)')
    .argument('<file>', 'RFC 4180, UTF-8')
    .option('--dry-run', 'check everything, make nothing')
    .action(async (file: string, { dryRun = false }: { dryRun?: boolean }, command: Command) => {
      const rows = readRows(await readText(file));
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

function readRows(text: string): { good: GoodRow[]; bad: BadRow[] } {
  const rows = parseCsv(text);
  const head = rows.next();
  const names = head.done ? [] : head.value.fields.map((name) => name.trim().toLowerCase());
  if (names.length !== HEADER.length || HEADER.some((name, at) => names[at] !== name)) {
    throw usage(`the first row must be ${HEADER.join(',')}`);
  }
  const good: GoodRow[] = [];
  const bad: BadRow[] = [];
  for (const row of rows) {
    const read = readRow(row);
    if ('error' in read) bad.push(read);
    else good.push(read);
  }
  return { good, bad };
}

function readRow({ line, fields, fault }: CsvRow): GoodRow | BadRow {
  const [address = '', password = '', quota = ''] = fields;
  const bad = (error: string): BadRow => ({ line, address, error });
  if (fault !== undefined) return bad(fault);
  if (fields.length !== HEADER.length) return bad(`the row has ${fields.length} field(s), not ${HEADER.length}`);
  try {
    checkPassword(password);
    return { line, address, password, quotaOctets: quota === '' ? undefined : readQuota(quota) };
  } catch (error) {
    if (exitCodeOf(error) === EXIT.usage && error instanceof Error) return bad(error.message);
    throw error;
  }
}

function readQuota(text: string): number {
  if (!/^\d{1,16}$/.test(text)) throw usage(`the quota ${quoted(text)} is no number of octets`);
  return checkQuota('quota', Number(text));
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
      result.imported += noteRefused(worthy, made, result).length;
    }
    if (context.terminal.isInteractive) context.terminal.progress(`${at + batch.length} of ${good.length} rows`);
  }
  if (context.terminal.isInteractive && good.length > 0) context.terminal.err('');
  return result;
}

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
