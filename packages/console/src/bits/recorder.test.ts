import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LinkState, PassState, SatelliteState, SiteState, SkyState, StationState } from '@skykey/telemetry';
import { NOTHING_OBSERVED, type Observed, observe } from '../observed.ts';
import { CLICKS, QBER_GROUND, QBER_SPACE, RANGE, Recorder, TIME } from './recorder.ts';

const pass = (passId: string, aosMs: number): PassState => ({
  passId,
  stationId: 'xinglong',
  linkId: 'micius-beijing',
  aosMs,
  tcaMs: aosMs + 5000,
  losMs: aosMs + 10_000,
  maxElevationDeg: 40,
  minRangeKm: 700,
  window: { startMs: aosMs + 1000, endMs: aosMs + 9000 },
  path: [],
});

function at(
  utcMs: number,
  beam: StationState['beam'],
  qber: number | null,
  state: LinkState['state'] = 'session',
): Observed {
  const station = {
    id: 'xinglong',
    siteId: 'beijing',
    linkId: 'micius-beijing',
    rangeKm: 900,
    detectionRateHz: 12_000,
    beam,
  };
  const sky = {
    utcMs,
    clock: { mode: 'auto', paused: false, speed: 12 },
    satellite: { name: 'Micius' },
    stations: [station],
    passes: [pass('first', 10_000), pass('second', 100_000)],
    taps: [],
  } as unknown as SkyState;
  const link = { linkId: 'micius-beijing', state, qber, hardQber: 0.08, monitored: 32, monitorErrors: 11 } as LinkState;
  let observed = observe(NOTHING_OBSERVED, { kind: 'sky', sky, receivedMs: 0 });
  observed = observe(observed, {
    kind: 'node',
    node: { kind: 'site', nodeId: 'b', name: 'Beijing', link } as SiteState,
  });
  const links = [{ ...link, qber: qber === null ? null : qber + 0.001 }];
  return observe(observed, {
    kind: 'node',
    node: { kind: 'satellite', nodeId: 'm', links } as unknown as SatelliteState,
  });
}

test('nothing is recorded between passes', () => {
  const recorder = new Recorder();
  recorder.record(NOTHING_OBSERVED);
  recorder.record(at(5000, 'idle', null));
  assert.equal(recorder.recording('micius-beijing'), null);
});

test('a pass is recorded row by row, with gaps where nothing was measured, and stays until the next', () => {
  const recorder = new Recorder();
  recorder.record(at(10_500, 'idle', null));
  recorder.record(at(11_500, 'quantum', null));
  recorder.record(at(12_000, 'quantum', 0.01));
  recorder.record(at(12_000, 'quantum', 0.01));
  recorder.record(at(50_000, 'idle', null));
  const recording = recorder.recording('micius-beijing')!;
  assert.equal(recording.passId, 'first');
  assert.equal(recording.hardQber, 0.08);
  const columns = recording.ring.columns();
  assert.deepEqual(columns[TIME], [10.5, 11.5, 12]);
  assert.deepEqual(columns[QBER_GROUND], [null, null, 0.01]);
  assert.deepEqual(columns[QBER_SPACE], [null, null, 0.011]);
  assert.deepEqual(columns[CLICKS], [null, 12_000, 12_000]);
  assert.deepEqual(columns[RANGE], [900, 900, 900]);
  recorder.record(at(101_500, 'quantum', 0.02));
  assert.equal(recorder.recording('micius-beijing')?.passId, 'second');
  assert.equal(recorder.recording('micius-beijing')?.ring.length, 1);
});

test('a clock that was set back begins the recording anew', () => {
  const recorder = new Recorder();
  recorder.record(at(12_000, 'quantum', 0.01));
  recorder.record(at(11_000, 'quantum', 0.01));
  assert.deepEqual(recorder.recording('micius-beijing')?.ring.columns()[TIME], [11]);
});

test('the moment and the measurement that dropped the link are kept, and nothing is measured after it', () => {
  const recorder = new Recorder();
  recorder.record(at(12_000, 'quantum', 0.01));
  recorder.record(at(12_500, 'quantum', 0.2, 'dropped'));
  recorder.record(at(13_000, 'quantum', 0.2, 'dropped'));
  const recording = recorder.recording('micius-beijing')!;
  assert.equal(recording.droppedMs, 12_500);
  assert.equal(recording.droppedQber, 0.2);
  assert.deepEqual(recording.ring.columns()[QBER_GROUND], [0.01, null, null]);
});

test('a link dropped within its first second has its evidence in the counts', () => {
  const recorder = new Recorder();
  recorder.record(at(12_500, 'quantum', null, 'dropped'));
  assert.equal(recorder.recording('micius-beijing')?.droppedQber, 11 / 32);
});
