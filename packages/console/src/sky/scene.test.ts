import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SiteState, SkyState } from '@skykey/telemetry';
import { NOTHING_OBSERVED, observe } from '../observed.ts';
import { middleLongitude, nearestOnTrack, stationMarks } from './scene.ts';

function beam(lit: boolean, tapped: boolean, dropped: boolean) {
  const sky = {
    satellite: { name: 'Micius' },
    stations: [{ id: 'x', name: 'Xinglong', siteId: 'beijing', linkId: 'l', beam: lit ? 'quantum' : 'idle' }],
    taps: [{ linkId: 'l', on: tapped, fraction: 1 }],
  } as unknown as SkyState;
  const node = {
    kind: 'site',
    nodeId: 'b',
    name: 'Beijing',
    link: { linkId: 'l', state: dropped ? 'dropped' : 'idle' },
  } as SiteState;
  const observed = observe(observe(NOTHING_OBSERVED, { kind: 'sky', sky, receivedMs: 0 }), { kind: 'node', node });
  return stationMarks(observed)[0]?.beam;
}

test('a beam shows the gravest that is true of it', () => {
  assert.equal(beam(false, false, false), 'idle');
  assert.equal(beam(false, true, false), 'idle', 'a tap shows only where there is light to tap');
  assert.equal(beam(true, false, false), 'quantum');
  assert.equal(beam(true, true, false), 'tapped');
  assert.equal(beam(true, true, true), 'dropped');
  assert.equal(beam(false, false, true), 'dropped');
});

test('the middle of longitudes is taken on the circle', () => {
  assert.ok(Math.abs(middleLongitude([{ longitudeDeg: 117 }, { longitudeDeg: 37 }]) - 77) < 1e-9);
  assert.ok(Math.abs(Math.abs(middleLongitude([{ longitudeDeg: 170 }, { longitudeDeg: -170 }])) - 180) < 1e-9);
  assert.equal(middleLongitude([]), 0);
});

test('the present of a track is its point nearest to the satellite, over the date line too', () => {
  const track: [number, number][] = [
    [170, 10],
    [178, 20],
    [-176, 30],
    [-170, 40],
  ];
  assert.equal(nearestOnTrack(track, { longitudeDeg: -175, latitudeDeg: 31 }), 2);
  assert.equal(nearestOnTrack(track, { longitudeDeg: 171, latitudeDeg: 9 }), 0);
});
