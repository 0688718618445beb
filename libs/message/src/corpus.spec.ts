import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { entryOf, printManifest } from '../../../test/corpus/generate.ts';
import { corpus, manifestPath, messagesFolder } from '../../../test/corpus/index.ts';
import { childrenOf, indexOf, outline } from '../../../test/corpus/outline.ts';
import { samples } from '../../../test/corpus/samples.ts';
import { MAX_MIME_PARTS, MessageScanner, type Part } from './index.ts';

const COMMITTED_AT_MOST = 64 * 1024;

/** Milliseconds: some 60 MB are made and scanned, on a machine that may be busy. */
const PATIENCE = 60_000;

test('has at least 220 messages that must be accepted, each name once', () => {
  expect(samples.filter(({ refused }) => refused === undefined).length).toBeGreaterThanOrEqual(220);
  expect(new Set(samples.map(({ name }) => name)).size).toBe(samples.length);
  expect(samples.every(({ name, about }) => /^[a-z0-9._-]+$/.test(name) && about !== '')).toBe(true);
});

test('files and manifest are what the sources make', { timeout: PATIENCE }, () => {
  const entries = samples.map((sample) => {
    const octets = sample.make();
    expect(octets.length > COMMITTED_AT_MOST, sample.name).toBe(sample.large ?? false);
    if (!sample.large)
      expect(readFileSync(`${messagesFolder}${sample.name}.eml`).equals(octets), sample.name).toBe(true);
    return entryOf(sample, octets);
  });
  expect(readFileSync(manifestPath, 'utf8')).toBe(printManifest(entries));
  const files = samples.filter(({ large }) => !large).map(({ name }) => `${name}.eml`);
  expect(readdirSync(messagesFolder).sort()).toEqual(files.sort());
});

test.for(
  samples
    .filter(({ structure }) => structure !== undefined)
    .map(({ name, make, structure }) => ({ name, make, structure })),
)('$name has the structure it was made with', ({ make, structure }) => {
  expect(outline(indexOf(make()).root)).toBe(structure);
});

test(
  'refused messages hold what they are refused for, all others only lines of at most 64 KiB ended by CRLF',
  { timeout: PATIENCE },
  () => {
    for (const { name, octets, refused } of corpus()) expect(violation(octets), name).toBe(refused);
  },
);

test('every message scans to a sane index, the same in chunks', { timeout: PATIENCE }, () => {
  for (const { name, octets } of corpus()) {
    const index = indexOf(octets);
    expect(index.octets, name).toBe(octets.length);
    expect(index.root.body[1], name).toBe(octets.length);
    expect(countWithin(index.root, 0, octets.length), name).toBeLessThanOrEqual(MAX_MIME_PARTS);
    expect(inChunks(octets, 4093), name).toEqual(index);
  }
});

/** The first thing that SMTP refuses, found without the code under test. */
function violation(octets: Buffer): string | undefined {
  const text = octets.toString('latin1');
  if (text.includes('\0')) return 'nul';
  const lines = text.split('\r\n');
  if (lines.some((line) => line.includes('\n'))) return 'bare-lf';
  if (lines.some((line) => line.includes('\r'))) return 'bare-cr';
  return lines.some((line) => line.length > 65_536) ? 'line-too-long' : undefined;
}

/** Parts of the tree; fails where a range does not lie within its parent, in order. */
function countWithin(part: Part, from: number, to: number): number {
  const marks = [from, ...part.header, ...part.body, to];
  expect(marks).toEqual(marks.toSorted((a, b) => a - b));
  let at = part.body[0];
  let count = 1;
  for (const child of childrenOf(part)) {
    count += countWithin(child, at, part.body[1]);
    at = child.body[1];
  }
  return count;
}

function inChunks(octets: Buffer, step: number): unknown {
  const scanner = new MessageScanner();
  for (let at = 0; at < octets.length; at += step) scanner.write(octets.subarray(at, at + step));
  return scanner.end();
}
