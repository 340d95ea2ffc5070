import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { friedParameterUplinkM, isoplanaticAngleRad } from './turbulence.ts';
import { type BeamPath, downlinkBeam, tiltCorrelation, uplinkBeam, wanderTimeS } from './uplink-beam.ts';

const path: BeamPath = {
  profile: { windMS: 21, groundCn2: 1.7e-14, groundWindMS: 5 },
  stationHeightM: 0,
  wavelengthNm: 810,
  elevationDeg: 90,
  rangeKm: 500,
  transmitterRadiusM: 0.1,
};
const friedM = friedParameterUplinkM(path);

const within = (actual: number, expected: number, relative: number) =>
  assert.ok(Math.abs(actual / expected - 1) <= relative, `${actual} is not ${expected} within ${relative}`);

describe('uplink beam', () => {
  it("spreads by diffraction as a Gaussian does, and in turbulence by Andrews et al.'s closed form", () => {
    for (const transmitterRadiusM of [0.01, 0.03, 0.05, 0.1, 0.15]) {
      const { diffractiveRadiusM, longTermRadiusM } = uplinkBeam({ ...path, transmitterRadiusM });
      const rayleighM = (Math.PI * transmitterRadiusM ** 2) / 810e-9;
      within(diffractiveRadiusM, transmitterRadiusM * Math.hypot(1, 500e3 / rayleighM), 1e-12);
      const width = (Math.sqrt(8) * transmitterRadiusM) / friedM;
      within(longTermRadiusM, diffractiveRadiusM * (1 + width ** (5 / 3)) ** (3 / 5), 0.05);
    }
  });

  it('has no more than the size of its coherent patches to work with: the spot of a wide beam is 4 sqrt(2) L / (k r0) wide', () => {
    const { longTermRadiusM } = uplinkBeam({ ...path, transmitterRadiusM: 2, rangeKm: 36_000 });
    const far = friedParameterUplinkM({ ...path, rangeKm: 36_000 });
    within(longTermRadiusM, (4 * Math.SQRT2 * 36e6 * 810e-9) / (2 * Math.PI * far), 0.03);
  });

  it('comes back to diffraction alone where there is hardly any turbulence', () => {
    const calm = uplinkBeam({ ...path, wavelengthNm: 100_000, elevationDeg: 90 });
    within(calm.longTermRadiusM, calm.diffractiveRadiusM, 1e-3);
    within(calm.shortTermRadiusM, calm.diffractiveRadiusM, 1e-3);
  });

  it('is the Huygens-Fresnel integral, and all the light of it', () => {
    // Spot by Hankel's transform of autocorrelation and coherence, summed in fine steps, and its power by rings.
    const { longTermRadiusM, diffractiveRadiusM } = uplinkBeam(path);
    const x = (Math.sqrt(8) * 0.1) / friedM / Math.hypot(1, (Math.PI * 0.01) / 810e-9 / 500e3);
    const bessel0 = (z: number) => {
      let sum = 0;
      for (let i = 0; i < 64; i++) sum += Math.cos(z * Math.sin((Math.PI * (i + 0.5)) / 64)) / 64;
      return sum;
    };
    const irradiance = (radiusM: number) => {
      let sum = 0;
      for (let u = 0.005; u < 3; u += 0.01) {
        const spread = 3.44 * ((x * u) / 2) ** (5 / 3);
        sum += 2 * u * Math.exp(-u * u - spread) * bessel0((2 * Math.SQRT2 * radiusM * u) / diffractiveRadiusM) * 0.01;
      }
      return (2 / (Math.PI * diffractiveRadiusM ** 2)) * sum;
    };
    within(irradiance(0), 2 / (Math.PI * longTermRadiusM ** 2), 1e-3);
    let power = 0;
    for (let r = 0.1; r < 24; r += 0.2) power += 2 * Math.PI * r * irradiance(r) * 0.2;
    // What Kolmogorov's halo has beyond 24 m is missing.
    assert.ok(power > 0.96 && power < 1.002, `${power}`);
  });

  it('wanders as the G-tilt of its aperture, 0.34 (lambda/D)^2 (D/r0)^(5/3) over both axes', () => {
    for (const transmitterRadiusM of [0.05, 0.1, 0.3]) {
      const tilt2 = 0.34 * (810e-9 / (2 * transmitterRadiusM)) ** 2 * ((2 * transmitterRadiusM) / friedM) ** (5 / 3);
      within(uplinkBeam({ ...path, transmitterRadiusM }).wanderM, 500e3 * Math.sqrt(tilt2), 0.02);
    }
  });

  it('without its wander is the tip-tilt corrected spot of Andrews et al. 2006 within a tenth', () => {
    for (const transmitterRadiusM of [0.01, 0.03, 0.05, 0.1, 0.15]) {
      const { diffractiveRadiusM, shortTermRadiusM } = uplinkBeam({ ...path, transmitterRadiusM });
      const strength = (transmitterRadiusM / friedM) ** (5 / 3);
      const strehl = (1 + (5.56 - 4.84 / (1 + 0.04 * strength)) * strength) ** (-6 / 5);
      within(shortTermRadiusM, diffractiveRadiusM / Math.sqrt(strehl), 0.1);
    }
  });

  it('loses its wander to a correction, less so the further ahead it points', () => {
    const at = (pointAheadRad: number) => uplinkBeam({ ...path, correctedTilt: true, pointAheadRad });
    const free = uplinkBeam(path);
    within(at(0).wanderM + 1, 1, 1e-9);
    within(at(0).longTermRadiusM, free.shortTermRadiusM, 1e-12);
    let before = at(0);
    for (const angle of [2e-6, 10e-6, 50e-6, 1e-3, 0.1]) {
      const here = at(angle);
      assert.ok(here.wanderM > before.wanderM && here.longTermRadiusM > before.longTermRadiusM);
      assert.ok(here.wanderM < free.wanderM && here.longTermRadiusM < free.longTermRadiusM);
      before = here;
    }
    // Tilt is common over many isoplanatic angles: a LEO point-ahead leaves less than a tenth of its variance.
    assert.ok(50e-6 > 3 * isoplanaticAngleRad(path));
    assert.ok((at(50e-6).wanderM / free.wanderM) ** 2 < 0.1);
  });

  it('is ordered: diffraction, short term, long term; and more turbulence is never better', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.005, max: 0.5, noNaN: true }),
        fc.double({ min: 10, max: 90, noNaN: true }),
        fc.double({ min: 300, max: 40_000, noNaN: true }),
        fc.constantFrom(0, 1e-14, 1e-13),
        fc.boolean(),
        (transmitterRadiusM, elevationDeg, rangeKm, groundCn2, correctedTilt) => {
          const change = { transmitterRadiusM, elevationDeg, rangeKm, correctedTilt, pointAheadRad: 30e-6 };
          const profile = { ...path.profile, groundCn2 };
          const spot = uplinkBeam({ ...path, ...change, profile });
          assert.ok(spot.diffractiveRadiusM <= spot.shortTermRadiusM * (1 + 1e-9));
          assert.ok(spot.shortTermRadiusM <= spot.longTermRadiusM);
          assert.ok(2 * spot.wanderM ** 2 < spot.longTermRadiusM ** 2);
          const worse = uplinkBeam({ ...path, ...change, profile: { ...profile, groundCn2: groundCn2 + 1e-14 } });
          assert.ok(worse.longTermRadiusM > spot.longTermRadiusM);
        },
      ),
      { seed: 11, numRuns: 200 },
    );
  });

  it('refuses a satellite inside the air and a beam without width', () => {
    assert.throws(() => uplinkBeam({ ...path, rangeKm: 25 }), { code: 'optics/range' });
    assert.throws(() => uplinkBeam({ ...path, transmitterRadiusM: 0 }), { code: 'optics/parameter' });
    assert.throws(() => uplinkBeam({ ...path, pointAheadRad: -1 }), { code: 'optics/parameter' });
  });
});

describe('downlink beam', () => {
  it('neither spreads nor wanders: under 0.05 dB, a fiftieth of the spot', () => {
    for (const [transmitterRadiusM, elevationDeg, rangeKm] of [
      [0.05, 90, 500],
      [0.15, 90, 500],
      [0.15, 20, 1200],
    ] as const) {
      const spot = downlinkBeam({ ...path, transmitterRadiusM, elevationDeg, rangeKm });
      assert.ok(20 * Math.log10(spot.longTermRadiusM / spot.diffractiveRadiusM) < 0.05);
      assert.ok(spot.wanderM < 0.025 * spot.diffractiveRadiusM);
      assert.ok(uplinkBeam({ ...path, transmitterRadiusM, elevationDeg, rangeKm }).wanderM > 50 * spot.wanderM);
    }
  });
});

describe('wander in time', () => {
  it('forgets as two tilts do that lie apart', () => {
    // 1F1(1/6; 1; -x) is the mean of exp(-x t) over a beta density; here by its own sum.
    for (const x of [0, 0.5, 5, 39, 41, 300]) {
      let sum = 0;
      let whole = 0;
      for (let i = 0; i < 20_000; i++) {
        // t = v^6 takes the root away at 0, 1 - t = w^6 at 1.
        const v = (i + 0.5) / 20_000;
        const t = v ** 6 / (v ** 6 + (1 - v) ** 6);
        const slope = (6 * v ** 5 * (1 - v) ** 5) / (v ** 6 + (1 - v) ** 6) ** 2;
        const rest = (1 - v) ** 6 / (v ** 6 + (1 - v) ** 6);
        const weight = t ** (-5 / 6) * rest ** (-1 / 6) * slope;
        whole += weight;
        sum += weight * Math.exp(-x * t);
      }
      within(tiltCorrelation(x), sum / whole, 1e-4);
    }
  });

  it('lasts some 14 radii of the beam in a wind that is the same everywhere', () => {
    const even = { ...path, profile: { ...path.profile, windMS: 10, groundWindMS: 10 }, transmitterRadiusM: 0.3 };
    within(wanderTimeS(even), (14 * 0.3) / 10, 0.03);
    assert.ok(wanderTimeS({ ...even, slewRadS: 0.012 }) < wanderTimeS(even));
  });
});
