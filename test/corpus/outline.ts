import { MessageScanner, type MessageIndex, type Part } from '../../libs/message/src/index.ts';

/** The index of a whole message. */
export function indexOf(octets: Buffer): MessageIndex {
  const scanner = new MessageScanner();
  scanner.write(octets);
  return scanner.end();
}

/** `multipart/mixed(text/plain message/rfc822(text/html))`: the structure of a message as one line. */
export function outline(part: Part): string {
  const inner = childrenOf(part);
  return `${part.type}/${part.subtype}${inner.length > 0 ? `(${inner.map(outline).join(' ')})` : ''}`;
}

/** Parts of the index, the message itself included. */
export const countParts = (part: Part): number => childrenOf(part).reduce((sum, child) => sum + countParts(child), 1);

export const childrenOf = (part: Part): Part[] => (part.message ? [part.message.root] : part.parts);
