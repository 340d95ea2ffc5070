import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pack } from '@skykey/bits';
import { countErrors, expectedErrorRate, MonitorTally } from './estimate.ts';

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
  assert.deepEqual(tally.add(1, emission(0, 0, 0)), { error: true });
  assert.deepEqual(tally.add(3, emission(0, 1, 1)), { error: false });
  assert.equal(tally.add(0, emission(1, 0, 1)), undefined, 'a decoy');
  assert.equal(tally.add(0, emission(2, 0, 0)), undefined, 'a vacuum pulse');
  const { disclosed, signal, signalErrors, key, keyErrors } = tally;
  assert.deepEqual(
    { disclosed, signal, signalErrors, key, keyErrors },
    { disclosed: 5, signal: 2, signalErrors: 1, key: 3, keyErrors: 2 },
  );
});

test('the expected error rate is never 0 and never above a half', () => {
  const none = new MonitorTally();
  assert.equal(expectedErrorRate(none, [0, 0, 0], [0, 0, 0]), 0.5);
  assert.equal(expectedErrorRate(none, [90, 8, 0], [0, 0, 0]), 0.01);
  assert.equal(expectedErrorRate(none, [90, 8, 0], [90, 8, 0]), 0.5);
});
