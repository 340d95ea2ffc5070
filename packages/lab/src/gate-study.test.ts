import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { GateStudy, type GateTrial, gateClaims } from './gate-study.ts';
import { miciusLink } from './test/micius.ts';

describe('the source gate on trial', () => {
  const study = new GateStudy(miciusLink(), 1);
  const trials: GateTrial[] = Array.from({ length: 60 }, (_, trial) => study.play(1, trial));
  const failing = (tried: readonly GateTrial[]): number[] =>
    gateClaims(tried).flatMap(({ holds }, claim) => (holds ? [] : [claim]));

  it('holds what it claims', () => assert.deepEqual(failing(trials), []));

  it('is refused by what the length pays alone wherever a bound that knows of nothing leaks, also below 100 ps', () => {
    const leaking = trials.filter(({ unpaidExcessBits }) => unpaidExcessBits > 0);
    assert.ok(leaking.some(({ spreadPs }) => spreadPs < 100));
    assert.ok(leaking.every(({ accepted }) => !accepted));
    // Sources far out of the specification are accepted there: it is the payment that decides.
    assert.ok(trials.some(({ accepted, spreadPs }) => accepted && spreadPs > 4 * study.specificationPs));
  });

  it('would be seen to fail with nothing paid', () => {
    const unpaid = trials.map((one) => ({ ...one, accepted: true, paidExcessBits: one.unpaidExcessBits }));
    assert.deepEqual(failing(unpaid), [1, 2]);
  });

  it('would be seen to fail with a specification far too wide', () => {
    const wide = trials.map((one) => ({ ...one, inside: one.inside || one.spreadPs < 40 }));
    assert.deepEqual(failing(wide), [3]);
  });

  it('plays a trial alike whenever it is played', () => assert.deepEqual(study.play(1, 7), trials[7]));
});
