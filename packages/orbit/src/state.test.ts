import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eciToGeodetic, gstime } from 'satellite.js';
import { parseTle } from './elements.ts';
import { OrbitError } from './error.ts';
import { inertialState, subpoint } from './state.ts';
import { MICIUS } from './test/micius.ts';

describe('the state', () => {
  it('puts the sub-satellite point where an independent conversion has it', () => {
    for (let minutes = 0; minutes < 1440; minutes += 7) {
      const at = new Date(Math.round(MICIUS.epochMs) + minutes * 60_000);
      const place = subpoint(MICIUS, at.getTime());
      const other = eciToGeodetic(inertialState(MICIUS, at.getTime()).position, gstime(at));
      assert.ok(Math.abs(place.latitudeDeg - (other.latitude * 180) / Math.PI) < 1e-6);
      assert.ok(Math.abs(Math.sin((place.longitudeDeg * Math.PI) / 180 - other.longitude)) < 1e-7);
      assert.ok(Math.abs(place.heightKm - other.height) < 1e-4);
      assert.ok(place.heightKm > 470 && place.heightKm < 530);
    }
  });

  it('refuses a time that is no number, and a satellite that has come down', () => {
    assert.throws(() => subpoint(MICIUS, Number.NaN), { code: 'orbit/time' });
    const falling = parseTle(
      '1 41731U 16051A   25346.20108513  .00208160  00000-0  96011-3 0  9996\n' +
        '2 41731  97.2963 272.1897 0007599  74.8788 285.3322 15.82964751520877',
    );
    assert.doesNotThrow(() => subpoint(falling, falling.epochMs + 86_400_000));
    assert.throws(
      () => subpoint(falling, falling.epochMs + 200 * 86_400_000),
      (error) => error instanceof OrbitError && error.code === 'orbit/propagation' && /200\.0 days/.test(error.message),
    );
  });
});
