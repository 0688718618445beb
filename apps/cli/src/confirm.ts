/** What cannot be undone is said and asked for first. */
import { usage } from './failure.ts';
import type { Terminal } from './terminal.ts';

/**
 * Says what goes, and asks on a terminal. Throws CommandFailure: the answer is not yes, or there is nobody to ask and no `--yes`.
 * @param what one sentence for each line
 */
export async function confirm(terminal: Terminal, what: readonly string[], yes: boolean): Promise<void> {
  if (yes) return;
  for (const line of what) terminal.err(line);
  if (terminal.input.isTTY !== true) throw usage('nothing was changed: say --yes where nobody can be asked');
  terminal.progress('Go on? [y/N] ');
  const answer = await line(terminal);
  if (!/^y(es)?$/i.test(answer.trim())) throw usage('nothing was changed');
}

/** Characters of an answer at most. */
const MAX_ANSWER = 200;

function line({ input }: Terminal): Promise<string> {
  let text = '';
  return new Promise((resolve) => {
    const end = (): void => {
      input.off('data', onData).off('end', end).off('close', end);
      input.pause();
      resolve(text);
    };
    const onData = (chunk: Buffer | string): void => {
      text += chunk.toString();
      if (/[\r\n]/.test(text) || text.length > MAX_ANSWER) end();
    };
    input.on('data', onData).on('end', end).on('close', end);
    input.resume();
  });
}
