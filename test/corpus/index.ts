import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Refusal } from './sample.ts';
import { samples } from './samples.ts';

export type { Refusal } from './sample.ts';

/** One message of the corpus. */
export interface CorpusMessage {
  name: string;
  /** What it exercises. */
  about: string;
  /** As it would be after dot-unstuffing. Where it has no final CRLF, SMTP adds one on the way. */
  octets: Buffer;
  /** Why SMTP must refuse it; absent where it must be accepted. */
  refused?: Refusal;
  /** Its first line is no header field: SMTP puts an empty line in front of it. */
  headless: boolean;
}

export const messagesFolder = fileURLToPath(new URL('messages/', import.meta.url));
export const manifestPath = fileURLToPath(new URL('manifest.jsonl', import.meta.url));

/** Every message: the committed ones from their files, those over 64 KiB made on the spot, so hold one at a time. */
export function* corpus(): Generator<CorpusMessage, void, undefined> {
  for (const { name, about, make, large, refused, headless = false } of samples) {
    const octets = large ? make() : readFileSync(`${messagesFolder}${name}.eml`);
    yield { name, about, octets, headless, ...(refused === undefined ? {} : { refused }) };
  }
}
