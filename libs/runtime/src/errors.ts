/** The `code` of a system error (ENOENT, EADDRINUSE, …); undefined for anything else. */
export const errorCode = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

/** What to show of a caught value: its message where it has one. */
export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
