import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { dot } from './earth.ts';
import { OrbitError } from './error.ts';
import { checkStation, siteOf } from './station.ts';
import { XINGLONG } from './test/micius.ts';

describe('a station', () => {
  it('must be on the Earth', () => {
    checkStation(XINGLONG);
    checkStation({ ...XINGLONG, latitudeDeg: -90, longitudeDeg: -180, altitudeM: -430 });
    for (const [change, code, message] of [
      [
        { latitudeDeg: 123 },
        'orbit/latitude',
        'station xinglong: latitudeDeg is 123; it must be -90 to 90 degrees north',
      ],
      [{ latitudeDeg: Number.NaN }, 'orbit/latitude', /latitudeDeg is NaN/],
      [{ longitudeDeg: 277.5 }, 'orbit/longitude', /longitudeDeg is 277\.5; it must be -180 to 180/],
      [{ altitudeM: -501 }, 'orbit/altitude', /altitudeM is -501/],
      [{ altitudeM: 9001 }, 'orbit/altitude', /altitudeM is 9001; it must be -500 to 9000 metres/],
    ] as const) {
      assert.throws(() => checkStation({ ...XINGLONG, ...change }), { code, message });
      assert.throws(() => siteOf({ ...XINGLONG, ...change }), OrbitError);
    }
  });

  it('stands on an orthonormal east, north, up', () => {
    const { east, north, up } = siteOf(XINGLONG);
    for (const [a, b, product] of [
      [east, east, 1],
      [north, north, 1],
      [up, up, 1],
      [east, north, 0],
      [north, up, 0],
      [up, east, 0],
    ] as const) {
      assert.ok(Math.abs(dot(a, b) - product) < 1e-15);
    }
    assert.ok(north.z > 0);
    // East of north seen from above: east x north = up.
    assert.ok(Math.abs(east.x * north.y - east.y * north.x - up.z) < 1e-15);
  });
});
