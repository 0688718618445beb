import { Buffer } from 'node:buffer';
import type { Command } from '../command.ts';
import { parseCommand } from './parse.ts';

export const parse = (text: string): ReturnType<typeof parseCommand> => parseCommand(Buffer.from(text, 'latin1'));

/** The command that the text after a tag is, or what is wrong with it. */
export const command = (text: string): Command | string => {
  const parsed = parse(`a ${text}`);
  return parsed.command ?? parsed.fault.message;
};
