import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type MoonSpot, moonDiscRadiance } from './earthshine.ts';
import { solarIrradiance } from './sunlight.ts';

const LIT: MoonSpot = { wavelengthNm: 550, phaseAngleDeg: 0, part: 'lit', station: null };

describe('the disc of the Moon', () => {
  it('is when full as bright as a matt disc of the Moon’s geometric albedo, 0.12', () => {
    const albedo = (moonDiscRadiance(LIT).radiance * Math.PI) / solarIrradiance(550);
    assert.ok(Math.abs(albedo - 0.12) < 0.01, `${albedo}`);
  });

  it('darkens with the phase where it is lit and brightens with it where the Earth lights it', () => {
    const at = (part: 'lit' | 'dark', phaseAngleDeg: number) =>
      moonDiscRadiance({ ...LIT, part, phaseAngleDeg }).radiance;
    const angles = [10, 30, 60, 90, 120];
    for (let i = 1; i < angles.length; i++) {
      assert.ok(at('lit', angles[i]!) < at('lit', angles[i - 1]!));
      assert.ok(at('dark', angles[i]!) > at('dark', angles[i - 1]!));
    }
  });

  it('is in earthshine under a full Earth 1e-4 of the full Moon', () => {
    const dark = moonDiscRadiance({ ...LIT, part: 'dark', phaseAngleDeg: 180 }).radiance;
    // Geometric albedo times (radius over distance) squared.
    assert.ok(Math.abs(dark / moonDiscRadiance(LIT).radiance / (0.367 * (6371 / 384_400) ** 2) - 1) < 1e-9);
    assert.ok(moonDiscRadiance({ ...LIT, part: 'dark', phaseAngleDeg: 0 }).radiance < 1e-12 * dark);
  });

  it('dims through the air, the more the lower', () => {
    const from = (elevationDeg: number) => moonDiscRadiance({ ...LIT, station: { elevationDeg, heightM: 0 } }).radiance;
    assert.ok(from(90) < moonDiscRadiance(LIT).radiance && from(20) < from(50) && from(50) < from(90));
  });

  it('refuses a crescent that the phase law does not cover', () => {
    assert.throws(() => moonDiscRadiance({ ...LIT, phaseAngleDeg: 151 }), {
      code: 'optics/parameter',
      message: /at most 150/,
    });
    assert.throws(() => moonDiscRadiance({ ...LIT, wavelengthNm: 300 }), { code: 'optics/wavelength' });
  });
});
