import { readFile } from 'node:fs/promises';
import { domainToASCII } from 'node:url';
import { checkAddress, checkForwardPath } from '#domain';
import { errorCode } from '#runtime';
import type { Command } from 'commander';
import { collect } from '../arguments.ts';
import { sendMail, toCrlf } from '../clients/smtp-client.ts';
import { beginsWithHeader, compose, withoutMboxLine } from '../compose.ts';
import { commonOptions, type Context } from '../context.ts';
import { findEndpoints } from '../endpoints.ts';
import { CommandFailure, EXIT, usage } from '../failure.ts';
import { printJson } from '../listing.ts';
import type { Terminal } from '../terminal.ts';

interface SendOptions {
  readonly to: readonly string[];
  readonly from?: string;
  readonly subject?: string;
}

export function registerSend(program: Command, context: Context): void {
  program
    .command('send')
    .description('send a mail through our own SMTP port')
    .argument('<file>', 'a whole message, or only its text; - for standard input')
    .requiredOption('--to <address>', 'a recipient; may be given more than once', collect)
    .option('--from <address>', 'the sender; the first recipient where it is not given')
    .option('--subject <text>', 'the file is only the text: make a header with this subject')
    .action(async (file: string, options: SendOptions, command: Command) => {
      const { terminal } = context;
      const config = context.config();
      const to = options.to.map((address) => checkForwardPath(address, domainToASCII).path);
      if (options.from !== undefined) checkAddress(options.from, domainToASCII, 'sender');
      const from = options.from ?? to[0] ?? '';
      const message = toMessage(
        await readMessage(file, terminal, config.limits.messageOctets),
        { to, from },
        options.subject,
      );
      const { reply, dialogue } = await sendMail(findEndpoints(config).smtp, { from, to, message });
      if (commonOptions(command).json) printJson(terminal, { reply, dialogue });
      else terminal.out(reply);
    });
}

async function readMessage(file: string, { input }: Terminal, limit: number): Promise<Buffer> {
  const message =
    file === '-'
      ? await readInput(input, limit)
      : await readFile(file).catch((error: unknown) => unreadable(file, error));
  if (message.length > limit) throw tooLarge(limit);
  return message;
}

const tooLarge = (limit: number): CommandFailure =>
  usage(`the message is larger than ${limit} octets (POSTHOUSE_MAX_MESSAGE_OCTETS)`);

function unreadable(file: string, error: unknown): never {
  const code = errorCode(error);
  throw new CommandFailure(
    code === 'ENOENT' ? EXIT.notFound : EXIT.usage,
    `cannot read ${file}: ${code ?? 'unreadable'}`,
    { cause: error },
  );
}

async function readInput(input: Terminal['input'], limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of input) {
    const octets = Buffer.from(chunk as Uint8Array | string);
    size += octets.length;
    if (size > limit) throw tooLarge(limit);
    chunks.push(octets);
  }
  return Buffer.concat(chunks);
}

function toMessage(
  given: Buffer,
  { from, to }: { from: string; to: readonly string[] },
  subject: string | undefined,
): Buffer {
  const content = subject === undefined ? withoutMboxLine(given) : given;
  if (subject === undefined && beginsWithHeader(content)) return content;
  const header = compose({ from, to, subject: subject ?? 'a mail from posthouse send', text: '' });
  return Buffer.concat([header, toCrlf(content)]);
}
