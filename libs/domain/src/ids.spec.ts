import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseId, showId, uuidV7 } from './ids.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const octets = fc.uint8Array({ minLength: 10, maxLength: 10 });
const time = fc.integer({ min: 0, max: 2 ** 48 - 1 });

test('UUIDv7 has the shape of RFC 9562 5.7 for any time and randomness', () => {
  fc.assert(fc.property(time, octets, (at, random) => UUID.test(uuidV7(at, random))));
});

test('ids sort by time of birth, shown or not', () => {
  fc.assert(
    fc.property(time, time, octets, octets, (a, b, x, y) => {
      if (a === b) return;
      const [first, second] = [uuidV7(Math.min(a, b), x), uuidV7(Math.max(a, b), y)];
      expect(first < second).toBe(true);
      expect(showId('msg', first) < showId('msg', second)).toBe(true);
    }),
  );
});

test('a shown id reads back, in any letter case; so does the bare UUID', () => {
  fc.assert(
    fc.property(fc.uuid(), (uuid) => {
      const shown = showId('mbx', uuid);
      expect(shown).toMatch(/^mbx_[0-9a-hjkmnp-tv-z]{26}$/);
      expect(parseId('mbx', shown)).toBe(uuid);
      expect(parseId('mbx', shown.toUpperCase())).toBe(uuid);
      expect(parseId('mbx', uuid)).toBe(uuid);
    }),
  );
});

test.each([
  ['another kind', 'dom_00000000000000000000000000'],
  ['too short', 'msg_0000'],
  ['a digit the alphabet has not', 'msg_0000000000000000000000000u'],
  ['over 128 bits', 'msg_zzzzzzzzzzzzzzzzzzzzzzzzzz'],
  ['a key of Object.prototype', '__proto__'],
  ['nothing', ''],
])('no id: %s', (_, text) => {
  expect(parseId('msg', text)).toBeUndefined();
});

test('any text is an id or undefined', () => {
  fc.assert(fc.property(fc.string(), (text) => ['string', 'undefined'].includes(typeof parseId('msg', text))));
});
