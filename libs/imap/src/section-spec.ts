/** What a FETCH asks for: RFC 3501 6.4.5. */
import { encodeAstring } from './responses/strings.ts';

export type SectionText = 'all' | 'HEADER' | 'HEADER.FIELDS' | 'HEADER.FIELDS.NOT' | 'TEXT' | 'MIME';

/** One piece of a message's octets: BODY[...], BODY.PEEK[...], RFC822, RFC822.HEADER or RFC822.TEXT. */
export interface BodySection {
  /** Part numbers from the outside in; empty means the message itself. */
  readonly part: readonly number[];
  readonly text: SectionText;
  /** Field names as the client gave them, as latin1. Only with HEADER.FIELDS and HEADER.FIELDS.NOT. */
  readonly fields?: readonly string[];
  /** At most `octets` octets (never 0) of the piece, starting at `from`. */
  readonly partial?: { readonly from: number; readonly octets: number };
  /** False: fetching it sets \Seen. */
  readonly peek: boolean;
  /** The name of the data item in the response, `BODY[1.2.HEADER.FIELDS (FROM TO)]<0>` for instance. */
  readonly label: string;
}

export type FetchAttribute = 'UID' | 'FLAGS' | 'INTERNALDATE' | 'RFC822.SIZE' | 'ENVELOPE' | 'BODY' | 'BODYSTRUCTURE';

/** The macros are spelled out by the parser; RFC822 and its parts are sections with that label. */
export type FetchItem = { readonly item: FetchAttribute } | { readonly item: 'section'; readonly section: BodySection };

/** Whether fetching the items sets \Seen. */
export const marksSeen = (items: readonly FetchItem[]): boolean =>
  items.some((item) => item.item === 'section' && !item.section.peek);

/** RFC 3501 7.4.2: the name of the data item, with the origin octet but without the count. */
export function sectionLabel({ part, text, fields, partial }: Omit<BodySection, 'peek' | 'label'>): string {
  const words: string[] = part.map(String);
  if (text !== 'all') words.push(fields ? `${text} (${fields.map(encodeAstring).join(' ')})` : text);
  return `BODY[${words.join('.')}]${partial ? `<${partial.from}>` : ''}`;
}
