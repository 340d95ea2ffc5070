import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pack } from '@skykey/bits';
import { countErrors, expectedErrors, MonitorTally } from './estimate.ts';

test('errors of the test basis are counted for each intensity', () => {
  const intensity = Uint8Array.of(0, 0, 1, 2, 2, 1, 0, 0, 2, 0);
  const alice = pack([1, 0, 1, 0, 1, 0, 1, 0, 1, 0]);
  const bob = pack([0, 0, 0, 0, 0, 0, 1, 1, 0, 0]);
  assert.deepEqual(countErrors(alice, bob, intensity), [2, 1, 2]);
});

test('the monitor compares matched bases, and signal pulses apart from the key basis', () => {
  const tally = new MonitorTally();
  const emission = (intensity: number, basis: number, bit: number) => intensity * 4 + basis * 2 + bit;
  assert.equal(tally.add(0, emission(0, 1, 0)), undefined, 'bases differ');
  assert.equal(tally.add(1, emission(0, 0, 0)), true);
  assert.equal(tally.add(3, emission(0, 1, 1)), false);
  assert.equal(tally.add(0, emission(1, 0, 1)), undefined, 'a decoy');
  assert.equal(tally.add(0, emission(2, 0, 0)), undefined, 'a vacuum pulse');
  const { disclosed, signal, signalErrors, key, keyErrors } = tally;
  assert.deepEqual(
    { disclosed, signal, signalErrors, key, keyErrors },
    { disclosed: 5, signal: 2, signalErrors: 1, key: 3, keyErrors: 2 },
  );
});

test('the expected error rate is never 0 and never above a half, and its spread falls with what was compared', () => {
  const none = new MonitorTally();
  assert.equal(expectedErrors(none, [0, 0, 0], [0, 0, 0]).rate, 0.5);
  assert.equal(expectedErrors(none, [90, 8, 0], [0, 0, 0]).rate, 0.01);
  assert.equal(expectedErrors(none, [90, 8, 0], [90, 8, 0]).rate, 0.5);
  assert.equal(expectedErrors(none, [9000, 998, 0], [199, 0, 0]).spread, Math.sqrt((0.02 * 0.98) / 10_000));
  none.add(0, 1);
  none.add(0, 0);
  assert.equal(expectedErrors(none, [80, 10, 6], [2, 0, 0]).rate, 0.04);
});
