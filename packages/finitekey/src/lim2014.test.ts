import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { binaryEntropy, type DecoyCounts, FiniteKeyError, type KeyLengthRequest, lim2014 } from './index.ts';

fc.configureGlobal({ seed: 2014 });

type Triple = readonly [number, number, number];
const sum = (values: Triple): number => values[0] + values[1] + values[2];

/** `actual` to `relative`, or to half a unit in the last place of a value printed with that many `digits` after the point. */
function close(actual: number, expected: number, relative: number, digits = 15): void {
  const tolerance = Math.max(Math.abs(expected) * relative, 0.5 * 10 ** -digits);
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected} within ${tolerance}`);
}

/** Pure-function vectors: the Micius source. */
const micius: DecoyCounts = {
  meanPhotons: [0.8, 0.1, 0],
  probabilities: [0.5, 0.25, 0.25],
  keyDetections: [9401211, 592918, 5871],
  testDetections: [940121, 59292, 587],
  testErrors: [9977, 881, 294],
};
const miciusRequest: KeyLengthRequest = {
  counts: micius,
  leakedBits: 1024610.8709700312,
  epsSec: 1e-9,
  epsCor: 1e-15,
  bound: 'hoeffding',
};

describe('Micius source, both bounds', () => {
  it('Hoeffding', () => {
    const result = lim2014(miciusRequest);
    assert.equal(result.secretBits, 2386882);
    close(result.rawSecretBits, 2386882.7049450306, 1e-12);
    assert.equal(result.keyVacuum, 0);
    close(result.keySingles, 4281148.592396471, 1e-12);
    assert.equal(result.testVacuum, 0);
    close(result.testSingles, 381835.96799653047, 1e-12);
    assert.equal(result.testSingleErrors, 11152);
    close(result.phaseErrorRate, 0.031746447679983164, 1e-12);
    assert.equal(result.proof, 'Lim et al. 2014 (Hoeffding)');
  });

  it('Chernoff', () => {
    const result = lim2014({ ...miciusRequest, bound: 'chernoff' });
    assert.equal(result.secretBits, 2745306);
    close(result.rawSecretBits, 2745306.384764341, 1e-12);
    close(result.keyVacuum, 14944.595252853116, 1e-12);
    close(result.keySingles, 4433049.575931586, 1e-12);
    close(result.testVacuum, 1142.847273825628, 1e-12);
    close(result.testSingles, 429436.2358495539, 1e-12);
    close(result.testSingleErrors, 8614.604974507998, 1e-12);
    close(result.phaseErrorRate, 0.022068396953092033, 1e-12);
  });
});

describe('fixed costs', () => {
  /** What remains of the length when all that depends on counts is taken away. */
  const cost = (epsSec: number, epsCor: number): number => {
    const r = lim2014({ ...miciusRequest, epsSec, epsCor });
    return (
      r.keyVacuum + r.keySingles * (1 - binaryEntropy(r.phaseErrorRate)) - miciusRequest.leakedBits - r.rawSecretBits
    );
  };

  it('are counted in bits (P18)', () => {
    close(cost(1e-9, 1e-15), 256.57, 0, 2);
    close(cost(1e-10, 1e-10), 259.89, 0, 2);
  });

  it('every leaked bit costs one bit', () => {
    const more = lim2014({ ...miciusRequest, leakedBits: miciusRequest.leakedBits + 1000 });
    assert.equal(more.secretBits, 2386882 - 1000);
  });
});

describe('rounding, clipping and tiny eps (P12)', () => {
  it('eps down to the smallest double is handled in logarithms', () => {
    for (const bound of ['hoeffding', 'chernoff'] as const) {
      let previous = Number.POSITIVE_INFINITY;
      for (const eps of [1e-9, 1e-40, 1e-200, 5e-324]) {
        const { rawSecretBits } = lim2014({ ...miciusRequest, bound, epsSec: eps, epsCor: eps });
        assert.ok(Number.isFinite(rawSecretBits) && rawSecretBits < previous);
        if (eps >= 1e-40) assert.ok(rawSecretBits > 0);
        previous = rawSecretBits;
      }
    }
  });

  it('a length below 0 is 0, and phi never passes 1/2', () => {
    const bad = lim2014({ ...miciusRequest, counts: { ...micius, testErrors: [470000, 29646, 293] } });
    assert.equal(bad.phaseErrorRate, 0.5);
    assert.ok(bad.rawSecretBits < 0);
    assert.equal(bad.secretBits, 0);
  });

  it('whatever the counts, the answer is a whole number from 0 to the number of detections, and nothing is NaN', () => {
    const count = fc.oneof(fc.nat(20), fc.nat(100_000_000));
    const triple = fc.tuple(count, count, count);
    const eps = fc.double({ min: 5e-324, max: 0.999999, noNaN: true });
    fc.assert(
      fc.property(
        fc.record({
          keyDetections: triple,
          testDetections: triple,
          errorShare: fc.tuple(...[0, 1, 2].map(() => fc.double({ min: 0, max: 1, noNaN: true }))),
          mu: fc.tuple(...[0, 1, 2].map(() => fc.double({ min: 0.001, max: 1, noNaN: true }))),
          leakedBits: count,
          epsSec: eps,
          epsCor: eps,
          bound: fc.constantFrom('hoeffding' as const, 'chernoff' as const),
        }),
        (c) => {
          const mu3 = c.mu[2]! / 2;
          const mu2 = mu3 + c.mu[1]!;
          const result = lim2014({
            ...c,
            counts: {
              meanPhotons: [mu2 + mu3 + c.mu[0]!, mu2, mu3],
              probabilities: [0.7, 0.2, 0.1],
              keyDetections: c.keyDetections,
              testDetections: c.testDetections,
              testErrors: [0, 1, 2].map((k) =>
                Math.floor(c.testDetections[k]! * c.errorShare[k]!),
              ) as unknown as Triple,
            },
          });
          for (const value of Object.values(result)) {
            if (typeof value === 'number') assert.ok(Number.isFinite(value), `${JSON.stringify(result)}`);
          }
          assert.ok(Number.isInteger(result.secretBits) && result.secretBits >= 0);
          assert.ok(result.secretBits <= sum(c.keyDetections));
          assert.ok(result.phaseErrorRate >= 0 && result.phaseErrorRate <= 0.5);
          assert.ok(result.testSingleErrors >= 0 && result.keySingles >= 0 && result.testSingles >= 0);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('counts that carry no key', () => {
  const none: Triple = [0, 0, 0];
  const cases: Record<string, Partial<DecoyCounts>> = {
    'no detection at all': { keyDetections: none, testDetections: none, testErrors: none },
    'an empty key basis': { keyDetections: none },
    'an empty test basis': { testDetections: none, testErrors: none },
    'a handful of detections': { keyDetections: [90, 8, 1], testDetections: [10, 1, 0], testErrors: none },
    'no decoy detected': { keyDetections: [9401211, 0, 5871], testDetections: [940121, 0, 587], testErrors: none },
  };
  for (const [name, change] of Object.entries(cases)) {
    for (const bound of ['hoeffding', 'chernoff'] as const) {
      it(`${name}, ${bound}: 0 bits, phi 1/2`, () => {
        const result = lim2014({ ...miciusRequest, bound, leakedBits: 0, counts: { ...micius, ...change } });
        assert.equal(result.secretBits, 0);
        assert.equal(result.phaseErrorRate, 0.5);
        assert.ok(result.rawSecretBits < 0);
      });
    }
  }

  it('vacuum events alone grant nothing when nothing is known of single photons', () => {
    const counts: DecoyCounts = {
      ...micius,
      keyDetections: [100000, 50000, 50000],
      testDetections: none,
      testErrors: none,
    };
    const result = lim2014({ ...miciusRequest, leakedBits: 0, counts });
    assert.ok(result.keyVacuum > 100000);
    assert.equal(result.secretBits, 0);
  });

  it('counts that the source cannot have made grant nothing, and the answer says why', () => {
    // Only decoy pulses get through: the bounds then claim more single photons than there are detections.
    const counts: DecoyCounts = {
      ...micius,
      keyDetections: [0, 5_000_000, 0],
      testDetections: [0, 500_000, 0],
      testErrors: none,
    };
    const result = lim2014({ ...miciusRequest, leakedBits: 0, counts });
    assert.ok(result.keySingles > 5_000_000);
    assert.equal(result.secretBits, 0);
    assert.equal(result.phaseErrorRate, 0.5);
    assert.match(result.gaps.join('\n'), /contradict/);
  });
});

describe('monotonicity', () => {
  const bound = fc.constantFrom('hoeffding' as const, 'chernoff' as const);
  const errors = fc.tuple(fc.nat(60_000), fc.nat(4_000), fc.nat(300));

  it('more leak, not more key', () => {
    fc.assert(
      fc.property(bound, fc.nat(5_000_000), fc.nat(1_000_000), (b, leak, more) => {
        const at = (leakedBits: number): number => lim2014({ ...miciusRequest, bound: b, leakedBits }).secretBits;
        assert.ok(at(leak + more) <= at(leak));
      }),
    );
  });

  // Errors at the weakest intensity are left alone: they show errors of vacuum pulses, and so fewer of single photons.
  it('more test errors at signal or decoy, not more key', () => {
    fc.assert(
      fc.property(bound, errors, fc.nat(20_000), fc.nat(2_000), (b, [m1, m2, m3], more1, more2) => {
        const at = (testErrors: Triple): number =>
          lim2014({ ...miciusRequest, bound: b, counts: { ...micius, testErrors } }).rawSecretBits;
        assert.ok(at([m1 + more1, m2 + more2, m3]) <= at([m1, m2, m3]));
      }),
    );
  });

  it('smaller eps, not more key', () => {
    const exponent = fc.double({ min: 2, max: 60, noNaN: true });
    fc.assert(
      fc.property(bound, exponent, exponent, (b, x, y) => {
        const at = (e: number): number => lim2014({ ...miciusRequest, bound: b, epsSec: 10 ** -e }).rawSecretBits;
        assert.ok(at(Math.max(x, y)) <= at(Math.min(x, y)));
      }),
    );
  });
});

describe('input that makes no sense is refused by name', () => {
  const refuse = (field: string, change: Partial<KeyLengthRequest>): void => {
    assert.throws(
      () => lim2014({ ...miciusRequest, ...change }),
      (error) =>
        error instanceof FiniteKeyError &&
        error.code === 'finitekey/bad-input' &&
        error.field === field &&
        error.message.includes(field),
    );
  };
  const counts = (change: Partial<Record<keyof DecoyCounts, unknown>>): Partial<KeyLengthRequest> => ({
    counts: { ...micius, ...change } as DecoyCounts,
  });

  it('intensities out of order, negative or not finite', () => {
    for (const meanPhotons of [
      [0.1, 0.8, 0],
      [0.3, 0.2, 0.1],
      [0.8, 0.1, 0.1],
      [0.8, 0.1, -0.1],
      [Number.NaN, 0.1, 0],
      [0.8, 0.1],
    ]) {
      refuse('counts.meanPhotons', counts({ meanPhotons }));
    }
  });

  it('probabilities that are not', () => {
    for (const probabilities of [
      [0.5, 0.25, 0.2],
      [1, 0, 0],
      [1.2, -0.1, -0.1],
      [0.5, 0.5, Number.NaN],
    ]) {
      refuse('counts.probabilities', counts({ probabilities }));
    }
  });

  it('counts that are negative, not finite or not three', () => {
    for (const field of ['keyDetections', 'testDetections', 'testErrors'] as const) {
      for (const value of [[-1, 0, 0], [Number.POSITIVE_INFINITY, 0, 0], [1, 2], [1, 2, 3, 4], undefined, 'abc']) {
        refuse(`counts.${field}`, counts({ [field]: value }));
      }
    }
  });

  it('more errors than detections', () => {
    refuse('counts.testErrors', counts({ testErrors: [9977, 59293, 294] }));
  });

  it('leak', () => {
    for (const leakedBits of [-1, Number.NaN, Number.POSITIVE_INFINITY]) refuse('leakedBits', { leakedBits });
  });

  it('eps outside (0, 1)', () => {
    for (const eps of [0, 1, -1e-9, 2, Number.NaN]) {
      refuse('epsSec', { epsSec: eps });
      refuse('epsCor', { epsCor: eps });
    }
  });

  it('an unknown bound', () => {
    for (const bound of ['gauss', 'toString', undefined]) refuse('bound', { bound: bound as 'hoeffding' });
  });
});

describe('what the proof does not cover is said', () => {
  it('in whole sentences, for both bounds', () => {
    for (const bound of ['hoeffding', 'chernoff'] as const) {
      const { gaps } = lim2014({ ...miciusRequest, bound });
      for (const gap of gaps) assert.match(gap, /^[A-Z].*\.$/);
      for (const topic of [/2405\.16578/, /gamma/, /2307\.00576/, /efficien/, /phase-randomised/, /timing/]) {
        assert.match(gaps.join('\n'), topic);
      }
      assert.equal(
        gaps.some((gap) => gap.includes('Chernoff')),
        bound === 'chernoff',
      );
    }
  });
});
