import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { GateStudy, type GateTrial, gateClaims } from './gate-study.ts';
import { miciusLink } from './test/micius.ts';

describe('the source gate on trial', () => {
  const study = new GateStudy(miciusLink(), 1);
  const trials: GateTrial[] = Array.from({ length: 60 }, (_, trial) => study.play(1, trial));

  it('holds what it claims', () => {
    assert.deepEqual(
      gateClaims(trials).filter(({ holds }) => !holds),
      [],
    );
  });

  it('would be seen to fail: sources far out of specification leak more than an unpaid bound grants', () => {
    const wide = trials.filter(({ spreadPs }) => spreadPs > 150);
    assert.ok(wide.length > 0 && wide.every(({ unpaidExcessBits, accepted }) => unpaidExcessBits > 0 && !accepted));
  });

  it('plays a trial alike whenever it is played', () => assert.deepEqual(study.play(1, 7), trials[7]));
});
