/** Parts that several families use. */
import { base64, part, type Fields } from '../sample.ts';

export const text = (body = 'hello\n'): string => part('text/plain; charset=us-ascii', body);
export const html = (body = '<p>hello</p>\n'): string => part('text/html; charset=us-ascii', body);
export const B64: Fields = [['Content-Transfer-Encoding', 'base64']];
export const attachment = (type: string, disposition: string, octets: Buffer | string, fields: Fields = []): string =>
  part(type, base64(octets), [...B64, ['Content-Disposition', disposition], ...fields]);
export const pdf = `%PDF-1.4\n1 0 obj << /Type /Catalog >> endobj\n%%EOF\n`;
