import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { skyRadiance } from './sky.ts';
import { spaceRadiance } from './space.ts';

describe('the sky above the air', () => {
  it('is what a station would see of the stars without air', () => {
    const moon = { elevationDeg: -50, azimuthDeg: 0, phaseAngleDeg: 90 };
    for (const wavelengthNm of [450, 545, 850, 1550]) {
      const { terms } = skyRadiance({
        wavelengthNm,
        stationHeightM: 9000,
        view: { elevationDeg: 90, azimuthDeg: 0 },
        sun: { elevationDeg: -60, azimuthDeg: 0 },
        moon,
        artificialBrightnessMcdM2: 0,
      });
      const name = 'zodiacal light and stars';
      const below = terms.find((term) => term.name === name)!.radiance;
      const above = spaceRadiance(wavelengthNm);
      assert.deepEqual(
        above.terms.map((term) => term.name),
        [name],
      );
      // The figure of the sky is one outside the air; dimming goes relative to the zenith.
      assert.ok(Math.abs(below / above.radiance - 1) < 1e-12);
    }
  });

  it('is 100 stars of magnitude 10 per square degree', () => {
    // Flux of magnitude 0 in V, 3.631e-11 W m^-2 nm^-1 (Bessell et al. 1998), and square degrees in a steradian.
    const expected = 100 * 10 ** (-0.4 * 10) * 3.631e-11 * (180 / Math.PI) ** 2;
    assert.ok(Math.abs(spaceRadiance(545).radiance / expected - 1) < 0.005);
  });

  it('refuses a wavelength it does not know', () => {
    assert.throws(() => spaceRadiance(1700), { code: 'optics/wavelength' });
  });
});
