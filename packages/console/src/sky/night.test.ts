import assert from 'node:assert/strict';
import { test } from 'node:test';
import { geoContains, geoDistance } from 'd3-geo';
import fc from 'fast-check';
import { NIGHT_DEPTHS_DEG, night } from './night.ts';

test('night is where the Sun is below the horizon, to the depth asked for', () => {
  fc.assert(
    fc.property(
      fc.double({ min: -23.44, max: 23.44, noNaN: true }),
      fc.double({ min: -180, max: 180, noNaN: true }),
      fc.double({ min: -180, max: 180, noNaN: true }),
      fc.double({ min: -89, max: 89, noNaN: true }),
      fc.constantFrom(...NIGHT_DEPTHS_DEG),
      (subsolarLatitude, subsolarLongitude, longitude, latitude, depth) => {
        const sunElevation =
          90 - (geoDistance([longitude, latitude], [subsolarLongitude, subsolarLatitude]) * 180) / Math.PI;
        // The cap is a polygon of 3° steps: its edge lies up to 0.04° inside the true circle.
        fc.pre(Math.abs(sunElevation + depth) > 0.1);
        const polygon = night({ latitudeDeg: subsolarLatitude, longitudeDeg: subsolarLongitude }, depth);
        assert.equal(geoContains(polygon, [longitude, latitude]), sunElevation < -depth);
      },
    ),
  );
});
