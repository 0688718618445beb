/** Resolves when dist is there and no older than the sources. */
export function ensureBuilt(root: string): Promise<void>;
