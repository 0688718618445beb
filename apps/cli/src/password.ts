/** Passwords come by prompt or by standard input, never as an argument, and are never echoed. */
import { randomInt } from 'node:crypto';
import { StringDecoder } from 'node:string_decoder';
import { MAX_PASSWORD_OCTETS } from '#auth';
import { usage } from './failure.ts';
import { hashLike } from './hash-like.ts';
import type { Terminal } from './terminal.ts';

/** Throws CommandFailure: empty, over MAX_PASSWORD_OCTETS, with a control character that no mail client could send, or that looks like a hash. */
export function checkPassword(password: string): string {
  if (password === '') throw usage('the password is empty');
  const octets = Buffer.byteLength(password);
  if (octets > MAX_PASSWORD_OCTETS)
    throw usage(`the password has ${octets} octets; at most ${MAX_PASSWORD_OCTETS} are allowed`);
  for (const character of password) {
    const point = character.codePointAt(0) ?? 0;
    if (point < 0x20 || point === 0x7f) throw usage('the password holds a control character (CR, LF, NUL or the like)');
  }
  const looks = hashLike(password);
  if (looks !== undefined)
    throw usage(
      `the password looks like a hash (${looks}), and taken as it is the hash itself would be the password: give the password, or make a new one; hashes are not imported in this release`,
    );
  return password;
}

/** Without those that look like others, since people type it into a phone. */
const LETTERS = 'abcdefghijkmnpqrstuvwxyz23456789';
/** 20 letters of 32: 100 bits. */
const GROUPS = 4;
const GROUP = 5;

export const generatePassword = (): string =>
  Array.from({ length: GROUPS }, () =>
    Array.from({ length: GROUP }, () => LETTERS[randomInt(LETTERS.length)]).join(''),
  ).join('-');

/** Octets read from standard input at most before the password is refused. */
const MAX_STDIN = 64 * 1024;

/** Everything on standard input; one line end after it is dropped. */
export async function passwordFromStdin({ input }: Terminal): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of input) {
    const octets = Buffer.from(chunk as Uint8Array | string);
    size += octets.length;
    if (size > MAX_STDIN)
      throw usage(`the password has more than ${MAX_STDIN} octets; at most ${MAX_PASSWORD_OCTETS} are allowed`);
    chunks.push(octets);
  }
  return checkPassword(
    Buffer.concat(chunks)
      .toString('utf8')
      .replace(/\r?\n$/, ''),
  );
}

/** Asks twice. Throws CommandFailure when standard input is no terminal or the two differ. */
export async function promptPassword(terminal: Terminal, name: string): Promise<string> {
  if (terminal.input.isTTY !== true)
    throw usage('no password: give it with --password-stdin, or run the command on a terminal');
  const first = checkPassword(await promptOnce(terminal, `Password for ${name}: `));
  const second = await promptOnce(terminal, 'Once more: ');
  if (first !== second) throw usage('the two passwords differ: nothing was changed');
  return first;
}

/** Raw mode: the terminal echoes nothing, and so the keys that edit a line are ours to honour. */
function promptOnce(terminal: Terminal, question: string): Promise<string> {
  const { input } = terminal;
  terminal.progress(question);
  input.setRawMode?.(true);
  const typed: string[] = [];
  const decoder = new StringDecoder('utf8');
  return new Promise((resolve, reject) => {
    const finish = (settle: () => void): void => {
      input.off('data', onData);
      input.setRawMode?.(false);
      input.pause();
      terminal.err('');
      settle();
    };
    const onData = (chunk: Buffer | string): void => {
      for (const character of typeof chunk === 'string' ? chunk : decoder.write(chunk)) {
        if (character === '\r' || character === '\n') return finish(() => resolve(typed.join('')));
        if (character === '\u0003' || character === '\u0004')
          return finish(() => reject(usage('interrupted: nothing was changed')));
        if (character === '\u007f' || character === '\b') typed.pop();
        else if (character === '\u0015') typed.length = 0;
        else typed.push(character);
      }
    };
    input.on('data', onData);
    input.resume();
  });
}
