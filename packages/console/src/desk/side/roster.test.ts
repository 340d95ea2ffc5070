import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linkOf, rosterOf } from './roster.ts';

const li = { id: 'p-1', name: 'Li Wei', roles: ['speaker'] };
const sun = { id: 'p-2', name: 'Sun Jia', roles: ['speaker'] };

test('people and the links that nobody has used stand apart', () => {
  const body = {
    persons: [{ ...li, keys: [], isSignedIn: true }],
    invitations: [
      { ...li, expiresUtcMs: 1 },
      { ...sun, expiresUtcMs: 2 },
    ],
  };
  assert.deepEqual(rosterOf(body), {
    persons: [{ ...li, isSignedIn: true }],
    links: [{ ...sun, expiresUtcMs: 2 }],
  });
  assert.deepEqual(rosterOf({ persons: [li] }), { persons: [{ ...li, isSignedIn: null }], links: [] });
});

test('what is no list, or no link, is not taken for one', () => {
  for (const body of [null, 7, {}, { persons: {} }, []]) assert.equal(rosterOf(body), null);
  for (const body of [null, '', {}, { link: 7 }]) assert.equal(linkOf(body, 'Sun Jia'), null);
  const link = 'http://localhost:1/#enrol=x';
  assert.deepEqual(linkOf({ link }, 'Sun Jia'), { name: 'Sun Jia', link, expiresUtcMs: null });
  assert.deepEqual(linkOf({ link, expiresUtcMs: 5 }, 'Sun Jia')?.expiresUtcMs, 5);
});
