import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { eciToGeodetic, gstime } from 'satellite.js';
import type { Elements } from './elements.ts';
import { OrbitError } from './error.ts';
import { earthFixedState, fastestKmS, inertialState, motionOf, type State, subpoint } from './state.ts';
import { geostationary } from './synthetic.ts';
import { MICIUS } from './test/micius.ts';
import { parseTle } from './tle.ts';

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

  it('has longitudes on the turning Earth, not right ascensions', () => {
    const still = geostationary({ name: 'still', epochMs: Date.parse('2016-12-19Z'), longitudeDeg: 110 });
    for (let hours = 0; hours <= 48; hours++) {
      const place = subpoint(still, still.epochMs + hours * 3_600_000);
      assert.ok(Math.abs(place.longitudeDeg - 110) < 0.5 && Math.abs(place.latitudeDeg) < 0.5);
    }
  });

  it('is good to a nanosecond where the instant is given in two parts', () => {
    const at = MICIUS.epochMs + 86_400_000;
    const here = motionOf(MICIUS, at);
    const fall = 398_600.4418 / Math.hypot(here.position.x, here.position.y, here.position.z) ** 3;
    for (const offsetS of [-0.008, 1e-6, 0.0025]) {
      const there = motionOf(MICIUS, at, offsetS);
      for (const axis of ['x', 'y', 'z'] as const) {
        const way = here.velocity[axis] * offsetS - (fall * here.position[axis] * offsetS ** 2) / 2;
        // SGP4's velocities are some cm/s off its positions; 1 ns is 8e-9 km.
        assert.ok(Math.abs(there.position[axis] - here.position[axis] - way) < 1e-4 * Math.abs(offsetS) + 8e-9);
      }
    }
  });

  it('moves within its bounds, on every orbit of the verification set', () => {
    const lines = readFileSync(new URL('../data/SGP4-VER.TLE', import.meta.url), 'utf8').split(/\r?\n/);
    let compared = 0;
    for (const [i, line] of lines.entries()) {
      if (!line.startsWith('1 ') || !lines[i + 1]?.startsWith('2 ')) continue;
      let elements: Elements;
      try {
        elements = parseTle(`${line.slice(0, 69)}\n${lines[i + 1]!.slice(0, 69)}`);
      } catch (error) {
        // Some sets of the file are there to be refused.
        assert.ok(error instanceof OrbitError);
        continue;
      }
      for (let minutes = 0; minutes <= 2880; minutes += 7) {
        const at = elements.epochMs + minutes * 60_000;
        let state: State;
        try {
          state = earthFixedState(elements, at);
        } catch (error) {
          assert.equal((error as OrbitError).code, 'orbit/propagation');
          break;
        }
        const { position: r, velocity: v } = motionOf(elements, at);
        const radius = Math.hypot(r.x, r.y, r.z);
        const speed = Math.hypot(v.x, v.y, v.z);
        const radial = (r.x * v.x + r.y * v.y + r.z * v.z) / radius;
        assert.ok(radius <= state.apogeeKm, `${elements.name} ${minutes}: ${radius} ${state.apogeeKm}`);
        assert.ok(
          Math.sqrt(Math.max(0, speed ** 2 - radial ** 2)) / radius <= state.fastestRadS,
          `${elements.name} ${minutes}: ${state.fastestRadS}`,
        );
        assert.ok(speed <= fastestKmS(elements, at), `${elements.name} ${minutes}: ${speed}`);
        compared++;
      }
    }
    assert.ok(compared > 8000);
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
