import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { uniform } from './test/link.ts';
import { type DiodeTiming, timedPhaseErrors, timedTestYield, timingDistances, worstPair } from './timing.ts';

const pulseWidthPs = 85;
const incoherent = (offsetsPs: readonly number[]): DiodeTiming => ({
  offsetsPs,
  errorPs: 0,
  pulseWidthPs,
  model: 'incoherent',
});

describe('distances of diodes', () => {
  it('are of states, classes and bases, errors on top', () => {
    const offsetsPs = [0, 4, 1, 3, 10, 10, 10, 19];
    assert.deepEqual(timingDistances({ ...incoherent(offsetsPs), errorPs: 0.5 }), {
      classPs: 16.5,
      keyPs: 4.5,
      testPs: 9.5,
      basisPs: 9.5,
    });
    assert.deepEqual(worstPair(offsetsPs), { diodes: [0, 7], distancePs: 19 });
  });

  it('four diodes for all classes do not tell classes apart, however badly they are known', () => {
    assert.equal(timingDistances({ ...incoherent([0, 1, 2, 3]), errorPs: 5 }).classPs, 0);
  });

  it('of a spread are the spread', () => {
    const timing = { spreadPs: 2, errorPs: 1, pulseWidthPs, model: 'incoherent' } as const;
    assert.deepEqual(timingDistances(timing), { classPs: 3, keyPs: 3, testPs: 3, basisPs: 3 });
  });
});

/** A state of the qubit in the basis X0, X1. */
type Qubit = readonly [number, number];
const root = Math.SQRT1_2;
const states: readonly Qubit[] = [
  [1, 0],
  [0, 1],
  [root, root],
  [root, -root],
];

/**
 * What Eve and Bob make of a photon emitted at one time: the probability of Bob's result j, in the test basis, is
 * weight[j] |<direction[j]|state>|^2; the weights are such that both together are at most 1.
 */
interface Operation {
  readonly weight: readonly [number, number];
  readonly direction: readonly [Qubit, Qubit];
}
const result = ({ weight, direction }: Operation, j: 0 | 1, [a, b]: Qubit): number =>
  weight[j] * (direction[j][0] * a + direction[j][1] * b) ** 2;

describe('phase errors of diodes that fire apart', () => {
  it('are never above the bound, whatever is done to photons of whatever time', () => {
    const random = uniform(77);
    let closest = Number.POSITIVE_INFINITY;
    for (let run = 0; run < 400; run++) {
      const scale = 10 ** (-1 + 2.5 * random());
      const offsets = [0, 1, 2, 3].map(() => scale * (random() - 0.5));
      // She lets through what is late, or early, or any; errs where she likes; by time.
      const edge = (random() - 0.5) * 8 * pulseWidthPs;
      const late = random() < 0.5;
      const thorough = random() < 0.3;
      const operation = (): Operation => {
        const tilt = random() < 0.5 ? 0.2 * (random() - 0.5) : Math.PI * random();
        const right = thorough ? 1 : random();
        const wrong = random() < 0.7 ? 0.05 * random() : random();
        const most = Math.max(1, right + wrong);
        const along = (angle: number): Qubit => [Math.cos(angle), Math.sin(angle)];
        // Result 0 stands along Z0, at 45 degrees from X0; result 1 at right angles.
        return {
          weight: [right / most, (random() < 0.5 ? right : wrong) / most],
          direction: [along(Math.PI / 4 + tilt), along(-Math.PI / 4 + tilt * (random() - 0.5))],
        };
      };
      let testErrors = 0;
      let testYield = 0;
      let keyYield = 0;
      let phaseErrors = 0;
      const step = 4;
      const from = -7 * pulseWidthPs;
      const same = operation();
      for (let t = from; t <= -from; t += step) {
        if (late ? t < edge : t > edge) continue;
        const op = thorough ? same : operation();
        const density = offsets.map(
          (offset) =>
            (step * Math.exp(-(((t - offset) / pulseWidthPs) ** 2) / 2)) / (pulseWidthPs * Math.sqrt(2 * Math.PI)),
        );
        for (const bit of [0, 1] as const) {
          const wrong = bit === 0 ? 1 : 0;
          const test = states[2 + bit]!;
          testErrors += (density[2 + bit]! / 2) * result(op, wrong, test);
          testYield += (density[2 + bit]! / 2) * (result(op, 0, test) + result(op, 1, test));
          keyYield += (density[bit]! / 2) * (result(op, 0, states[bit]!) + result(op, 1, states[bit]!));
          // Alice's half of sqrt(f0)|0>|X0> + sqrt(f1)|1>|X1>, over sqrt 2, found in the other basis.
          const sign = bit === 0 ? 1 : -1;
          const virtual: Qubit = [Math.sqrt(density[0]!) / 2, (sign * Math.sqrt(density[1]!)) / 2];
          phaseErrors += result(op, wrong, virtual);
        }
      }
      const timing = incoherent(offsets);
      const distances = timingDistances(timing);
      const bound = timedPhaseErrors(testErrors, keyYield, distances, timing);
      assert.ok(phaseErrors <= bound * (1 + 1e-6), `run ${run}: ${phaseErrors} above ${bound}`);
      assert.ok(testYield <= timedTestYield(keyYield, distances, timing) * (1 + 1e-6));
      closest = Math.min(closest, bound / phaseErrors);
    }
    // The bound is not idle: somewhere it is nearly met.
    assert.ok(closest < 1.2, `${closest}`);
  });

  it('a bound that ignored the offsets would be broken', () => {
    // She passes only the late half of the light, where the bit is the later diode's: X0 comes, X1 hardly does.
    const offsets = [40, -40, 0, 0];
    let errors = 0;
    let keyYield = 0;
    for (let t = 200; t < 700; t += 1) {
      const [f0, f1] = offsets.map((offset) => Math.exp(-(((t - offset) / pulseWidthPs) ** 2) / 2)) as [number, number];
      keyYield += (f0 + f1) / 2;
      // Bob measures in the test basis without an error: the virtual states are not the test states.
      const virtual = (Math.sqrt(f0) - Math.sqrt(f1)) ** 2 / 8;
      errors += 2 * virtual;
    }
    const step = 1 / (pulseWidthPs * Math.sqrt(2 * Math.PI));
    const timing = incoherent(offsets);
    const distances = timingDistances(timing);
    assert.ok(errors / keyYield > 0.05);
    assert.ok(errors * step <= timedPhaseErrors(0, keyYield * step, distances, timing));
    assert.equal(timedPhaseErrors(0, 0.01, timingDistances(incoherent([0, 0, 0, 0])), incoherent([0, 0, 0, 0])), 0);
  });

  it('of pure modes are those of the overlap, as integrated', () => {
    const amplitude = (t: number, offset: number): number => Math.exp(-(((t - offset) / pulseWidthPs) ** 2) / 4);
    let overlap = 0;
    let norm = 0;
    for (let t = -1000; t <= 1000; t += 1) {
      overlap += amplitude(t, -15) * amplitude(t, 15);
      norm += amplitude(t, 0) ** 2;
    }
    const timing = { ...incoherent([-15, 15, 15, 15]), model: 'transform-limited' as const };
    const errors = 0.01;
    const exact = Math.sin(Math.asin(Math.sqrt(errors)) + Math.acos(overlap / norm)) ** 2;
    const bound = timedPhaseErrors(errors, 0.5, timingDistances(timing), timing);
    assert.ok(Math.abs(bound / exact - 1) < 1e-3, `${bound} for ${exact}`);
  });
});
