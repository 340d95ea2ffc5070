import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { binaryEntropy } from './entropy.ts';
import { lim2014 } from './lim2014.ts';
import { mismatchOf, untaggedContent } from './mismatch.ts';
import { securedKeyLength } from './secure.ts';
import { expectedPass, uniform } from './test/link.ts';

/** Efficiency of a detector of Gaussian sensitivity in time (assumed: 150 ps wide) at a shift, ps. */
const sensitivity = (shiftPs: number, centrePs: number): number => Math.exp(-(((shiftPs - centrePs) / 150) ** 2) / 2);
const centres = [-30, 30, -20, 25] as const;

describe('efficiency mismatch', () => {
  it('is one less the least over the greatest, in the worst mode', () => {
    assert.equal(mismatchOf([[1, 1, 1, 1]]), 0);
    assert.ok(
      Math.abs(
        mismatchOf([
          [1, 0.9, 1, 1],
          [0.5, 0.4, 0.5, 0.48],
        ]) - 0.2,
      ) < 1e-12,
    );
  });

  it('content falls with the share given away, from all to nothing', () => {
    assert.equal(untaggedContent(1000, 0.02, 0), 1000 * (1 - binaryEntropy(0.02)));
    assert.equal(untaggedContent(1000, 0.02, 1), 0);
    let previous = Number.POSITIVE_INFINITY;
    for (let known = 0; known <= 1; known += 0.05) {
      const content = untaggedContent(1000, 0.02, known);
      assert.ok(content < previous && content >= 0);
      previous = content;
    }
  });

  it('pays for an Eve who chooses the shift of each pulse, drawn pulse by pulse', () => {
    const random = uniform(1502);
    for (const limitPs of [20, 60, 150, 300]) {
      const shifts = [-limitPs, limitPs];
      const mismatch = mismatchOf(shifts.map((shift) => centres.map((centre) => sensitivity(shift, centre))));
      // Key basis: detectors 0 and 1. She shifts at random; both bits are equally likely, and errors are none.
      let clicks = 0;
      const bits = [
        [0, 0],
        [0, 0],
      ];
      for (let pulse = 0; pulse < 200_000; pulse++) {
        const side = random() < 0.5 ? 0 : 1;
        const bit = random() < 0.5 ? 0 : 1;
        if (random() < sensitivity(shifts[side]!, centres[bit]!)) {
          clicks++;
          bits[side]![bit]!++;
        }
      }
      const known = bits.reduce((sum, [zero = 0, one = 0]) => {
        return sum + (zero + one) * (1 - binaryEntropy(Math.min(zero, one) / (zero + one)));
      }, 0);
      const granted = untaggedContent(clicks, 0, mismatch);
      assert.ok(granted <= clicks - known, `${limitPs} ps: ${granted} granted of ${clicks}, ${known} known`);
      // Without the penalty all of it would have been granted.
      assert.ok(untaggedContent(clicks, 0, 0) > clicks - known);
    }
  });

  it('pays for the strongest she can do with single photons of each basis: filter, guess, stay unseen', () => {
    // In a mode of mismatch m she sends the state of the better detector: of its clicks the share m is excess.
    for (const m of [0.01, 0.2, 0.6]) {
      const better = 1;
      const worse = 1 - m;
      const guess = better / (better + worse);
      assert.ok(1 - binaryEntropy(1 - guess) <= m);
    }
  });

  it('costs at the length of a pass what it says', () => {
    const pass = expectedPass();
    const plain = lim2014(pass);
    const secured = securedKeyLength({ ...pass, sideChannels: { efficiencyMismatch: 0.05 } });
    const cost = plain.secretBits - secured.secretBits;
    // The share itself, and the errors that the rest may hold.
    const share = 0.05 * plain.keySingles * (1 - binaryEntropy(plain.phaseErrorRate));
    assert.ok(cost > share && cost < 1.3 * share, `${cost} for ${share}`);
    assert.deepEqual(
      secured.costs.map(({ name, bits }) => [name, bits]),
      [['efficiencyMismatch', cost]],
    );
  });
});
