/** The embedded PostgreSQL cannot run; the message names the thing, the reason and the remedy. */
export class EmbeddedError extends Error {
  override readonly name = 'EmbeddedError';
}
