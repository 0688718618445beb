/** What the client sent is not in the grammar: becomes `BAD`. */
export class SyntaxFault extends Error {
  override readonly name = 'SyntaxFault';
  /** What would have been right here, in the words of the grammar. */
  readonly expected: string;
  /** Octets from the start of the command. */
  readonly offset: number;

  constructor(expected: string, offset: number) {
    super(`expected ${expected} at octet ${offset}`);
    this.expected = expected;
    this.offset = offset;
  }
}
