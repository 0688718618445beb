import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { manifestPath, messagesFolder } from './index.ts';
import { countParts, indexOf, outline } from './outline.ts';
import type { Sample } from './sample.ts';
import { samples } from './samples.ts';

/** One line of manifest.jsonl. */
export interface ManifestEntry {
  name: string;
  about: string;
  octets: number;
  headerOctets: number;
  /** Parts found, the message included; a bomb stops at the scanner's limit. */
  parts: number;
  /** As `outline` prints it; cut where it is long. */
  structure: string;
  refused?: string;
  /** Not committed, made when needed. */
  generated?: true;
}

const LONGEST_STRUCTURE = 160;

export function entryOf({ name, about, refused, large }: Sample, octets: Buffer): ManifestEntry {
  const { root, headerOctets } = indexOf(octets);
  const structure = outline(root);
  return {
    name,
    about,
    octets: octets.length,
    headerOctets,
    parts: countParts(root),
    structure: structure.length > LONGEST_STRUCTURE ? `${structure.slice(0, LONGEST_STRUCTURE)}...` : structure,
    ...(refused === undefined ? {} : { refused }),
    ...(large === undefined ? {} : { generated: true as const }),
  };
}

/** One entry a line (JSON Lines), so that a change of one message is a change of one line. */
export const printManifest = (entries: readonly ManifestEntry[]): string =>
  entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');

/** Writes messages/*.eml and manifest.jsonl; removes messages that no family makes any more. */
export function generate(): number {
  mkdirSync(messagesFolder, { recursive: true });
  const names = new Set(samples.filter((sample) => !sample.large).map(({ name }) => `${name}.eml`));
  for (const file of readdirSync(messagesFolder)) if (!names.has(file)) rmSync(join(messagesFolder, file));
  const entries = samples.map((sample) => {
    const octets = sample.make();
    if (!sample.large) writeFileSync(join(messagesFolder, `${sample.name}.eml`), octets);
    return entryOf(sample, octets);
  });
  writeFileSync(manifestPath, printManifest(entries));
  return entries.length;
}

if (import.meta.main) console.log(`${generate()} messages`);
