import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { boundBy, type Source, singleErrorsTilt, singlesTilt, type Tally, type Tilt, vacuumTilt } from './tilted.ts';

fc.configureGlobal({ seed: 1952 });

const source = (count: 2 | 3): fc.Arbitrary<Source> =>
  fc
    .tuple(...Array.from({ length: 6 }, () => fc.double({ min: 0.05, max: 1, noNaN: true })))
    .map(([a, b, c, p, q, r]) => {
      const [last, middle] = count === 3 ? [c! < 0.3 ? 0 : c! / 4, c! / 4 + b!] : [b! / 2, b! / 2];
      const means = count === 3 ? [last + middle + a!, middle, last] : [middle + a!, middle];
      const weights = [p!, q!, r!].slice(0, count);
      const sum = weights.reduce((total, weight) => total + weight, 0);
      return { means, probabilities: weights.map((weight) => weight / sum) };
    });
const tally = (count: number): fc.Arbitrary<Tally> =>
  fc
    .array(fc.tuple(fc.integer({ min: 1, max: 1000 }), fc.double({ min: 0, max: 1, noNaN: true })), {
      minLength: count,
      maxLength: count,
    })
    .map((pairs) => ({ detections: pairs.map(([n]) => n), errors: pairs.map(([n, share]) => n * share) }));

/** Probability of each intensity for n photons. */
function intensityGiven({ means, probabilities }: Source, n: number): number[] {
  const weights = means.map((mu, k) => probabilities[k]! * Math.exp(-mu) * mu ** n);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

interface Kind {
  readonly photons: number;
  readonly count: number;
  /** Of those with photons, as Eve likes; of empty pulses a coin decides. */
  readonly wrong: number;
}

/** P(bound holds not), over every way in which intensities, and the errors of empty pulses, can fall. Exact. */
function failureOf(light: Source, kinds: readonly Kind[], bad: (tally: Tally) => boolean): number {
  const count = light.means.length;
  let states = new Map<string, number>([[new Array<number>(2 * count).fill(0).join(), 1]]);
  const add = (choices: readonly (readonly [label: number, p: number])[]): void => {
    const next = new Map<string, number>();
    for (const [key, p] of states) {
      const labels = key.split(',').map(Number);
      for (const [label, q] of choices) {
        if (q === 0) continue;
        const moved = labels.with(label, labels[label]! + 1).join();
        next.set(moved, (next.get(moved) ?? 0) + p * q);
      }
    }
    states = next;
  };
  for (const { photons, count: pulses, wrong } of kinds) {
    const given = intensityGiven(light, photons);
    for (let i = 0; i < pulses; i++) {
      if (photons === 0)
        add(
          given.flatMap(
            (p, k) =>
              [
                [k, p / 2],
                [count + k, p / 2],
              ] as const,
          ),
        );
      else add(given.map((p, k) => [(i < wrong ? count : 0) + k, p] as const));
    }
  }
  let failure = 0;
  for (const [key, p] of states) {
    const labels = key.split(',').map(Number);
    const errors = labels.slice(count);
    if (bad({ detections: errors.map((m, k) => m + labels[k]!), errors })) failure += p;
  }
  return failure;
}

const kinds: fc.Arbitrary<Kind[]> = fc.tuple(
  ...[0, 1, 2, 3, 5].map((photons) =>
    fc.record({ photons: fc.constant(photons), count: fc.nat(photons < 3 ? 4 : 2), wrong: fc.nat(4) }),
  ),
);
const bits = fc.double({ min: 0.3, max: 5, noNaN: true });
const countOf = (list: readonly Kind[], photons: number): number =>
  list.find((kind) => kind.photons === photons)!.count;

describe('decoy statements, over every outcome', () => {
  for (const intensities of [2, 3] as const) {
    it(`${intensities} intensities: singles and empty pulses are claimed wrongly with at most the probability allowed`, () => {
      fc.assert(
        fc.property(source(intensities), tally(intensities), kinds, bits, (light, expected, list, beta) => {
          const statements: [Tilt, number][] = [
            [singlesTilt(light, expected, beta), countOf(list, 1)],
            [vacuumTilt(light, expected, beta), countOf(list, 0)],
          ];
          for (const [tilt, truth] of statements) {
            assert.ok(tilt.rate > 0);
            const failure = failureOf(light, list, (counts) => boundBy(tilt, counts, beta) > truth);
            assert.ok(failure <= Math.exp(-beta) * (1 + 1e-9), `${failure} above ${Math.exp(-beta)}`);
          }
        }),
        { numRuns: 60 },
      );
    });

    it(`${intensities} intensities: errors of singles are bounded likewise`, () => {
      fc.assert(
        fc.property(source(intensities), tally(intensities), kinds, bits, (light, expected, list, beta) => {
          const tilt = singleErrorsTilt(light, { ...expected, errors: expected.errors.map(() => 0) }, beta);
          assert.ok(tilt.rate < 0);
          // Each pulse here is an error, and right in the sense of the tally.
          const errors = list.map((kind) => ({ ...kind, wrong: 0 }));
          const failure = failureOf(light, errors, ({ detections }) => {
            const counts = { detections, errors: detections.map(() => 0) };
            return boundBy(tilt, counts, beta) < countOf(list, 1);
          });
          assert.ok(failure <= Math.exp(-beta) * (1 + 1e-9), `${failure} above ${Math.exp(-beta)}`);
        }),
        { numRuns: 60 },
      );
    });

    it(`${intensities} intensities: no number of photons that is not meant earns anything`, () => {
      const earned = (light: Source, weights: readonly number[], n: number): number =>
        Math.log(intensityGiven(light, n).reduce((sum, p, k) => sum + p * Math.exp(weights[k]!), 0));
      fc.assert(
        fc.property(source(intensities), tally(intensities), bits, (light, expected, beta) => {
          const singles = singlesTilt(light, expected, beta);
          const vacuum = vacuumTilt(light, expected, beta);
          const errors = singleErrorsTilt(light, { ...expected, errors: expected.errors.map(() => 0) }, beta);
          for (let n = 0; n < 40; n++) {
            for (const weights of [singles.right, singles.wrong]) {
              if (n >= 2) assert.ok(earned(light, weights, n) <= 1e-9, `singles, ${n}`);
            }
            if (n >= 1) assert.ok(earned(light, vacuum.right, n) <= 1e-9, `vacuum, ${n}`);
            if (n !== 1) assert.ok(earned(light, errors.right, n) <= 1e-9, `errors, ${n}`);
          }
          const coin = (Math.exp(earned(light, singles.right, 0)) + Math.exp(earned(light, singles.wrong, 0))) / 2;
          assert.ok(Math.log(coin) <= 1e-9);
          assert.ok(Math.abs(earned(light, singles.right, 1) - singles.rate) < 1e-9 * (1 + singles.rate));
          assert.ok(earned(light, singles.wrong, 1) <= singles.rate + 1e-9);
        }),
        { numRuns: 300 },
      );
    });
  }
});
