import { visibleJson } from './plain-text.ts';

/** What the directory answers when it does not do what was asked. */
export type DirectoryRefusalCode = 'bad-input' | 'not-found' | 'conflict' | 'unavailable';

/**
 * An expected refusal, ready to show: no database error, no stack. `field` names the input it is about (`address`, `quota`, ..);
 * `message` is one sentence with the reason and, where there is one, the remedy.
 */
export class DirectoryRefusal extends Error {
  override readonly name = 'DirectoryRefusal';
  readonly code: DirectoryRefusalCode;
  readonly field: string;

  constructor(code: DirectoryRefusalCode, field: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.field = field;
  }
}

/** The value quoted for a message: what cannot be seen escaped, cut where it is long. */
export function quoted(text: string): string {
  const shown = text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}...` : text;
  return visibleJson(shown);
}

/** Characters of an offending value that a message repeats. */
const MAX_SHOWN = 60;
