import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eciToGeodetic, gstime } from 'satellite.js';
import { parseTle } from './elements.ts';
import { OrbitError } from './error.ts';
import { inertialState, subpoint } from './state.ts';
import { MICIUS, MOLNIYA } from './test/micius.ts';

describe('the state', () => {
  it('agrees with the SGP4 verification cases', () => {
    // AIAA 2006-6753, tcppver.out: satellites 5 (near Earth, eccentricity 0.19) and 8195 (deep space, resonant).
    const vanguard = parseTle(
      '1 00005U 58002B   00179.78495062  .00000023  00000-0  28098-4 0  4753\n' +
        '2 00005  34.2682 348.7242 1859667 331.7664  19.3264 10.82419157413667',
    );
    for (const [elements, minutes, x, y, z] of [
      [vanguard, 0, 7022.46529266, -1400.08296755, 0.03995155],
      [vanguard, 360, -7154.03120202, -3783.17682504, -3536.19412294],
      [vanguard, 1440, -938.55923943, -6268.18748831, -4294.02924751],
      [MOLNIYA, 0, 2349.8948335, -14785.93811562, 0.02119378],
      [MOLNIYA, 2880, 3417.20931586, -16038.79510665, 1894.74934058],
    ] as const) {
      const { position } = inertialState(elements, elements.epochMs + minutes * 60_000);
      const gap = Math.hypot(position.x - x, position.y - y, position.z - z);
      // A time stamp in ms since 1970 resolves 0.2 microseconds, 2 mm of the way.
      assert.ok(gap < 5e-6, `${elements.noradId} at ${minutes} min: ${gap} km`);
    }
  });

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
