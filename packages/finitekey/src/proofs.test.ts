import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { STUDIED_LINKS } from './coverage.ts';
import {
  type DecoyDocument,
  FiniteKeyError,
  type KeyDocument,
  keyLength,
  PROOFS,
  type ProofName,
  proofNamed,
} from './index.ts';
import { phaseErrorBound } from './lim2014.ts';
import { playSession, strategyOf, uniform } from './sessions.ts';

/** Pure-function vectors: the Micius source. */
const vectors: DecoyDocument = {
  protocol: 'decoy-bb84',
  intensities: [0.8, 0.1, 0],
  probabilities: [0.5, 0.25, 0.25],
  nX: [9401211, 592918, 5871],
  mX: [99766, 8806, 2935],
  nZ: [940121, 59292, 587],
  mZ: [9977, 881, 294],
  epsSec: 1e-9,
  epsCor: 1e-15,
  efficiency: 1.16,
};

/** `skykey pass --scenario micius-2016-12-19 --seed 1`; of the errors in the key only the sum is known, spread as in the test. */
const micius: DecoyDocument = {
  ...vectors,
  nX: [841643, 52599, 371],
  mX: [3332, 361, 164],
  nZ: [841350, 52976, 340],
  mZ: [3358, 364, 165],
};

function scaled(document: DecoyDocument, by: number): DecoyDocument {
  const times = (values: readonly number[]): number[] => values.map((value) => Math.round(value * by));
  return {
    ...document,
    nX: times(document.nX),
    mX: times(document.mX),
    nZ: times(document.nZ),
    mZ: times(document.mZ),
  };
}

/** Smallest share of the block, in steps of a twentieth of a decade, from which on there is key. */
function threshold(name: ProofName, document: DecoyDocument): number {
  let by = 1;
  while (keyLength(name, scaled(document, by / 10 ** 0.05)).secretBits > 0) by /= 10 ** 0.05;
  return by;
}

describe('the registry', () => {
  it('names each proof once, with protocol, source and assumptions in sentences', () => {
    assert.equal(new Set(PROOFS.map(({ name }) => name)).size, PROOFS.length);
    for (const { source, assumptions, title } of PROOFS) {
      assert.ok(source.length > 20 && title.length > 10 && assumptions.length >= 4);
      for (const assumption of assumptions) assert.match(assumption, /^[A-Z].*\.$/s);
    }
    assert.throws(() => proofNamed('bb84'), { field: 'proof' });
  });

  it('calls rigorous only what has no approximate step (P15)', () => {
    const rigorous = PROOFS.filter((proof) => proof.rigorous).map(({ name }) => name);
    assert.deepEqual(rigorous, ['tilted', 'tilted-one-way', 'clopper-pearson', 'bbm92']);
  });

  it('a statement says what it rests on, and whether the leak is a model', () => {
    const modelled = keyLength('tilted', vectors);
    const counted = keyLength('tilted', { ...vectors, efficiency: undefined, leakBits: modelled.leakBits });
    assert.equal(modelled.rawSecretBits, counted.rawSecretBits);
    assert.ok(modelled.assumptions.some((sentence) => sentence.includes('f n h(E)')));
    assert.ok(!counted.assumptions.some((sentence) => sentence.includes('f n h(E)')));
    assert.ok(counted.assumptions.some((sentence) => sentence.includes('2307.00576')));
  });
});

describe('golden vectors through the contract', () => {
  it('(c): Hoeffding and Chernoff, to the bit', () => {
    const hoeffding = keyLength('lim2014-hoeffding', vectors);
    const chernoff = keyLength('lim2014-chernoff', vectors);
    assert.equal(hoeffding.secretBits, 2386882);
    assert.equal(chernoff.secretBits, 2745306);
    assert.ok(Math.abs(hoeffding.rawSecretBits - 2386882.7049450306) < 1e-5);
    assert.ok(Math.abs(chernoff.rawSecretBits - 2745306.384764341) < 1e-5);
    assert.ok(Math.abs(chernoff.s0 / 14944.595252853116 - 1) < 1e-12);
    assert.ok(Math.abs(chernoff.s1 / 4433049.575931586 - 1) < 1e-12);
    assert.ok(Math.abs(chernoff.phaseError / 0.022068396953092033 - 1) < 1e-12);
    assert.ok(Math.abs(hoeffding.leakBits / 1024610.8709700312 - 1) < 1e-12);
  });

  it('(c) with m^- clipped at 0 has the other value, and is not what is computed (P19)', () => {
    const { intensities, probabilities, mZ } = vectors;
    const beta = Math.log(21e9);
    const tau1 = intensities.reduce((sum, mu, k) => sum + probabilities[k]! * Math.exp(-mu) * mu, 0);
    const deviation = Math.sqrt((mZ.reduce((sum, m) => sum + m, 0) / 2) * beta);
    const upper = (Math.exp(0.1) / 0.25) * (mZ[1]! + deviation);
    const lower = (m: number): number => (1 / 0.25) * m;
    const clipped = (tau1 * (upper - lower(Math.max(0, mZ[2]! - deviation)))) / 0.1;
    const unclipped = (tau1 * (upper - lower(mZ[2]! - deviation))) / 0.1;
    assert.ok(Math.abs(clipped - 11137.387) < 5e-4, `${clipped}`);
    // Above all errors, whence the cap of the vector without clipping.
    assert.ok(unclipped > 11152);
    const [sZ, sX] = [381835.96799653047, 4281148.592396471];
    assert.ok(Math.abs(phaseErrorBound(clipped, sZ, sX, beta) - 0.0317066) < 5e-9);
    assert.equal(keyLength('lim2014-hoeffding', vectors).phaseError.toFixed(7), '0.0317464');
  });

  it('errors of empty pulses are half, as they must be for the bound to see them (P20)', () => {
    assert.ok(Math.abs(vectors.mZ[2]! / vectors.nZ[2]! - 0.5) < 0.01);
    // All intensities given the average rate: errors go to the bright pulses, and fewer are left for singles than there are.
    const average = 11152 / 1e6;
    const flat = { ...vectors, mZ: vectors.nZ.map((n) => n * average) };
    for (const name of ['tilted', 'clopper-pearson', 'lim2014-chernoff'] as const) {
      assert.ok(keyLength(name, flat).phaseError < keyLength(name, vectors).phaseError, name);
    }
    const draw = uniform(20);
    const link = { ...STUDIED_LINKS.twoDecoys, intensities: [0.6, 0.2, 0] };
    let [events, errors] = [0, 0];
    for (let session = 0; session < 200; session++) {
      const { counts } = playSession(link, strategyOf('honest', link), draw);
      events += counts.nX[2]!;
      errors += counts.mX[2]!;
    }
    assert.ok(events > 10_000 && Math.abs(errors / events - 0.5) < 3 / Math.sqrt(events));
  });
});

describe('Micius, 19 December 2016', () => {
  it('the default gives at least the key of Lim 2014, in either form', () => {
    for (const document of [vectors, micius]) {
      const { secretBits } = keyLength('tilted', document);
      for (const name of ['lim2014-hoeffding', 'lim2014-chernoff'] as const) {
        assert.ok(secretBits > keyLength(name, document).secretBits, name);
      }
      assert.ok(keyLength('clopper-pearson', document).secretBits > keyLength('lim2014-chernoff', document).secretBits);
    }
  });

  it('and a key from smaller blocks than Lim 2014 in either form', () => {
    for (const document of [vectors, micius]) {
      const from = threshold('tilted', document);
      assert.ok(from < threshold('clopper-pearson', document));
      assert.ok(from * 1.4 < threshold('lim2014-chernoff', document), `${from}`);
      assert.ok(from * 4 < threshold('lim2014-hoeffding', document), `${from}`);
    }
  });

  it('at equal eps it is never below Lim 2014 from 1e5 detections on', () => {
    for (const document of [vectors, micius]) {
      const all = document.nX.reduce((sum, n) => sum + n, 0);
      for (const n of [1e5, 3e5, 1e6, 3e6, 1e7, 1e8, 1e9]) {
        const block = scaled(document, n / all);
        const bits = (name: ProofName): number => keyLength(name, block).secretBits;
        assert.ok(bits('tilted') >= bits('lim2014-hoeffding'), `${n}`);
        // The Chernoff form counts empty pulses whatever Bob says (P1); told alike, it is below at any size.
        assert.ok(bits('tilted-one-way') >= bits('lim2014-chernoff'), `${n}`);
        if (n <= 1e7) assert.ok(bits('tilted') >= bits('lim2014-chernoff'), `${n}`);
      }
    }
  });
});

describe('documents that make no sense are refused with field and remedy', () => {
  const refused = (field: string, document: unknown, proof: ProofName = 'tilted'): void => {
    assert.throws(
      () => keyLength(proof, document as KeyDocument),
      (error) => error instanceof FiniteKeyError && error.field === field && error.message.length > field.length + 15,
      field,
    );
  };

  it('of any kind', () => {
    for (const value of [null, 3, 'text', [], undefined]) refused('document', value);
    refused('protocol', { ...vectors, protocol: 'bbm92' });
    refused('protocol', vectors, 'bbm92');
    refused('colour', { ...vectors, colour: 'red' });
    for (const eps of [0, 1, -1, Number.NaN, '1e-9', null]) {
      refused('epsSec', { ...vectors, epsSec: eps });
      refused('epsCor', { ...vectors, epsCor: eps });
    }
    refused('leakBits', { ...vectors, leakBits: 3 });
    refused('leakBits', { ...vectors, efficiency: undefined });
    refused('leakBits', { ...vectors, efficiency: undefined, leakBits: -1 });
    refused('efficiency', { ...vectors, efficiency: 0.9 });
  });

  it('of decoys', () => {
    for (const intensities of [[0.8], [0.1, 0.8, 0], [0.3, 0.2, 0.1], 'abc', [0.8, 0.1, -1]]) {
      refused('intensities', { ...vectors, intensities });
    }
    for (const probabilities of [
      [0.5, 0.5],
      [0.5, 0.5, 0],
      [0.5, 0.25, 0.2],
    ]) {
      refused('probabilities', { ...vectors, probabilities });
    }
    for (const field of ['nX', 'nZ', 'mX', 'mZ']) {
      for (const value of [[1, 2], [-1, 0, 0], undefined, [Number.NaN, 1, 1]])
        refused(field, { ...vectors, [field]: value });
    }
    refused('mX', { ...vectors, mX: [99766, 592919, 1] });
    refused('mZ', { ...vectors, mZ: [9977, 881, 588] });
    refused('nX', { ...vectors, nX: [1e13, 592918, 5871] });
    refused('detectorMismatch', { ...vectors, detectorMismatch: 1.5 });
    refused('detectorMismatch', { ...vectors, detectorMismatch: 0.1 }, 'lim2014-hoeffding');
    refused('bobBits', { ...vectors, bobBits: -1 });
    refused('intensities', vectors, 'rusca2018');
  });

  it('of pairs', () => {
    const pairs = {
      protocol: 'bbm92',
      keyBits: 1000,
      testBits: 1000,
      testErrors: 10,
      epsSec: 1e-9,
      epsCor: 1e-15,
      leakBits: 90,
    };
    refused('keyBits', { ...pairs, keyBits: 0.5 }, 'bbm92');
    refused('testErrors', { ...pairs, testErrors: 1001 }, 'bbm92');
    refused('keyErrors', { ...pairs, keyErrors: 1001 }, 'bbm92');
    refused('keyErrors', { ...pairs, leakBits: undefined, efficiency: 1.1 }, 'bbm92');
    assert.ok(
      keyLength('bbm92', { ...pairs, leakBits: undefined, efficiency: 1.1, keyErrors: 10 } as KeyDocument).leakBits >
        80,
    );
  });
});
