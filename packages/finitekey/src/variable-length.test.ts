import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { unseenErrors } from './hypergeometric.ts';
import { type DecoyDocument, type KeyDocument, type KeyStatement, keyLength, PROOFS, type ProofName } from './index.ts';
import { binomial, uniform } from './sessions.ts';
import { oneDecoy as one, twoDecoys } from './test/documents.ts';
import { tilted } from './tilted.ts';

fc.configureGlobal({ seed: 2405 });

const two: DecoyDocument = {
  ...twoDecoys,
  nX: [940121, 59292, 587],
  mX: [9977, 881, 294],
  nZ: [94012, 5929, 59],
  mZ: [998, 88, 29],
  leakBits: 102_461,
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

  it('of every proof: a tag that is said costs its bits instead, so that leak and tag are what went over the wire', () => {
    for (const { name, protocol } of PROOFS) {
      const price = { epsSec: 1e-9, epsCor: 1e-15, leakBits: 16_000 };
      const document: KeyDocument =
        protocol === 'bbm92'
          ? { protocol, keyBits: 1e5, testBits: 1e5, testErrors: 2000, ...price }
          : { ...documentFor(name), ...price };
      const published = keyLength(name, document);
      const said = keyLength(name, { ...document, tagBits: 128 });
      near(published.terms.verification!, -Math.log2(2 / 1e-15));
      assert.equal(said.terms.leak! + said.terms.verification!, -(16_000 + 128));
      near(published.rawSecretBits - said.rawSecretBits, 128 - Math.log2(2 / 1e-15), 1e-8);
      const { leak, verification, ...rest } = said.terms;
      assert.deepEqual(rest, Object.fromEntries(Object.entries(published.terms).filter(([term]) => term in rest)));
      // Shorter than what epsCor needs, or no number.
      for (const tagBits of [50, 0, -128, Number.NaN, Number.POSITIVE_INFINITY, '128', null]) {
        assert.throws(
          () => keyLength(name, { ...document, tagBits } as KeyDocument),
          { field: 'tagBits' },
          `${tagBits}`,
        );
      }
      assert.equal(keyLength(name, { ...document, epsCor: 2 ** -127, tagBits: 128 }).terms.verification, -128);
    }
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

  it('costs his bits one by one, one more for the choice, and never more than the empty pulses and that', () => {
    const { s0 } = keyLength('tilted', two);
    assert.ok(s0 > 1000);
    near(bits({ bobBits: 0 }) - bits({ bobBits: 1 }), 2, 1e-6);
    near(bits({ bobBits: 0 }) - bits({ bobBits: 400 }), 401, 1e-9);
    near(bits({ bobBits: 0 }) - bits({ bobBits: 1e6 }), s0 + 1, 1e-9);
    // Left out, nothing was chosen by what was said.
    near(bits({}) - bits({ bobBits: 1e6 }), 1, 1e-6);
    assert.equal(bits({}, 'tilted-one-way'), bits({ bobBits: 0 }));
  });

  it('costs nothing where no empty pulse is granted', () => {
    const clean = { nX: [940121, 59292, 0], mX: [9977, 881, 0] };
    assert.equal(keyLength('tilted', { ...two, ...clean }).s0, 0);
    assert.equal(bits(clean), bits({ ...clean, bobBits: 0 }));
    assert.equal(bits(clean), bits({ ...clean, bobBits: 1000 }));
  });

  it('one decoy: errors by intensity are said, too, which only empty pulses pay for', () => {
    const dark: DecoyDocument = { ...one, nX: [141_400, 39_000], mX: [35_000, 15_000] };
    const { s0, terms } = keyLength('tilted-one-way', dark);
    assert.ok(s0 > 0, `${s0}`);
    near(terms.twoWay!, -Math.min(s0, Math.log2(141_401 * 39_001)));
    assert.equal(keyLength('tilted', dark).terms.twoWay, -s0);
  });

  it('one message: what Bob says after it, of failed frames and of the number of corrections, is charged alike', () => {
    const said = 10 + Math.ceil(Math.log2(1_000_001));
    near(keyLength('tilted-one-way', { ...two, bobBits: said }).terms.twoWay!, -(said + 1));
    near(bits({ bobBits: said }, 'tilted-one-way'), bits({ bobBits: said }));
    assert.equal(keyLength('tilted-one-way', two).terms.twoWay, -0);
  });
});

describe('counts of frames chosen by their errors', () => {
  it('make singles where there are none, with one decoy; those of all frames do not: why a failed frame stays in nX and mX', () => {
    const draw = uniform(5);
    const light = [0.5, 0.15].map((mu) => Math.exp(-mu) / 2);
    const bright = light[0]! / (light[0]! + light[1]!);
    // Nothing but empty pulses comes through, 400 frames of 2,500; those with more errors than the mean fail.
    const play = (): readonly [all: DecoyDocument, kept: DecoyDocument] => {
      const counts = { all: { n: [0, 0], m: [0, 0] }, kept: { n: [0, 0], m: [0, 0] } };
      for (let frame = 0; frame < 400; frame++) {
        const n1 = binomial(2500, bright, draw);
        const [m1, m2] = [binomial(n1, 0.5, draw), binomial(2500 - n1, 0.5, draw)];
        for (const { n, m } of m1 + m2 > 1250 ? [counts.all] : [counts.all, counts.kept]) {
          n[0]! += n1;
          n[1]! += 2500 - n1;
          m[0]! += m1;
          m[1]! += m2;
        }
      }
      const source = { ...one, intensities: [0.5, 0.15], probabilities: [0.5, 0.5] };
      const document = ({ n, m }: { n: number[]; m: number[] }) => ({ ...source, nX: n, mX: m, nZ: n, mZ: m });
      return [document(counts.all), document(counts.kept)];
    };
    let [honest, chosen] = [0, 0];
    for (let run = 0; run < 20; run++) {
      const [all, kept] = play();
      if (tilted.bounds(all, Math.log(7e9)).keySingles > 0) honest++;
      if (tilted.bounds(kept, Math.log(7e9)).keySingles > 0) chosen++;
    }
    assert.equal(honest, 0);
    assert.ok(chosen > 10, `${chosen}`);
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
