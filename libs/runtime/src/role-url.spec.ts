import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { APP_ROLES, DatabaseUrlError, isRoleUrl, maskUrl, rolePassword, roleUrl } from './role-url.ts';

const OWNER = 'postgres://owner:s%40cret@db.example.org:6432/posthouse?sslmode=require';

test.for(APP_ROLES)('%s connects as itself, with a password made of the owner’s', (role) => {
  const expected = createHmac('sha256', 's@cret').update(`posthouse role ${role}`).digest('hex');
  expect(rolePassword(OWNER, role)).toBe(expected);
  expect(roleUrl(OWNER, role)).toBe(`postgres://${role}:${expected}@db.example.org:6432/posthouse?sslmode=require`);
});

test('roles have different passwords', () => {
  expect(new Set(APP_ROLES.map((role) => rolePassword(OWNER, role))).size).toBe(APP_ROLES.length);
});

test('the URL of an app role is taken as it is', () => {
  const url = 'postgres://posthouse_pop3:x@h/d';
  expect([isRoleUrl(url), roleUrl(url, 'posthouse_pop3')]).toEqual([true, url]);
});

test('an owner whose name only looks like a role is an owner', () => {
  expect(isRoleUrl('postgres://posthouse_owner:x@h/d')).toBe(false);
});

test('an owner without a password is an error with the remedy', () => {
  expect(() => roleUrl('postgres://owner@h/d', 'posthouse_imap')).toThrow(
    /no password.*posthouse_imap.*POSTHOUSE_DATABASE_URL/s,
  );
});

test('what is no URL is an error without what it was', () => {
  expect(() => roleUrl('hunter2 @', 'posthouse_api')).toThrow(DatabaseUrlError);
  expect(() => roleUrl('hunter2 @', 'posthouse_api')).not.toThrow(/hunter2/);
});

test('masked URLs hold no password', () => {
  expect(maskUrl(OWNER)).toBe('postgres://owner:***@db.example.org:6432/posthouse?sslmode=require');
});
