import type { CanonicalAddress, DirectoryFacts } from '#domain';
import { CompiledQuery } from 'kysely';
import type { Act } from './act.ts';
import { DIRECTORY_FACTS, directoryFactsValues, toDirectoryFacts, type DirectoryFactsRow } from './directory-facts.ts';

/** The same facts that RCPT is answered from, as far as the principal of this transaction sees. */
export async function actFacts(act: Act, addresses: readonly CanonicalAddress[]): Promise<DirectoryFacts[]> {
  const { rows } = await act.executeQuery<DirectoryFactsRow>(
    CompiledQuery.raw(DIRECTORY_FACTS.text, directoryFactsValues(addresses)),
  );
  return toDirectoryFacts(rows, addresses.length);
}
