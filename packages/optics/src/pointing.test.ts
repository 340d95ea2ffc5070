import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pointingLossDb } from './pointing.ts';

describe('pointing', () => {
  it('costs Micius 0.90 dB', () => {
    assert.ok(Math.abs(pointingLossDb({ beamHalfAngleRad: 5e-6, jitterRad: 1.2e-6 }) - 0.9) < 0.005);
  });

  it('is the mean of the beam profile over Rayleigh-distributed errors', () => {
    for (const ratio of [0.1, 0.24, 0.5, 1.3]) {
      let mean = 0;
      const step = 1e-3;
      for (let theta = step / 2; theta < 12 * ratio; theta += step) {
        const density = (theta / ratio ** 2) * Math.exp(-(theta ** 2) / (2 * ratio ** 2));
        mean += density * Math.exp(-2 * theta ** 2) * step;
      }
      const lossDb = pointingLossDb({ beamHalfAngleRad: 3e-6, jitterRad: ratio * 3e-6 });
      assert.ok(Math.abs(lossDb - -10 * Math.log10(mean)) < 1e-4);
    }
  });

  it('is nothing without jitter, and refuses what is none', () => {
    assert.equal(pointingLossDb({ beamHalfAngleRad: 5e-6, jitterRad: 0 }), 0);
    assert.throws(() => pointingLossDb({ beamHalfAngleRad: 0, jitterRad: 1e-6 }), { code: 'optics/parameter' });
    assert.throws(() => pointingLossDb({ beamHalfAngleRad: 5e-6, jitterRad: -1e-6 }), { code: 'optics/parameter' });
  });
});
