import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEvents } from '../sampler/events.ts';
import { CERTAIN_GUESS } from '../sampler/sampler.ts';
import { cellsOf, flawedInput, flawedReceiver, flawedSource, near, tableOf } from '../test/flawed-link.ts';
import { deadTime } from './dead-time.ts';

/** Room between the gates: slots of 10 ns, gates of one. */
const source = { ...flawedSource, pulseRateHz: 1e8 };
const receiver = { ...flawedReceiver, deadTimeNs: 200, gateNs: 1, flaws: {} };

/** Clicks in the gate in Alice's basis, by detector, and how many of the bits she knows by the ledger, of one played bin. */
function play(strength: number, deadTogether: boolean) {
  const trace = { channelTransmittance: Float64Array.of(2e-2), noisePerGate: new Float64Array(1), binS: 0.4 };
  const flaws = { deadTogether };
  const { offsetPs, state, tags, truth } = createEvents(
    flawedInput([deadTime.create(strength)], { source, receiver: { ...receiver, flaws }, trace }),
  ).next();
  const sifted = [0, 0, 0, 0];
  let known = 0;
  let outside = 0;
  for (let row = 0; row < offsetPs.length; row++) {
    const detector = tags.detector[row]!;
    if (Math.abs(offsetPs[row]!) > 500) outside++;
    else if (detector >> 1 === state[row]! >> 1) {
      sifted[detector]!++;
      if (truth.guess[row]! > 0.9 * CERTAIN_GUESS) known++;
    }
  }
  return { sifted, known, outside };
}

test('the spared detector clicks more than its partner, by the dead time, and she knows those clicks', () => {
  const strength = 0.3;
  const { sifted, known, outside } = play(strength, false);
  const honest = play(0, false).sifted;
  // One basis holds the spared detector: there the partner is dead for the strength of the time.
  const basis = Math.abs(sifted[0]! - sifted[1]!) > Math.abs(sifted[2]! - sifted[3]!) ? 0 : 2;
  const [low, high] = [sifted[basis]!, sifted[basis + 1]!].sort((a, b) => a - b) as [number, number];
  const noise = 4 * Math.sqrt(high);
  // 7.7 % of the pre-pulses take the spared detector with them (1 % of misalignment), 98 to 100 % the others.
  assert.ok(Math.abs(low / high - 0.7 / (1 - 0.077 * 0.3)) < noise / high, `${low} ${high}`);
  // What the spared one clicks while its partner cannot is what she knows.
  assert.ok(Math.abs(known - (high - low)) < noise, `${known} ${high - low}`);
  const total = sifted.reduce((a, b) => a + b, 0);
  assert.ok(Math.abs(total - honest.reduce((a, b) => a + b, 0)) < 5 * Math.sqrt(2 * total));
  assert.ok(outside > 3 * total);
});

test('when all detectors are dead together she learns nothing', () => {
  const { sifted, known } = play(0.3, true);
  assert.equal(known, 0);
  for (const d of [0, 2]) assert.ok(Math.abs(sifted[d]! - sifted[d + 1]!) < 5 * Math.sqrt(2 * sifted[d]!));
});

test('the stronger, the more she knows; without dead time, nothing', () => {
  let last = -1;
  for (const strength of [0, 0.1, 0.3, 0.6, 0.9]) {
    const { knownBits, sifted } = cellsOf(tableOf([deadTime.create(strength)], { source, receiver }));
    assert.ok(knownBits / sifted > last);
    last = knownBits / sifted;
  }
  const alive = { ...receiver, deadTimeNs: 0 };
  assert.equal(cellsOf(tableOf([deadTime.create(0.5)], { source, receiver: alive })).knownBits, 0);
  near(
    cellsOf(tableOf([deadTime.create(0)], { source, receiver })).sifted,
    cellsOf(tableOf([], { source, receiver })).sifted,
    1e-12,
  );
});
