import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { binaryEntropy, FiniteKeyError, keyLength, lim2014, type OptimiseRequest, optimise } from './index.ts';
import { LinkModel } from './link-model.ts';
import { BEST_KNOWN_BITS, caseB, SATQUMA } from './test/case-b.ts';
import { uniform } from './test/link.ts';
import { randomLink, randomSearch } from './test/random-search.ts';

const price = { epsSec: 1e-9, epsCor: 1e-15, efficiency: 1.16 } as const;
const chernoff: Omit<OptimiseRequest, 'link'> = { proof: 'lim2014-chernoff', ...price };
const sum = (values: readonly number[]): number => values.reduce((whole, value) => whole + value, 0);
const fibre = { transmittance: 1e-3, pulses: 1e10, noise: 1e-6, misalignment: 0.01, afterPulsing: 0 };

describe('the yardstick: SatQuMA, case B with 6 dB more', () => {
  it("the model gives SatQuMA's counts and length at SatQuMA's setting, as near as a spline of the loss can", () => {
    const model = new LinkModel(caseB);
    const { keyBasis, intensities, probabilities } = SATQUMA;
    const counts = model.counts(210, {
      keyBasis: { sender: keyBasis, receiver: keyBasis },
      intensities,
      probabilities,
    });
    assert.equal(model.slices[210], 421);
    assert.ok(Math.abs(sum(counts.nX) / 4_869_597.23 - 1) < 1e-5);
    assert.ok(Math.abs(sum(counts.mX) / sum(counts.nX) - 0.00878322) < 1e-7);
    const { rawSecretBits } = keyLength('lim2014-chernoff', {
      protocol: 'decoy-bb84',
      intensities,
      probabilities,
      ...counts,
      ...price,
    });
    assert.ok(Math.abs(rawSecretBits / SATQUMA.secretBits - 1) < 1e-5, `${rawSecretBits}`);
  });

  it('is reached, with errors by intensity and with errors in proportion to detections', () => {
    const { document, statement, setting, slices, keyFromBlocks } = optimise({ link: caseB, ...chernoff });
    assert.ok(statement.secretBits >= BEST_KNOWN_BITS, `${statement.rawSecretBits}`);
    assert.ok(Math.abs(setting.keyBasis.sender - 0.8766) < 0.001);
    assert.ok(Math.abs(setting.intensities[0]! - 0.7007) < 0.002);
    assert.ok(slices >= 419 && slices <= 425);
    assert.equal(keyFromBlocks, 1);
    const triple = (values: readonly number[]) => values as unknown as readonly [number, number, number];
    const { nX, mX, nZ, mZ } = document;
    const { rawSecretBits } = lim2014({
      counts: {
        meanPhotons: triple(document.intensities),
        probabilities: triple(document.probabilities),
        keyDetections: triple(nX),
        testDetections: triple(nZ),
        testErrors: triple(nZ.map((n) => (n * sum(mZ)) / sum(nZ))),
      },
      leakedBits: 1.16 * sum(nX) * binaryEntropy(sum(mX) / sum(nX)),
      epsSec: 1e-9,
      epsCor: 1e-15,
      bound: 'chernoff',
    });
    assert.ok(rawSecretBits >= BEST_KNOWN_BITS, `${rawSecretBits}`);
  });
});

describe('no false zero (P29)', () => {
  it('where a dense random search finds a key, so does the optimiser, and not a worse one', () => {
    const random = uniform(29);
    let keys = 0;
    let zeros = 0;
    for (let i = 0; i < 24; i++) {
      const link = randomLink(random);
      const { statement, keyFromBlocks } = optimise({ link, ...chernoff });
      const judged = randomSearch(link, { proof: 'lim2014-chernoff', decoys: 2, points: 600 }, random);
      if (statement.secretBits > 0) keys++;
      else zeros++;
      assert.equal(statement.secretBits > 0, keyFromBlocks === 1);
      assert.ok(statement.rawSecretBits >= judged * 0.999 - 1 || judged < 1, `link ${i}: ${judged} bits`);
    }
    assert.ok(keys >= 5 && zeros >= 5, `${keys} keys, ${zeros} zeros`);
  });

  it('just above the size of block that a zero is said to need there is key, and just below there is none', () => {
    for (const [proof, pulses] of [
      ['lim2014-chernoff', 1e7],
      ['lim2014-hoeffding', 1e7],
      ['rusca2018', 1e7],
    ] as const) {
      const at = (blocks: number) => optimise({ ...price, proof, link: { ...fibre, pulses: pulses * blocks } });
      const { statement, keyFromBlocks } = at(1);
      assert.equal(statement.secretBits, 0);
      assert.ok(keyFromBlocks! > 1, proof);
      assert.ok(at(keyFromBlocks! * 1.03).statement.secretBits > 0, proof);
      assert.equal(at(keyFromBlocks! * 0.95).statement.secretBits, 0, proof);
    }
  });

  it('says so where no block would bring any', () => {
    const { statement, keyFromBlocks } = optimise({ link: { ...fibre, misalignment: 0.15 }, ...chernoff });
    assert.equal(statement.secretBits, 0);
    assert.equal(keyFromBlocks, null);
  });
});

describe('the optimum', () => {
  it('is the statement of the proof for the document beside it, and the same every time', () => {
    const one = optimise({ link: fibre, ...chernoff });
    assert.deepEqual(one.statement, keyLength('lim2014-chernoff', one.document));
    assert.deepEqual(optimise({ link: fibre, ...chernoff }), one);
  });

  it('of the default proof is above that of Lim et al., which it begins from', () => {
    const best = optimise({ link: fibre, ...price, proof: 'tilted' }).statement.secretBits;
    assert.ok(best > optimise({ link: fibre, ...chernoff }).statement.secretBits);
  });

  it('has two intensities with one decoy', () => {
    const { setting, statement } = optimise({ link: fibre, ...price, proof: 'rusca2018' });
    assert.equal(setting.intensities.length, 2);
    assert.ok(Math.abs(sum(setting.probabilities) - 1) < 1e-12);
    assert.ok(statement.secretBits > 0);
  });

  it('keeps what devices decide: the weakest intensity and the beam splitter of the receiver', () => {
    const free = optimise({ link: fibre, ...chernoff });
    const bound = optimise({ link: fibre, ...chernoff, weakest: 0.002, receiverKeyBasis: 0.5 });
    assert.equal(bound.setting.intensities[2], 0.002);
    assert.equal(bound.setting.keyBasis.receiver, 0.5);
    assert.ok(bound.statement.secretBits > 0 && bound.statement.secretBits < free.statement.secretBits);
    assert.equal(free.setting.keyBasis.sender, free.setting.keyBasis.receiver);
  });

  it('leaves out slices that would cost more than they bring', () => {
    const transmittance = [...new Array(50).fill(1e-3), ...new Array(50).fill(1e-7)] as number[];
    const { slices, threshold } = optimise({ link: { ...fibre, transmittance, pulses: 1e8 }, ...chernoff });
    assert.equal(slices, 50);
    assert.equal(threshold, 1e-3);
  });

  it('is refused by name where the question makes no sense', () => {
    for (const [field, change] of [
      ['proof', { proof: 'none' as 'tilted' }],
      ['proof', { proof: 'bbm92' }],
      ['decoys', { decoys: 1 }],
      ['decoys', { decoys: 3 as 2 }],
      ['weakest', { weakest: -1 }],
      ['weakest', { proof: 'rusca2018', weakest: 0.01 }],
      ['receiverKeyBasis', { receiverKeyBasis: 1 }],
      ['epsSec', { epsSec: 0 }],
      ['efficiency', { efficiency: 0.5 }],
      ['detectorMismatch', { detectorMismatch: 0.1 }],
      ['link.noise', { link: { ...fibre, noise: -1 } }],
    ] as const) {
      assert.throws(
        () => optimise({ link: fibre, ...chernoff, ...change }),
        (error) => error instanceof FiniteKeyError && error.field === field,
        field,
      );
    }
  });
});
