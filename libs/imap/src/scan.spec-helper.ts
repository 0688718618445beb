import type { Buffer } from 'node:buffer';
import { MAX_ADDRESSES, MessageScanner, parseAddresses, type MessageIndex } from '#message';
import type { AddressReader } from './search-addresses.ts';

/** As the imap app reads them. */
export const addressesOf: AddressReader = (fieldBody) => parseAddresses(fieldBody, MAX_ADDRESSES);

/** The index of a whole message, as delivery makes it: also the proof that it fits the input types here. */
export function scan(message: Buffer): MessageIndex {
  const scanner = new MessageScanner();
  scanner.write(message);
  return scanner.end();
}
