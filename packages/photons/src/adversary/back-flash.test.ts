import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../random.ts';
import { honestBin } from '../test/flawed-link.ts';
import { backFlash } from './back-flash.ts';

/** In how many of 1000 bins she catches what the detectors send back. */
function caught(strength: number, time?: { fromS: number; toS: number }): number {
  const adversary = backFlash.create(strength, time);
  const random = seededRandom(3);
  let bins = 0;
  for (let bin = 0; bin < 1000; bin++) {
    const conditions = honestBin(bin / 2);
    adversary.detector!(conditions, random);
    if (conditions.backFlashCaught) bins++;
  }
  return bins;
}

test('she watches the share of the time that she is told to', () => {
  assert.equal(caught(0), 0);
  assert.equal(caught(1), 1000);
  assert.ok(Math.abs(caught(0.3) - 300) < 4 * Math.sqrt(1000 * 0.3 * 0.7));
  assert.equal(caught(1, { fromS: 100, toS: 200 }), 200);
});

test('nothing but the ledger changes', () => {
  const before = honestBin();
  const after = honestBin();
  backFlash.create(1).detector!(after, seededRandom(3));
  assert.deepEqual({ ...after, backFlashCaught: false }, before);
  assert.throws(() => backFlash.create(1.1), { code: 'photons/strength' });
});
