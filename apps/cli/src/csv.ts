/** RFC 4180, read row by row: one bad row must not hide the others. */
export interface CsvRow {
  /** The line it begins on, from 1. */
  readonly line: number;
  readonly fields: readonly string[];
  /** Undefined: well formed. */
  readonly fault: string | undefined;
}

/** Rows of `text`; CRLF or LF ends one, quoted fields may hold both. Empty lines are skipped. Never throws. */
export function* parseCsv(text: string): Generator<CsvRow, void> {
  const cursor = new Cursor(text.startsWith('\ufeff') ? text.slice(1) : text);
  while (!cursor.isAtEnd()) {
    const row = readRow(cursor);
    const isEmpty = row.fields.length === 1 && row.fields[0] === '' && row.fault === undefined;
    if (!isEmpty) yield row;
  }
}

class Cursor {
  line = 1;
  at = 0;
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  isAtEnd = (): boolean => this.at >= this.text.length;
  peek = (): string => this.text.charAt(this.at);

  take(): string {
    const character = this.text.charAt(this.at++);
    if (character === '\n') this.line++;
    return character;
  }

  takeLineEnd(): boolean {
    if (this.text.startsWith('\r\n', this.at)) this.at++;
    if (this.peek() !== '\n') return false;
    this.take();
    return true;
  }

  /** Leaves the cursor behind the line end. */
  skipLine(): void {
    const end = this.text.indexOf('\n', this.at);
    if (end < 0) this.at = this.text.length;
    else {
      this.at = end + 1;
      this.line++;
    }
  }
}

function readRow(cursor: Cursor): CsvRow {
  const { line } = cursor;
  const fields: string[] = [];
  const broken = (fault: string): CsvRow => {
    cursor.skipLine();
    return { line, fields, fault };
  };
  for (;;) {
    const field = cursor.peek() === '"' ? readQuoted(cursor) : readPlain(cursor);
    if (field === undefined) return broken('a quoted field never ends');
    fields.push(field);
    if (cursor.isAtEnd() || cursor.takeLineEnd()) return { line, fields, fault: undefined };
    if (cursor.peek() !== ',') return broken('a quote stands in the middle of a field');
    cursor.take();
  }
}

function readPlain(cursor: Cursor): string {
  const start = cursor.at;
  while (!cursor.isAtEnd() && !',\n"'.includes(cursor.peek())) cursor.take();
  const isBeforeCrlf = cursor.peek() === '\n' && cursor.at > start && cursor.text.charAt(cursor.at - 1) === '\r';
  if (isBeforeCrlf) cursor.at--;
  return cursor.text.slice(start, cursor.at);
}

/** Undefined when the closing quote is missing; the cursor is then back at the opening one. */
function readQuoted(cursor: Cursor): string | undefined {
  const start = { at: cursor.at, line: cursor.line };
  const pieces: string[] = [];
  cursor.take();
  while (!cursor.isAtEnd()) {
    const character = cursor.take();
    if (character !== '"') pieces.push(character);
    else if (cursor.peek() === '"') pieces.push(cursor.take());
    else return pieces.join('');
  }
  Object.assign(cursor, start);
  return undefined;
}
