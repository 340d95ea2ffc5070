import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { unseenErrors } from './hypergeometric.ts';
import { type DecoyDocument, type KeyStatement, keyLength, PROOFS, type ProofName } from './index.ts';
import { tilted } from './tilted.ts';

fc.configureGlobal({ seed: 2405 });

const two: DecoyDocument = {
  protocol: 'decoy-bb84',
  intensities: [0.8, 0.1, 0],
  probabilities: [0.5, 0.25, 0.25],
  nX: [940121, 59292, 587],
  mX: [9977, 881, 294],
  nZ: [94012, 5929, 59],
  mZ: [998, 88, 29],
  epsSec: 1e-9,
  epsCor: 1e-15,
  leakBits: 102_461,
};
const one: DecoyDocument = {
  ...two,
  intensities: [0.51, 0.15],
  probabilities: [0.7, 0.3],
  nX: [8875913, 1124087],
  mX: [185856, 26055],
  nZ: [165048, 20902],
  mZ: [3456, 484],
  leakBits: 1_776_924,
};
const repaired: readonly ProofName[] = ['tilted', 'tilted-one-way', 'clopper-pearson'];
const documentFor = (name: ProofName): DecoyDocument =>
  PROOFS.find((proof) => proof.name === name)!.intensities.includes(3) ? two : one;
const near = (a: number, b: number, relative = 1e-12): void =>
  assert.ok(Math.abs(a - b) <= relative * Math.max(Math.abs(a), Math.abs(b)), `${a} is not ${b}`);

describe('the ledger', () => {
  it('of every proof: terms add up to the length, shares of eps to epsSec, down to 1e-40 (P12)', () => {
    for (const { name, protocol } of PROOFS) {
      for (const epsSec of [1e-3, 1e-9, 1e-40]) {
        const statement: KeyStatement =
          protocol === 'bbm92'
            ? keyLength(name, {
                protocol,
                keyBits: 1e5,
                testBits: 1e5,
                testErrors: 2000,
                leakBits: 16e3,
                epsSec,
                epsCor: 1e-15,
              })
            : keyLength(name, { ...documentFor(name), epsSec });
        const { terms, epsilons, rawSecretBits, secretBits } = statement;
        near(
          Object.values(terms).reduce((sum, bits) => sum + bits, 0),
          rawSecretBits,
        );
        assert.equal(secretBits, Math.max(0, Math.floor(rawSecretBits)));
        near(
          epsilons.reduce((sum, { share }) => sum + share, 0),
          epsSec,
        );
        assert.ok(Object.values(terms).every(Number.isFinite));
        assert.equal(statement.proof, name);
      }
    }
  });

  it('of the repaired proofs: what is smoothed over counts twice its root, everything else once', () => {
    for (const name of repaired) {
      const { epsilons } = keyLength(name, { ...documentFor(name), detectorMismatch: 0.01 });
      for (const { event, probability, share } of epsilons) {
        near(share, event.startsWith('phase errors') ? 2 * Math.sqrt(probability) : probability);
      }
      assert.equal(new Set(epsilons.map(({ event }) => event)).size, epsilons.length);
    }
  });

  it('the price of privacy amplification and verification is in bits (P18)', () => {
    const { terms, epsilons } = keyLength('tilted', two);
    const hashed = epsilons.find(({ event }) => event === 'privacy amplification')!.probability;
    near(terms.privacyAmplification!, -2 * Math.log2(1 / (2 * hashed)));
    near(terms.verification!, -Math.log2(2 / 1e-15));
    assert.equal(terms.leak, -102_461);
  });
});

describe('phase errors', () => {
  const beta = Math.log(7e9);

  it('are what exact sampling leaves at the square of a share, with two decoys', () => {
    const { keySingles, testSingles, testSingleErrors } = tilted.bounds(two, beta);
    const [singles, tested, errors] = [Math.floor(keySingles), Math.floor(testSingles), Math.floor(testSingleErrors)];
    const { s1, phaseError } = keyLength('tilted', two);
    assert.equal(s1, singles);
    near(phaseError, unseenErrors(errors, tested, singles, -2 * beta) / singles);
  });

  it('with one decoy at half of that, and one more, since errors choose the sizes', () => {
    const { keySingles, testSingles, testSingleErrors } = tilted.bounds(one, beta);
    const [singles, tested, errors] = [
      Math.floor(keySingles),
      Math.floor(testSingles),
      Math.min(3456 + 484, Math.floor(testSingleErrors)),
    ];
    const unseen = unseenErrors(errors, tested, singles, -2 * beta - Math.LN2);
    near(keyLength('tilted', one).phaseError, (unseen + 1) / singles);
  });

  it('carry over from more to fewer, and from a smaller to a larger test, as the proof has it', () => {
    const small = fc.integer({ min: 1, max: 60 });
    fc.assert(
      fc.property(small, small, small, small, fc.double({ min: -30, max: -1, noNaN: true }), (v, s, a, b, logP) => {
        const [fewer, more] = [Math.min(a, b), Math.max(a, b)];
        const found = Math.min(v, s);
        const all = unseenErrors(found, s, more, logP) / more;
        const part = (unseenErrors(found, s, fewer, logP - Math.LN2) + 1) / fewer;
        assert.ok(fewer === more ? all <= part : all < part, `${all} ${part}`);
        assert.ok(unseenErrors(found, s + 1, more, logP) <= unseenErrors(found, s, more, logP));
      }),
      { numRuns: 2000 },
    );
  });

  it('of expectations lie between those of the counts around them', () => {
    const rate = (mZ: readonly number[]): number => keyLength('tilted', { ...two, mZ }).phaseError;
    assert.ok(rate([998.5, 88, 29]) > rate([998, 88, 29]) && rate([998.5, 88, 29]) < rate([1001, 88, 29]));
  });
});

describe('what Bob says (P1, arXiv:2307.00576)', () => {
  const bits = (change: Partial<DecoyDocument>, name: ProofName = 'tilted'): number =>
    keyLength(name, { ...two, ...change }).rawSecretBits;

  it('costs his bits one by one, and never more than the empty pulses', () => {
    const { s0 } = keyLength('tilted', two);
    assert.ok(s0 > 1000);
    near(bits({ bobBits: 0 }) - bits({ bobBits: 400 }), 400, 1e-9);
    near(bits({ bobBits: 0 }) - bits({ bobBits: 1e6 }), s0, 1e-9);
    assert.equal(bits({}), bits({ bobBits: 1e6 }));
    assert.equal(bits({}, 'tilted-one-way'), bits({ bobBits: 0 }));
  });

  it('costs nothing where no empty pulse is granted', () => {
    const clean = { nX: [940121, 59292, 0], mX: [9977, 881, 0] };
    assert.equal(keyLength('tilted', { ...two, ...clean }).s0, 0);
    assert.equal(bits(clean), bits({ ...clean, bobBits: 0 }));
  });

  it('one decoy: errors by intensity are said, too, which only empty pulses pay for', () => {
    const dark: DecoyDocument = { ...one, nX: [141_400, 39_000], mX: [35_000, 15_000] };
    const { s0, terms } = keyLength('tilted-one-way', dark);
    assert.ok(s0 > 0, `${s0}`);
    near(terms.twoWay!, -Math.min(s0, Math.log2(141_401 * 39_001)));
    assert.equal(keyLength('tilted', dark).terms.twoWay, -s0);
  });

  it('one message and two ways are told apart', () => {
    assert.throws(() => keyLength('tilted-one-way', { ...two, bobBits: 1 }), { field: 'bobBits' });
  });

  it('the leak that counts is the one disclosed, not f n h (P26), and each bit costs one', () => {
    for (const name of repaired) {
      const at = (leakBits: number): number => keyLength(name, { ...documentFor(name), leakBits }).rawSecretBits;
      near(at(1000) - at(3000), 2000, 1e-9);
    }
  });
});

describe('mismatch of detectors (P27)', () => {
  it('shrinks the key, the more the greater, and is not called a theorem', () => {
    let before = keyLength('tilted', two);
    assert.equal(before.rigorous, true);
    for (const detectorMismatch of [0.001, 0.01, 0.1]) {
      const now = keyLength('tilted', { ...two, detectorMismatch });
      assert.ok(now.rawSecretBits < before.rawSecretBits);
      assert.ok(now.s1 <= before.s1 * (1 - detectorMismatch / 2));
      assert.equal(now.rigorous, false);
      before = now;
    }
    assert.equal(keyLength('tilted', { ...two, detectorMismatch: 1 }).secretBits, 0);
  });
});

describe('no gain by', () => {
  const scaled = fc.record({
    name: fc.constantFrom('tilted' as const, 'tilted-one-way' as const, 'clopper-pearson' as const),
    scale: fc.double({ min: 0.02, max: 3, noNaN: true }),
    more: fc.integer({ min: 1, max: 300 }),
  });
  const times = (values: readonly number[], by: number): number[] => values.map((value) => Math.round(value * by));
  const block = (scale: number): DecoyDocument => ({
    ...two,
    nX: times(two.nX, scale),
    mX: times(two.mX, scale),
    nZ: times(two.nZ, scale),
    mZ: times(two.mZ, scale),
    leakBits: 0,
  });

  it('errors of signal and decoy in the test basis', () => {
    fc.assert(
      fc.property(scaled, ({ name, scale, more }) => {
        const document = block(scale);
        const [m1, m2, m3] = [document.mZ[0]!, document.mZ[1]!, document.mZ[2]!];
        const worse = { ...document, mZ: [Math.min(m1 + more, document.nZ[0]!), m2, m3] };
        // A hundredth of a percent: the multipliers are chosen anew.
        const bits = keyLength(name, document).rawSecretBits;
        assert.ok(keyLength(name, worse).rawSecretBits <= bits + 1e-4 * Math.abs(bits) + 1);
      }),
      { numRuns: 100 },
    );
  });

  it('a smaller eps', () => {
    fc.assert(
      fc.property(scaled, fc.integer({ min: 3, max: 60 }), ({ name, scale }, exponent) => {
        const at = (e: number): number => keyLength(name, { ...block(scale), epsSec: 10 ** -e }).rawSecretBits;
        const bits = at(exponent);
        assert.ok(at(exponent + 1) <= bits + 1e-4 * Math.abs(bits));
      }),
      { numRuns: 60 },
    );
  });

  it('whatever the counts: a whole number, never more than the key basis holds, and nothing is NaN', () => {
    const count = fc.oneof(fc.nat(30), fc.nat(1_000_000));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(count, count, fc.nat(100), fc.nat(100)), { minLength: 3, maxLength: 3 }),
        fc.constantFrom(...repaired),
        fc.boolean(),
        (rows, name, single) => {
          const used = single && name !== 'clopper-pearson' ? rows.slice(0, 2) : rows;
          const base = used.length === 2 ? one : two;
          const document: DecoyDocument = {
            ...base,
            nX: used.map(([n]) => n),
            mX: used.map(([n, , share]) => Math.floor((n * share) / 100)),
            nZ: used.map(([, n]) => n),
            mZ: used.map(([, n, , share]) => Math.floor((n * share) / 100)),
            leakBits: 0,
          };
          const statement = keyLength(name, document);
          for (const value of Object.values(statement))
            if (typeof value === 'number') assert.ok(Number.isFinite(value));
          assert.ok(Number.isInteger(statement.secretBits) && statement.secretBits >= 0);
          assert.ok(statement.secretBits <= used.reduce((sum, [n]) => sum + n, 0));
          assert.ok(statement.phaseError >= 0 && statement.phaseError <= 0.5);
        },
      ),
      { numRuns: 300 },
    );
  });
});
