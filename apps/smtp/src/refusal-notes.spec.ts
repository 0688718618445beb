import { ROOT_TENANT, type MessageId, type RefusalEvent } from '#domain';
import { expect, test } from 'vitest';
import { MAX_NOTED_REFUSALS, RefusalNotes } from './refusal-notes.ts';

const event: RefusalEvent = { tenantId: ROOT_TENANT, messageId: 'm' as MessageId, kind: 'refused', detail: 'no' };
const LAST = 'no; more from there in this hour are in the log only';

test('a harvester is noted so often in an hour, with a last word; others meanwhile, and the next hour, are noted as ever', () => {
  const noted: string[] = [];
  let now = 0;
  const notes = new RefusalNotes({ recordRefusal: ({ detail }) => void noted.push(detail) }, () => now);
  for (let at = 0; at < 3 * MAX_NOTED_REFUSALS; at++) notes.note(event, `2001:db8::${at.toString(16)}`);
  expect(noted).toEqual([...Array.from({ length: MAX_NOTED_REFUSALS }, () => 'no'), LAST]);
  notes.note(event, '192.0.2.1');
  expect(noted.length).toBe(MAX_NOTED_REFUSALS + 2);
  now = 3_600_000;
  notes.note(event, '2001:db8::1');
  expect(noted.length).toBe(MAX_NOTED_REFUSALS + 3);
});

test('more clients than are told apart share one count', () => {
  let noted = 0;
  const notes = new RefusalNotes({ recordRefusal: () => void noted++ }, () => 0);
  for (let at = 0; at < 20_000; at++) notes.note(event, `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`);
  expect(noted).toBe(10_000 + MAX_NOTED_REFUSALS + 1);
});
