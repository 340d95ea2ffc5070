import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { emptyObservation } from '@skykey/photons';
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

function bin(outside: readonly number[]) {
  const observation = emptyObservation(1, { bin: 0, startS: 0, durationS: 0.5, pulses: 5e8 });
  observation.outside.set(outside);
  return observation;
}

describe('the floor', () => {
  it('is what counts outside, as much longer as the gate is', () => {
    const floor = createFloor(link);
    floor.take(bin([10, 20, 0, 5]), new Float64Array(4));
    assert.deepEqual(
      [...floor.inGate],
      [10, 20, 0, 5].map((count) => INSIDE * count),
    );
    assert.ok(Math.abs(floor.share - 0.2) < 1e-12);
  });

  it('has a variance even where nothing counted', () => {
    const floor = createFloor(link);
    floor.take(bin([0, 0, 0, 0]), new Float64Array(4));
    assert.ok(floor.variance.every((v) => v >= INSIDE ** 2));
  });

  it('says when light is too weak beside it: a cloud that closed, whatever the few counts outside are', () => {
    const floor = createFloor(link);
    const noise = new Float64Array(4).fill(10);
    for (const outside of [0, 1, 2, 3, 5, 10]) {
      assert.equal(floor.take(bin([outside, outside, outside, outside]), noise), false, `${outside} outside`);
    }
    assert.equal(floor.take(bin([10, 10, 10, 10]), new Float64Array(4).fill(10_000)), true);
    assert.equal(floor.take(bin([1000, 1000, 1000, 1000]), new Float64Array(4).fill(10_000)), true);
    assert.equal(floor.take(bin([1500, 1500, 1500, 1500]), new Float64Array(4).fill(10_000)), false);
  });

  it('does not take light for noise that jitter throws over the edge of the gate', () => {
    const floor = createFloor(link);
    const light = 1e6;
    const thrown = floor.tail * light;
    // Gate edges at 400 ps, spread of 112 ps.
    assert.ok(thrown > 300 && thrown < 400, `${thrown}`);
    floor.take(bin([thrown + 5, thrown + 5, thrown, thrown - 5]), new Float64Array(4).fill(light));
    for (const [d, noise] of [5, 5, 0, 0].entries()) assert.ok(Math.abs(floor.inGate[d]! - INSIDE * noise) < 1e-6);
    assert.ok(floor.slack[0]! > INSIDE * 100, 'drift of arrivals may change how much that is');
  });
});
