import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cn2, layersOver, moment } from './cn2.ts';

const profile = { windMS: 21, groundCn2: 1.7e-14, groundWindMS: 5 };
const sea = { profile, stationHeightM: 0 };

describe('Hufnagel-Valley profile', () => {
  it('is the sum of its three terms at any height', () => {
    for (const h of [0, 10, 300, 1500, 9_000, 20_000]) {
      const jet = 8.148e-56 * 21 ** 2 * h ** 10 * Math.exp(-h / 1000);
      const expected = jet + 2.7e-16 * Math.exp(-h / 1500) + 1.7e-14 * Math.exp(-h / 100);
      assert.ok(Math.abs(cn2({ ...sea, heightM: h }) / expected - 1) < 1e-4);
    }
  });

  it('takes the surface layer of a mountain from its own ground, the rest from the sea', () => {
    const stationHeightM = 3200;
    const above = (heightM: number) => cn2({ profile, stationHeightM, heightM }) - cn2({ ...sea, heightM });
    assert.ok(Math.abs(above(3200) / 1.7e-14 - 1) < 1e-3);
    assert.ok(Math.abs(above(3300) / above(3200) - Math.exp(-1)) < 1e-3);
  });

  it('integrates to 2.234e-12 m^(1/3) up to 20 km, and without end to the gamma functions of its terms', () => {
    assert.ok(Math.abs(moment(layersOver(sea, 20_000), 0) / 2.234e-12 - 1) < 1e-4);
    const factorial10 = 3_628_800;
    const closed = 0.00594 * (21 / 27) ** 2 * 1e-20 * factorial10 * 1000 + 2.7e-16 * 1500 + 1.7e-14 * 100;
    assert.ok(Math.abs(moment(layersOver(sea, 100_000), 0) / closed - 1) < 1e-9);
  });

  it('integrates fractional powers of the height as fine steps do', () => {
    for (const [stationHeightM, power] of [
      [0, 5 / 6],
      [0, 5 / 3],
      [3200, 5 / 6],
      [3200, 2],
    ] as const) {
      let sum = 0;
      // Midpoints in the sixth root of the height: a rule of another kind.
      const steps = 40_000;
      const depth = 30_000 - stationHeightM;
      for (let i = 0; i < steps; i++) {
        const u = (i + 0.5) / steps;
        const above = depth * u ** 6;
        const strength = cn2({ profile, stationHeightM, heightM: stationHeightM + above });
        sum += (strength * above ** power * 6 * depth * u ** 5) / steps;
      }
      assert.ok(Math.abs(moment(layersOver({ profile, stationHeightM }), power) / sum - 1) < 1e-7);
    }
  });

  it('refuses what is no column of air', () => {
    for (const [change, field] of [
      [{ profile: { ...profile, windMS: -1 } }, /windMS/],
      [{ profile: { ...profile, groundCn2: Number.NaN } }, /groundCn2/],
      [{ stationHeightM: 9_500 }, /stationHeightM/],
      [{ heightM: -1 }, /heightM/],
    ] as const) {
      assert.throws(() => cn2({ ...sea, heightM: 100, ...change }), { code: 'optics/parameter', message: field });
    }
    assert.throws(() => layersOver({ profile, stationHeightM: 3200 }, 3000), { code: 'optics/parameter' });
  });
});
