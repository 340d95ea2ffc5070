import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deskAddress } from './address.ts';

test('the site of a desk is in its path', () => {
  assert.deepEqual(deskAddress('/desk/beijing'), { siteId: 'beijing', base: '/desk/beijing' });
  assert.deepEqual(deskAddress('/desk/st-petersburg/'), { siteId: 'st-petersburg', base: '/desk/st-petersburg' });
});

test('other paths are no desk, and nothing odd gets into an address', () => {
  for (const path of [
    '/',
    '/desk',
    '/desk/',
    '/desk/Beijing',
    '/desk/a/b',
    '/desk/..%2fapi',
    '/desk/a?x',
    '/desk/-a',
  ]) {
    assert.equal(deskAddress(path), null, path);
  }
});
