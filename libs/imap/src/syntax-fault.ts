/** What the client sent is not in the grammar: becomes `BAD`. */
export class SyntaxFault extends Error {
  override readonly name: string = 'SyntaxFault';
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

/** The command is in the grammar and over a limit of ours: becomes `NO [LIMIT]` (RFC 5530 3), and is no sign of a broken client. */
export class LimitFault extends SyntaxFault {
  override readonly name = 'LimitFault';
}
