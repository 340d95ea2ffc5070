import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Attempts, GIVE_UP_MS, recoveryStep } from './recovery.ts';

/** What a side does about a connection that never comes back, looked at every 500 ms. */
function played(polite: boolean): readonly (readonly [number, string])[] {
  let attempts: Attempts = { lostMs: 0, restartedMs: null, rebuiltMs: null };
  const done: [number, string][] = [];
  for (let nowMs = 0; nowMs <= GIVE_UP_MS; nowMs += 500) {
    const step = recoveryStep(attempts, nowMs, polite);
    if (step !== 'wait') done.push([nowMs, step]);
    if (step === 'restart') attempts = { ...attempts, restartedMs: nowMs };
    if (step === 'rebuild') attempts = { ...attempts, rebuiltMs: nowMs };
  }
  return done;
}

describe('a connection that is lost', () => {
  it('is left alone for a second, then sought again and again, then given up', () => {
    const impolite = played(false);
    assert.deepEqual(impolite[0], [1500, 'restart']);
    assert.deepEqual(impolite.at(-1), [GIVE_UP_MS, 'give-up']);
    assert.equal(impolite.filter(([, step]) => step === 'rebuild').length, 1);
    assert.ok(impolite.length >= 6);
  });

  it('is sought by one side alone, so that the two never cross', () => {
    assert.deepEqual(played(true), [[GIVE_UP_MS, 'give-up']]);
  });
});
