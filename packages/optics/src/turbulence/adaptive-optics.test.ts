import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { adaptiveOpticsFactor, residualPhaseRad2 } from './adaptive-optics.ts';

const at = { diameterM: 1, friedM: 1, correctedModes: 1 };

describe('residual phase', () => {
  it("is Noll's table, and his formula from the twenty-second mode on", () => {
    for (const [modes, variance] of [
      [1, 1.0299],
      [2, 0.582],
      [3, 0.134],
      [10, 0.0401],
      [21, 0.0208],
    ] as const) {
      assert.equal(residualPhaseRad2({ ...at, correctedModes: modes }), variance);
    }
    assert.ok(Math.abs(residualPhaseRad2({ ...at, correctedModes: 100 }) - 0.2944 * 100 ** -0.8660254) < 1e-8);
  });

  it('falls with every mode, also where table and formula meet', () => {
    for (let correctedModes = 1; correctedModes < 60; correctedModes++) {
      const more = { ...at, correctedModes: correctedModes + 1 };
      assert.ok(residualPhaseRad2(more) < residualPhaseRad2({ ...at, correctedModes }));
    }
  });

  it('goes with (D/r0)^(5/3), and is nothing without turbulence', () => {
    assert.ok(Math.abs(residualPhaseRad2({ ...at, diameterM: 8 }) - 1.0299 * 32) < 1e-9);
    assert.equal(residualPhaseRad2({ ...at, friedM: Number.POSITIVE_INFINITY }), 0);
  });

  it('refuses half a mode', () => {
    for (const correctedModes of [0, 1.5, Number.NaN]) {
      assert.throws(() => residualPhaseRad2({ ...at, correctedModes }), { message: /correctedModes/ });
    }
    assert.throws(() => residualPhaseRad2({ ...at, friedM: 0 }), { code: 'optics/parameter' });
  });
});

it('the Strehl ratio is 1 without error and 0.87 for D = r0 behind a tip-tilt mirror', () => {
  assert.equal(adaptiveOpticsFactor({ ...at, friedM: Number.POSITIVE_INFINITY }), 1);
  assert.ok(Math.abs(adaptiveOpticsFactor({ ...at, correctedModes: 3 }) - 0.875) < 0.001);
});
