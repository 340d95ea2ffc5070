import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Receiver, ReceiverFlaws } from '../link.ts';
import { againstExpected } from '../test/chi-square.ts';
import { binomialZ } from '../test/tally.ts';
import { AFTER_PULSE, Detectors, NO_PULSE } from './detectors.ts';
import { Electrons } from './electrons.ts';
import { Uniforms } from './uniforms.ts';

function detectors(deadTimeNs: number, flaws: ReceiverFlaws = {}): Detectors {
  const random = new Uniforms();
  const noise = new Uniforms();
  random.start(5, 0);
  noise.start(5, 1);
  const receiver: Receiver = { basisXProbability: 0.5, misalignment: 0, deadTimeNs, jitterPs: 0, gateNs: 1, flaws };
  return new Detectors(receiver, random, noise);
}

/** Counts made by hand: time in ps, detector. */
function counts(list: readonly (readonly [timePs: number, detector: number])[]): Electrons {
  const electrons = new Electrons(new Uniforms(), 1e9);
  electrons.counts = list.length;
  electrons.timePs = Float64Array.from(list, ([timePs]) => timePs);
  electrons.detector = Uint8Array.from(list, ([, detector]) => detector);
  electrons.pulse = new Int32Array(list.length).fill(NO_PULSE);
  return electrons;
}

const rows = (played: Detectors): number[][] =>
  Array.from({ length: played.clicks }, (_, i) => [played.timePs[i]!, played.detector[i]!]);

describe('detectors', () => {
  const list = [
    [0, 0],
    [400, 1],
    [9_999, 0],
    [10_000, 0],
    [10_001, 1],
    [19_999, 0],
    [20_001, 0],
  ] as const;

  it('are dead after a click for the dead time, which light does not prolong, each by itself', () => {
    const played = detectors(10);
    played.play(counts(list), 0, 1e6, 1e6);
    assert.deepEqual(rows(played), [
      [0, 0],
      [400, 1],
      [10_000, 0],
      [20_001, 0],
    ]);
  });

  it('are dead together when so wired', () => {
    const played = detectors(10, { deadTogether: true });
    played.play(counts(list), 0, 1e6, 1e6);
    assert.deepEqual(rows(played), [
      [0, 0],
      [10_000, 0],
      [20_001, 0],
    ]);
  });

  it('remember their last click in the next bin, until they are rested', () => {
    const played = detectors(10);
    played.play(counts([[995_000, 2]]), 0, 1e6, 1e6);
    const next = counts([
      [4_999, 2],
      [4_999, 3],
      [5_000, 2],
    ]);
    played.play(next, 0, 1e6, 1e6);
    assert.deepEqual(rows(played), [
      [4_999, 3],
      [5_000, 2],
    ]);
    played.play(counts([[995_000, 2]]), 0, 1e6, 1e6);
    played.rest();
    played.play(next, 0, 1e6, 1e6);
    assert.deepEqual(rows(played)[0], [4_999, 2]);
  });

  it('walk: the tag is late, the detector is not, and tags stay in order', () => {
    const played = detectors(10, { walk: { latePs: 3000, decayNs: 20 } });
    const late = 3000 * Math.exp(-0.5);
    played.play(
      counts([
        [0, 0],
        [10_000, 0],
        [10_500, 1],
        [20_000, 0],
      ]),
      0,
      1e6,
      1e6,
    );
    assert.deepEqual(rows(played), [
      [0, 0],
      [10_500, 1],
      [10_000 + late, 0],
      [20_000 + late, 0],
    ]);
  });

  it('have after-pulses of the right rate and delay, which can have some themselves', () => {
    const played = detectors(50, { afterPulse: { probability: 0.2, timeConstantNs: 80 } });
    const spacing = 1e7;
    const clicks = 40_000;
    const delays: number[] = [];
    let primary = 0;
    let afterPulses = 0;
    for (let block = 0; block < 10; block++) {
      played.play(
        counts(Array.from({ length: clicks / 10 }, (_, i) => [i * spacing, i & 3] as const)),
        0.2,
        4e10,
        4e10,
      );
      for (let i = 0; i < played.clicks; i++) {
        if (played.pulse[i] !== AFTER_PULSE) primary++;
        else {
          afterPulses++;
          if (played.pulse[i - 1] !== AFTER_PULSE) delays.push(played.timePs[i]! - played.timePs[i - 1]!);
        }
      }
    }
    assert.equal(primary, clicks);
    // Each click, an after-pulse too, has one with probability 0.2.
    assert.ok(Math.abs(binomialZ(afterPulses, primary + afterPulses, 0.2)) < 4);
    assert.ok(delays.every((delay) => delay >= 50_000));
    const cells = new Float64Array(20);
    for (const delay of delays) cells[Math.min(19, Math.floor((delay - 50_000) / 16_000))]!++;
    const expected = cells.map(
      (_, i) => delays.length * (Math.exp(-0.2 * i) - (i === 19 ? 0 : Math.exp(-0.2 * (i + 1)))),
    );
    assert.ok(Math.abs(againstExpected(cells, expected)) < 4);
  });

  it('count noise at random, and keep of it no more than their clicks', () => {
    // 1e12 counts a second, of which a dead time of 50 ns leaves one in 50,001.
    const flooded = detectors(50);
    flooded.play(counts([]), 0, 1e9, 1e9, Float64Array.of(1e12, 0, 0, 0));
    assert.ok(Math.abs(flooded.clicks - 1e9 / 50_001) <= 2, `${flooded.clicks}`);
    assert.ok(flooded.timePs.length < 100_000);
    assert.ok(flooded.detector.subarray(0, flooded.clicks).every((d) => d === 0));

    const expected = Float64Array.of(3e7, 1e7, 0, 2e7).map((hz) => (hz * 1e-12 * 1e10) / (1 + hz * 50e-9));
    const played = detectors(50);
    played.play(counts([]), 0, 1e10, 1e10, Float64Array.of(3e7, 1e7, 0, 2e7));
    const clicks = new Float64Array(4);
    for (let i = 0; i < played.clicks; i++) {
      clicks[played.detector[i]!]!++;
      assert.ok(i === 0 || played.timePs[i]! >= played.timePs[i - 1]!);
      assert.equal(played.pulse[i], NO_PULSE);
    }
    // Dead time makes numbers of clicks less scattered than Poisson's.
    for (let d = 0; d < 4; d++) assert.ok(Math.abs(clicks[d]! - expected[d]!) <= 4 * Math.sqrt(expected[d]!), `${d}`);
  });

  it('recover after the dead time as 1 - e^(-t / recovery)', () => {
    const played = detectors(10, { recoveryNs: 25 });
    for (const afterNs of [2, 20, 60]) {
      const pairs = 20_000;
      const list = Array.from({ length: 2 * pairs }, (_, i) => {
        const start = (i >> 1) * 5e6;
        return [i & 1 ? start + 10_000 + afterNs * 1000 : start, 1] as const;
      });
      played.rest();
      played.play(counts(list), 0, 1.1e11, 1.1e11);
      assert.ok(Math.abs(binomialZ(played.clicks - pairs, pairs, 1 - Math.exp(-afterNs / 25))) < 4, `${afterNs} ns`);
    }
  });
});
