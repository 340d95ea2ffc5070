import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { emptyObservation, seededRandom } from '@skykey/photons';
import { createFloor } from './floor.ts';
import type { AlarmLink } from './link.ts';

const link: AlarmLink = {
  source: {
    pulseRateHz: 1e9,
    intensities: [{ name: 'signal', meanPhotons: 0.8, probability: 1 }],
    basisXProbability: 0.5,
    flaws: { pulseWidthPs: 50 },
  },
  receiver: { basisXProbability: 0.5, misalignment: 0, deadTimeNs: 50, jitterPs: 100, gateNs: 0.8 },
  binS: 0.5,
  bins: 100,
  channelTransmittance: new Float64Array(100).fill(1e-4),
  receiverTransmittance: 0.5,
  noiseHz: new Float64Array(4).fill(100),
};
/** Four gates' worth of time for one between them. */
const INSIDE = 4;

function bin(number: number, outside: readonly number[]) {
  const observation = emptyObservation(1, { bin: number, startS: number / 2, durationS: 0.5, pulses: 5e8 });
  observation.outside.set(outside);
  return observation;
}

/** Poisson by counting exponential gaps: means here are small. */
function poisson(random: ReturnType<typeof seededRandom>, mean: number): number {
  let count = -1;
  for (let sum = 0; sum < mean; count++) sum -= Math.log(1 - random.uniform());
  return count;
}

describe('the floor', () => {
  it('is what counts outside, as much longer as the gate is, averaged over sixteen bins', () => {
    const floor = createFloor(link);
    const random = seededRandom(1);
    const clicks = new Float64Array(4);
    let spread = 0;
    for (let b = 0; b < 100; b++) {
      floor.take(
        bin(
          b,
          [0, 1, 2, 3].map(() => poisson(random, 10)),
        ),
        clicks,
      );
      if (b >= 16) spread += (floor.inGate[0]! - INSIDE * 10) ** 2 / 84;
    }
    assert.ok(Math.abs(floor.inGate[2]! - INSIDE * 10) < 4 * INSIDE * Math.sqrt(10 / 16), `${floor.inGate[2]}`);
    assert.ok(spread < 3 * INSIDE ** 2 * (10 / 16), `${spread}`);
  });

  it('has a variance even where nothing counted', () => {
    const floor = createFloor(link);
    floor.take(bin(0, [0, 0, 0, 0]), new Float64Array(4));
    assert.deepEqual([...floor.inGate], [0, 0, 0, 0]);
    assert.ok(floor.variance.every((v) => v >= INSIDE ** 2));
  });

  it('is another one at once when it jumps, up or down, and begins anew with a pass', () => {
    const floor = createFloor(link);
    const clicks = new Float64Array(4);
    for (let b = 0; b < 20; b++) floor.take(bin(b, [10, 10, 10, 10]), clicks);
    floor.take(bin(20, [100, 100, 100, 100]), clicks);
    assert.deepEqual([...floor.inGate], [400, 400, 400, 400]);
    floor.take(bin(21, [0, 0, 0, 0]), clicks);
    assert.deepEqual([...floor.inGate], [0, 0, 0, 0]);
    floor.take(bin(0, [5, 5, 5, 5]), clicks);
    assert.deepEqual([...floor.inGate], [20, 20, 20, 20]);
  });

  it('does not take light for noise that jitter throws over the edge of the gate', () => {
    const floor = createFloor(link);
    const light = 1e6;
    const clicks = new Float64Array(4).fill(light);
    const thrown = floor.tail * light;
    // Gate edges at 400 ps, spread of 112 ps.
    assert.ok(thrown > 300 && thrown < 400, `${thrown}`);
    for (let b = 0; b < 16; b++)
      floor.take(
        bin(
          b,
          [0, 1, 2, 3].map(() => thrown + 5),
        ),
        clicks,
      );
    assert.ok(Math.abs(floor.inGate[0]! - INSIDE * 5) < 1e-6);
    assert.ok(floor.slack[0]! > INSIDE * 100, 'drift of arrivals may change how much that is');
  });
});
