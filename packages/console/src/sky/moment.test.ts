import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SkyState } from '@skykey/telemetry';
import { alongPass, isMoving, momentAt, turn } from './moment.ts';

const sky = (clock: SkyState['clock']) => ({ utcMs: 1_000_000, clock }) as SkyState;

test('mission time runs on at the speed of the clock, and stops guessing when the sky falls silent', () => {
  const running = sky({ mode: 'fixed', paused: false, speed: 60 });
  assert.equal(momentAt(running, 100, 350), 1_000_000 + 250 * 60);
  assert.equal(momentAt(running, 100, 90), 1_000_000, 'never before the last word');
  assert.equal(momentAt(running, 100, 60_000), 1_000_000 + 1500 * 60);
});

test('a paused or stopped clock stands', () => {
  assert.equal(momentAt(sky({ mode: 'auto', paused: true, speed: 12 }), 0, 500), 1_000_000);
  const stopped = sky({ mode: 'auto', paused: false, speed: 12, stopped: 'elements too old' });
  assert.equal(isMoving(stopped), false);
  assert.equal(momentAt(stopped, 0, 500), 1_000_000);
});

test('the satellite is interpolated along its pass, across north too', () => {
  const path = [
    { utcMs: 0, azimuthDeg: 350, elevationDeg: 10, rangeKm: 1600 },
    { utcMs: 100, azimuthDeg: 10, elevationDeg: 20, rangeKm: 1200 },
    { utcMs: 200, azimuthDeg: 40, elevationDeg: 10, rangeKm: 1600 },
  ];
  assert.equal(alongPass(path, -1), null);
  assert.equal(alongPass(path, 201), null);
  assert.equal(alongPass([], 0), null);
  assert.deepEqual(alongPass(path, 50), { azimuthDeg: 0, elevationDeg: 15 });
  assert.deepEqual(alongPass(path, 200), { azimuthDeg: 40, elevationDeg: 10 });
});

test('turning takes the short way', () => {
  assert.equal(turn(10, 350, 0.5), 0);
  assert.equal(turn(90, 180, 0.5), 135);
});
