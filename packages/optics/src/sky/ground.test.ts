import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type GroundScene, groundRadiance } from './ground.ts';
import { solarIrradiance } from './sunlight.ts';

const NIGHT: GroundScene = {
  wavelengthNm: 810,
  viewElevationDeg: 60,
  sunElevationDeg: -60,
  moon: { elevationDeg: -30, phaseAngleDeg: 180 },
  albedo: 0.3,
  cityRadianceNwCm2Sr: 0,
};
const term = (scene: GroundScene, name: string) =>
  groundRadiance(scene).terms.find((one) => one.name === name)!.radiance;

describe('the Earth from above', () => {
  it('is by day what a matt ground of its albedo sends up, with the air before it', () => {
    const day = { ...NIGHT, sunElevationDeg: 90 };
    const matt = (0.3 * solarIrradiance(810)) / Math.PI;
    const ratio = term(day, 'sunlit Earth') / matt;
    assert.ok(ratio > 0.8 && ratio < 1.3, `${ratio}`);
    // A black ground still has the air above it.
    assert.ok(term({ ...day, albedo: 0 }, 'sunlit Earth') > 0);
  });

  it('is brighter the higher Sun and Moon, the fuller the Moon, the whiter the ground, without a jump at sunset', () => {
    for (const [name, scenes] of [
      ['sunlit Earth', [-12, -6, -1, 0, 1, 10, 30, 60].map((sunElevationDeg) => ({ ...NIGHT, sunElevationDeg }))],
      ['sunlit Earth', [0, 0.1, 0.5, 1].map((albedo) => ({ ...NIGHT, sunElevationDeg: 30, albedo }))],
      [
        'moonlit Earth',
        [-6, 0, 20, 60].map((elevationDeg) => ({ ...NIGHT, moon: { elevationDeg, phaseAngleDeg: 20 } })),
      ],
      [
        'moonlit Earth',
        [150, 90, 45, 0].map((phaseAngleDeg) => ({ ...NIGHT, moon: { elevationDeg: 40, phaseAngleDeg } })),
      ],
    ] as const) {
      const levels = scenes.map((scene) => term(scene, name));
      for (let i = 1; i < levels.length; i++) assert.ok(levels[i]! > levels[i - 1]!, `${name} ${levels}`);
    }
    const [below, above] = [-1e-6, 1e-6].map((sunElevationDeg) => term({ ...NIGHT, sunElevationDeg }, 'sunlit Earth'));
    assert.ok(Math.abs(above! / below! - 1) < 1e-3);
  });

  it('under the full Moon is the sunlit Earth weakened by 14 magnitudes and the colour of the Moon', () => {
    const day = term({ ...NIGHT, sunElevationDeg: 40 }, 'sunlit Earth');
    const moonlit = term({ ...NIGHT, moon: { elevationDeg: 40, phaseAngleDeg: 0 } }, 'moonlit Earth');
    const ratio = moonlit / day / 10 ** (-0.4 * 14.01);
    assert.ok(ratio > 1.3 && ratio < 1.5, `${ratio}`);
  });

  it('has the lights of cities: over the band of the satellite that mapped them, the mapped radiance', () => {
    let band = 0;
    for (let nm = 500.5; nm < 900; nm++) {
      band += term({ ...NIGHT, wavelengthNm: nm, cityRadianceNwCm2Sr: 50 }, 'city lights');
    }
    assert.ok(Math.abs(band / (50 * 1e-5) - 1) < 1e-3);
  });

  it('never goes dark: airglow stays, brighter on a slant', () => {
    const glow = (viewElevationDeg: number) => term({ ...NIGHT, viewElevationDeg, albedo: 0 }, 'airglow');
    assert.ok(glow(90) > 1e-9 && glow(20) > glow(60) && glow(60) > glow(90));
  });

  it('refuses what is no scene', () => {
    assert.throws(() => groundRadiance({ ...NIGHT, wavelengthNm: 2000 }), { code: 'optics/wavelength' });
    for (const change of [
      { viewElevationDeg: -1 },
      { sunElevationDeg: 91 },
      { albedo: 1.1 },
      { cityRadianceNwCm2Sr: Number.NaN },
      { filterWidthNm: 0 },
    ]) {
      assert.throws(() => groundRadiance({ ...NIGHT, ...change }), {
        code: 'optics/parameter',
        message: RegExp(Object.keys(change)[0]!),
      });
    }
  });
});
