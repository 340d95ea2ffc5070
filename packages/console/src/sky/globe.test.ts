import assert from 'node:assert/strict';
import { test } from 'node:test';
import { geoOrthographic } from 'd3-geo';
import fc from 'fast-check';
import { type Camera, EARTH_RADIUS_KM, glide, overStation, project, wholeEarth } from './globe.ts';

const longitude = fc.double({ min: -180, max: 180, noNaN: true });
const latitude = fc.double({ min: -90, max: 90, noNaN: true });

test('on the ground the camera agrees with geoOrthographic', () => {
  fc.assert(
    fc.property(longitude, latitude, longitude, latitude, (cameraLongitude, cameraLatitude, lon, lat) => {
      const camera: Camera = {
        longitudeDeg: cameraLongitude,
        latitudeDeg: cameraLatitude,
        radius: 200,
        x: 300,
        y: 150,
      };
      const d3 = geoOrthographic()
        .rotate([-cameraLongitude, -cameraLatitude])
        .scale(200)
        .translate([300, 150])
        .clipAngle(null as unknown as number);
      const [x, y] = d3([lon, lat])!;
      const spot = project(camera, lon, lat);
      assert.ok(Math.hypot(spot.x - x, spot.y - y) < 1e-6);
    }),
  );
});

test('height lifts a point away from the centre of the Earth, and over the rim it stays visible', () => {
  const camera: Camera = { longitudeDeg: 0, latitudeDeg: 0, radius: 100, x: 0, y: 0 };
  const ground = project(camera, 90, 0);
  const above = project(camera, 90, 0, EARTH_RADIUS_KM);
  assert.ok(Math.abs(ground.x - 100) < 1e-9);
  assert.ok(Math.abs(above.x - 200) < 1e-9);
  assert.equal(project(camera, 180, 0, 500).visible, false);
  assert.equal(project(camera, 95, 0, 500).visible, true);
  assert.equal(project(camera, 95, 0, 0).visible, false);
});

test('over a station the camera puts it where promised, on both hemispheres, horizon in the picture', () => {
  for (const station of [
    { longitudeDeg: 117.6, latitudeDeg: 40.4 },
    { longitudeDeg: 36.8, latitudeDeg: 55.7 },
    { longitudeDeg: -70, latitudeDeg: -30 },
  ]) {
    for (const width of [300, 400, 900]) {
      const camera = overStation(width, 320, station, 13);
      const spot = project(camera, station.longitudeDeg, station.latitudeDeg);
      assert.ok(Math.abs(spot.x - width / 2) < 1e-6);
      assert.ok(Math.abs(spot.y - 320 * (station.latitudeDeg >= 0 ? 0.72 : 0.28)) < 1e-6);
      const rim = station.latitudeDeg >= 0 ? camera.y - camera.radius : camera.y + camera.radius;
      assert.ok(rim > 0 && rim < 320, `rim at ${rim}`);
    }
  }
});

test('a glide starts and ends at its cameras and takes the short way round', () => {
  const from = wholeEarth(400, 320, 170, 20);
  const to = overStation(400, 320, { longitudeDeg: -170, latitudeDeg: 40 }, 13);
  assert.deepEqual(glide(from, to, 0), from);
  const end = glide(from, to, 1);
  assert.ok(Math.abs(end.radius - to.radius) < 1e-9);
  assert.equal(((end.longitudeDeg + 540) % 360) - 180, to.longitudeDeg);
  assert.equal(glide(from, to, 0.5).longitudeDeg, 180);
});
