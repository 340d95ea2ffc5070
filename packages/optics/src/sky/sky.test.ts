import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { fraunhoferDepth } from './fraunhofer.ts';
import { starlight, zenithAirglow } from './nightglow.ts';
import { BANDS, cosBetween, radianceOfLuminance, radianceOfMagnitude } from './radiance.ts';
import { type Sky, skyRadiance } from './sky.ts';

const DARK: Sky = {
  wavelengthNm: 850,
  stationHeightM: 900,
  view: { elevationDeg: 47.8, azimuthDeg: 0 },
  sun: { elevationDeg: -70.6, azimuthDeg: 0 },
  moon: { elevationDeg: -40, azimuthDeg: 0, phaseAngleDeg: 180 },
  artificialBrightnessMcdM2: 0,
};
const term = (sky: Sky, name: string) => skyRadiance(sky).terms.find((one) => one.name === name)!.radiance;

const point = fc.record({
  elevationDeg: fc.double({ min: -89, max: 89, noNaN: true }),
  azimuthDeg: fc.double({ min: 0, max: 360, noNaN: true }),
});
const anySky: fc.Arbitrary<Sky> = fc.record({
  wavelengthNm: fc.double({ min: 401, max: 1599, noNaN: true }),
  stationHeightM: fc.double({ min: -400, max: 5000, noNaN: true }),
  view: fc.record({
    elevationDeg: fc.double({ min: 1, max: 89, noNaN: true }),
    azimuthDeg: fc.double({ min: 0, max: 360, noNaN: true }),
  }),
  sun: point,
  moon: fc
    .tuple(point, fc.double({ min: 0, max: 180, noNaN: true }))
    .map(([where, phaseAngleDeg]) => ({ ...where, phaseAngleDeg })),
  artificialBrightnessMcdM2: fc.double({ min: 0, max: 10, noNaN: true }),
});

describe('the clear sky', () => {
  it('is the sum of its terms, each with a source, none negative', () => {
    fc.assert(
      fc.property(anySky, (sky) => {
        fc.pre(cosBetween(sky.view, sky.sun) < Math.cos(Math.PI / 180));
        const { terms, radiance } = skyRadiance(sky);
        assert.equal(terms.length, 5);
        for (const one of terms) assert.ok(one.radiance >= 0 && Number.isFinite(one.radiance) && one.source, one.name);
        assert.equal(
          radiance,
          terms.reduce((sum, one) => sum + one.radiance, 0),
        );
        assert.ok(radiance > 1e-10);
      }),
      { seed: 5, numRuns: 400 },
    );
  });

  it('has no jump anywhere: a thousandth of a degree changes it by per cents at most', () => {
    fc.assert(
      fc.property(anySky, (sky) => {
        fc.pre(cosBetween(sky.view, sky.sun) < Math.cos(Math.PI / 180));
        const { radiance } = skyRadiance(sky);
        const more = 1e-3;
        for (const moved of [
          { ...sky, sun: { ...sky.sun, elevationDeg: sky.sun.elevationDeg + more } },
          { ...sky, moon: { ...sky.moon, elevationDeg: sky.moon.elevationDeg + more } },
          { ...sky, view: { ...sky.view, elevationDeg: sky.view.elevationDeg + more } },
          { ...sky, view: { ...sky.view, azimuthDeg: sky.view.azimuthDeg + more } },
          { ...sky, wavelengthNm: sky.wavelengthNm + more },
        ]) {
          assert.ok(Math.abs(skyRadiance(moved).radiance / radiance - 1) < 0.02);
        }
      }),
      { seed: 6, numRuns: 300 },
    );
  });

  it('does not jump at sunset', () => {
    for (const azimuthDeg of [0, 90, 180]) {
      const [below, above] = [-1e-7, 1e-7].map(
        (elevationDeg) => skyRadiance({ ...DARK, sun: { elevationDeg, azimuthDeg } }).radiance,
      );
      assert.ok(Math.abs(above! / below! - 1) < 1e-5);
    }
  });

  it('has in a dark zenith what was measured there', () => {
    const zenith = { ...DARK, stationHeightM: 2635, view: { elevationDeg: 90, azimuthDeg: 0 } };
    for (const [band, magnitude] of [
      ['B', 22.6],
      ['V', 21.6],
      ['R', 20.9],
      ['I', 19.7],
      ['J', 15.95],
    ] as const) {
      const { radiance } = skyRadiance({ ...zenith, wavelengthNm: BANDS[band].wavelengthNm });
      assert.ok(Math.abs(radiance / radianceOfMagnitude(band, magnitude) - 1) < 1e-6, band);
    }
    // OH makes it several times brighter in the near infrared than in V.
    assert.ok(zenithAirglow(850) > 2 * zenithAirglow(545));
    for (let nm = 400; nm <= 1600; nm += 5) assert.ok(zenithAirglow(nm) > 0 && starlight(nm) > 0);
  });

  it('has the Moon in it: a full one outshines the moonless sky at 850 nm and much more so in V', () => {
    const moon = { elevationDeg: 60, azimuthDeg: 60, phaseAngleDeg: 0 };
    const gain = (wavelengthNm: number) =>
      skyRadiance({ ...DARK, wavelengthNm, moon }).radiance / skyRadiance({ ...DARK, wavelengthNm }).radiance;
    assert.ok(gain(850) > 2);
    assert.ok(gain(545) > 10);
  });

  it('has the artificial brightness of the zenith in V, more towards the horizon, in proportion', () => {
    const city = { ...DARK, wavelengthNm: 550, artificialBrightnessMcdM2: 2 };
    const zenith = term({ ...city, view: { elevationDeg: 90, azimuthDeg: 0 } }, 'city glow');
    assert.ok(Math.abs(zenith / radianceOfLuminance(2) - 1) < 1e-9);
    // 0.174 mcd/m^2 is 22.0 mag/arcsec^2 (Falchi et al. 2016), to the half of its printed digit.
    assert.ok(Math.abs(radianceOfLuminance(0.174) / radianceOfMagnitude('V', 22) - 1) < 0.047);
    let last = zenith;
    for (const elevationDeg of [60, 30, 15, 5]) {
      const lower = term({ ...city, view: { elevationDeg, azimuthDeg: 0 } }, 'city glow');
      assert.ok(lower > last);
      last = lower;
    }
    assert.ok(
      Math.abs(term({ ...city, artificialBrightnessMcdM2: 4 }, 'city glow') / term(city, 'city glow') - 2) < 1e-9,
    );
  });

  it('is darker on a Fraunhofer line where the light is the Sun’s, and there alone', () => {
    const day = { ...DARK, wavelengthNm: 656.28, sun: { elevationDeg: 30, azimuthDeg: 120 } };
    const filtered = { ...day, filterWidthNm: 0.1 };
    for (const name of ['daylight', 'moonlight']) {
      assert.ok(Math.abs(term(filtered, name) / term(day, name) - fraunhoferDepth(656.28, 0.1)) < 1e-9);
    }
    assert.equal(term(filtered, 'airglow'), term(day, 'airglow'));
  });

  it('refuses what it does not know', () => {
    for (const wavelengthNm of [399, 1601, Number.NaN]) {
      assert.throws(() => skyRadiance({ ...DARK, wavelengthNm }), {
        code: 'optics/wavelength',
        message: /400 to 1600/,
      });
    }
    for (const [change, field] of [
      [{ stationHeightM: -501 }, 'stationHeightM'],
      [{ view: { elevationDeg: -1, azimuthDeg: 0 } }, 'view.elevationDeg'],
      [{ sun: { elevationDeg: 91, azimuthDeg: 0 } }, 'sun.elevationDeg'],
      [{ moon: { ...DARK.moon, phaseAngleDeg: 181 } }, 'moon.phaseAngleDeg'],
      [{ moon: { ...DARK.moon, azimuthDeg: Number.NaN } }, 'moon.azimuthDeg'],
      [{ artificialBrightnessMcdM2: -1 }, 'artificialBrightnessMcdM2'],
      [{ filterWidthNm: 0 }, 'filterWidthNm'],
      [{ sun: { elevationDeg: 47.8, azimuthDeg: 0 } }, 'disc of the Sun'],
    ] as const) {
      assert.throws(() => skyRadiance({ ...DARK, ...change }), { code: 'optics/parameter', message: RegExp(field) });
    }
  });
});
