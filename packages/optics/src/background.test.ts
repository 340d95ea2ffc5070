import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  backgroundRateHz,
  DAY_RADIANCE,
  FULL_MOON_RADIANCE,
  NEW_MOON_RADIANCE,
  noisePerGate,
  skyRadiance,
  TWILIGHT_RADIANCE,
} from './background.ts';

const RECEIVER = {
  radiance: NEW_MOON_RADIANCE,
  fieldOfViewRad: 50e-6,
  receiverDiameterM: 1,
  filterWidthNm: 1,
  wavelengthNm: 850,
  opticsTransmittance: 0.16,
  detectorEfficiency: 0.5,
};
const NIGHT = { sunElevationDeg: -40, moonElevationDeg: -20, moonIlluminatedFraction: 0 };

const sky = fc.record({
  sunElevationDeg: fc.double({ min: -89, max: 89, noNaN: true }),
  moonElevationDeg: fc.double({ min: -89, max: 89, noNaN: true }),
  moonIlluminatedFraction: fc.double({ min: 0, max: 0.999, noNaN: true }),
});

describe('sky radiance', () => {
  it('has the levels of new moon, full moon, twilight and day', () => {
    assert.equal(skyRadiance(NIGHT), NEW_MOON_RADIANCE);
    // A Moon below the horizon is dark, however full.
    assert.equal(skyRadiance({ ...NIGHT, moonIlluminatedFraction: 1 }), NEW_MOON_RADIANCE);
    const full = skyRadiance({ ...NIGHT, moonElevationDeg: 90, moonIlluminatedFraction: 1 });
    assert.ok(Math.abs(full / FULL_MOON_RADIANCE - 1) < 1e-12);
    assert.ok(Math.abs(skyRadiance({ ...NIGHT, sunElevationDeg: -12 }) / TWILIGHT_RADIANCE - 1) < 1e-12);
    assert.equal(skyRadiance({ ...NIGHT, sunElevationDeg: 0 }), DAY_RADIANCE);
    assert.equal(skyRadiance({ ...NIGHT, sunElevationDeg: 50 }), DAY_RADIANCE);
  });

  it('has no jumps: not at sunset, not in twilight, not at moonrise', () => {
    fc.assert(
      fc.property(sky, (here) => {
        const radiance = skyRadiance(here);
        for (const step of [
          { sunElevationDeg: here.sunElevationDeg + 0.01 },
          { moonElevationDeg: here.moonElevationDeg + 0.01 },
          { moonIlluminatedFraction: here.moonIlluminatedFraction + 0.0001 },
        ]) {
          const ratio = skyRadiance({ ...here, ...step }) / radiance;
          // The steepest slope is the moonless sky's, four decades in six degrees.
          assert.ok(Math.abs(Math.log10(ratio)) < 0.01);
        }
      }),
      { seed: 1, numRuns: 1000 },
    );
    for (const edge of [-18, -12, 0]) {
      const below = skyRadiance({ ...NIGHT, sunElevationDeg: edge - 1e-9 });
      assert.ok(Math.abs(skyRadiance({ ...NIGHT, sunElevationDeg: edge + 1e-9 }) / below - 1) < 1e-6);
    }
  });

  it('is brighter the higher the Sun, the higher the Moon and the fuller the Moon', () => {
    fc.assert(
      fc.property(sky, (here) => {
        const radiance = skyRadiance(here);
        assert.ok(skyRadiance({ ...here, sunElevationDeg: here.sunElevationDeg + 1 }) >= radiance);
        assert.ok(skyRadiance({ ...here, moonElevationDeg: here.moonElevationDeg + 1 }) >= radiance);
        assert.ok(skyRadiance({ ...here, moonIlluminatedFraction: here.moonIlluminatedFraction + 0.001 }) >= radiance);
      }),
      { seed: 2, numRuns: 500 },
    );
  });

  it('refuses angles and fractions that are none', () => {
    for (const change of [
      { sunElevationDeg: 91 },
      { moonElevationDeg: Number.NaN },
      { moonIlluminatedFraction: 1.1 },
    ]) {
      assert.throws(() => skyRadiance({ ...NIGHT, ...change }), { code: 'optics/parameter' });
    }
  });
});

describe('background counts', () => {
  it('are 5 a second at new moon, 530 at full moon and 5 million by day on one metre', () => {
    assert.equal(Math.round(backgroundRateHz(RECEIVER)), 5);
    assert.equal(Math.round(backgroundRateHz({ ...RECEIVER, radiance: FULL_MOON_RADIANCE }) / 10) * 10, 530);
    assert.equal(Math.round(backgroundRateHz({ ...RECEIVER, radiance: DAY_RADIANCE }) / 1e6), 5);
  });

  it('grow with the square of aperture and field of view, and in proportion to everything else', () => {
    const rate = backgroundRateHz(RECEIVER);
    for (const [change, factor] of [
      [{ receiverDiameterM: 2 }, 4],
      [{ fieldOfViewRad: 100e-6 }, 4],
      [{ filterWidthNm: 3 }, 3],
      [{ wavelengthNm: 1700 }, 2],
      [{ opticsTransmittance: 0.08 }, 0.5],
      [{ detectorEfficiency: 1 }, 2],
      [{ radiance: 0 }, 0],
    ] as const) {
      assert.ok(Math.abs(backgroundRateHz({ ...RECEIVER, ...change }) - rate * factor) < 1e-9 * rate);
    }
  });

  it('refuse a receiver that is none', () => {
    for (const change of [
      { radiance: -1 },
      { fieldOfViewRad: 0 },
      { receiverDiameterM: 0 },
      { filterWidthNm: Number.NaN },
      { wavelengthNm: 0 },
      { opticsTransmittance: 1.1 },
      { detectorEfficiency: -0.1 },
    ]) {
      assert.throws(() => backgroundRateHz({ ...RECEIVER, ...change }), {
        code: 'optics/parameter',
        message: RegExp(Object.keys(change)[0]!),
      });
    }
  });
});

describe('noise per gate', () => {
  it('shares the background among the detectors and gives each its own dark counts', () => {
    const noise = noisePerGate({ backgroundRateHz: 528, darkRateHz: 25, detectors: 4, gateNs: 2 });
    assert.ok(Math.abs(noise - 157 * 2e-9) < 1e-20);
    // The range of SatQuMA: 500 to 2000 counts a second in a gate of 1 ns.
    const dark = noisePerGate({ backgroundRateHz: 0, darkRateHz: 500, detectors: 4, gateNs: 1 });
    assert.ok(Math.abs(dark - 5e-7) < 1e-20);
  });

  it('refuses rates, detectors and gates that are none', () => {
    const good = { backgroundRateHz: 500, darkRateHz: 25, detectors: 4, gateNs: 2 };
    for (const change of [
      { backgroundRateHz: -1 },
      { darkRateHz: Number.NaN },
      { detectors: 0 },
      { detectors: 2.5 },
      { gateNs: 0 },
    ]) {
      assert.throws(() => noisePerGate({ ...good, ...change }), { code: 'optics/parameter' });
    }
  });
});
