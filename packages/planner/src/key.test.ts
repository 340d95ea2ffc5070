import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { binaryEntropy, type DecoyDocument, keyLength, PROOFS } from '@skykey/finitekey';
import { createEvents, expectedPass, gatedDetections, type Receiver, type Source, seededRandom } from '@skykey/photons';
import { DECOY_PROOFS } from '@skykey/scenario';
import { blockKey, clippedMean, type KeyRules, keySpread } from './key.ts';
import { type Arm, CELLS, Cell, decoyRates, pairRates } from './rates.ts';

const source: Source = {
  pulseRateHz: 1e8,
  intensities: [
    { name: 'signal', meanPhotons: 0.8, probability: 0.5 },
    { name: 'decoy', meanPhotons: 0.1, probability: 0.25 },
    { name: 'vacuum', meanPhotons: 0, probability: 0.25 },
  ],
  basisXProbability: 0.6,
};
const receiver: Receiver = { basisXProbability: 0.7, misalignment: 0.004, deadTimeNs: 50, jitterPs: 350, gateNs: 2 };
const arm: Arm = { transmittance: 1e-4, detectorEfficiency: 0.5, noiseHz: 175, receiver };
const decoyRules: KeyRules = {
  kind: 'decoy',
  meanPhotons: [0.8, 0.1, 0],
  probabilities: [0.5, 0.25, 0.25],
  epsSec: 1e-9,
  epsCor: 1e-15,
  proof: 'tilted',
  reconciliationEfficiency: 1.16,
};
const pairRules: KeyRules = { ...decoyRules, kind: 'pairs', proof: 'bbm92', epsSec: 1e-10, epsCor: 1e-10 };

const scaled = (rates: Float64Array, s: number): Float64Array => rates.map((x) => x * s);

/** Poisson by inversion below 50, by the rounded normal above: good enough to judge a spread by. */
function drawn(expected: Float64Array, uniform: () => number): Float64Array {
  return expected.map((mean) => {
    if (mean >= 50) {
      const normal = Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
      return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal));
    }
    let n = 0;
    for (let product = uniform(); product > Math.exp(-mean); product *= uniform()) n++;
    return n;
  });
}

describe('decoy rates', () => {
  it('add up to what `expectedPass` says of the same link, dead time aside', () => {
    const rates = new Float64Array(12);
    decoyRates(source, { ...arm, receiver: { ...receiver, deadTimeNs: 0 } }, 0, rates);
    const noisePerGate = 175 * 2e-9;
    const whole = expectedPass({
      trace: {
        binS: 1,
        channelTransmittance: Float64Array.of(1e-4),
        receiverTransmittance: 0.5,
        noisePerGate: Float64Array.of(noisePerGate),
      },
      source,
      receiver,
    });
    for (const [k, { matched, matchedErrors }] of whole.entries()) {
      const [keyRight, keyWrong, testRight, testWrong] = rates.subarray(CELLS * k, CELLS * k + CELLS);
      assert.ok(Math.abs((keyRight! + keyWrong! + testRight! + testWrong!) / matched - 1) < 1e-12);
      assert.ok(Math.abs((keyWrong! + testWrong!) / matchedErrors - 1) < 1e-12);
    }
    // Both chose X with 0.6 x 0.7, both Z with 0.4 x 0.3; noise is alike in all detectors.
    const quiet: Arm = { ...arm, noiseHz: 0 };
    decoyRates(source, quiet, 0, rates);
    assert.ok(Math.abs(rates[0]! / rates[2]! / ((0.6 * 0.7) / (0.4 * 0.3)) - 1) < 1e-3);
  });

  it('are what the photon engine counts on a bright link, dead time and all', () => {
    const bright: Arm = { ...arm, transmittance: 0.02, receiver: { ...receiver, deadTimeNs: 1000 } };
    const rates = new Float64Array(12);
    const dead = decoyRates(source, bright, 0, rates);
    assert.ok(dead > 0.05 && dead < 0.2, `${dead}`);
    const bins = 10;
    const binS = 0.1;
    const engine = createEvents({
      trace: {
        binS,
        channelTransmittance: new Float64Array(bins).fill(bright.transmittance),
        receiverTransmittance: 0.5,
        noisePerGate: new Float64Array(bins).fill(175 * 2e-9),
      },
      source,
      receiver: bright.receiver,
      seed: 5,
    });
    // Rows of one slot are settled by the first here: double clicks are 1 in 1000 and belong to either side.
    const counted = new Float64Array(12);
    for (let bin = 0; bin < bins; bin++) {
      const { detections, emissions } = gatedDetections(engine.next(), bright.receiver.gateNs);
      let row = 0;
      for (let i = 0; i < detections.slot.length; i++) {
        if (i > 0 && detections.slot[i] === detections.slot[i - 1]) continue;
        while (emissions.slot[row]! < detections.slot[i]!) row++;
        const basis = detections.detector[i]! >> 1;
        if (emissions.basis[row] !== basis) continue;
        const wrong = (detections.detector[i]! & 1) ^ emissions.bit[row]!;
        counted[CELLS * emissions.intensity[row]! + 2 * basis + wrong]!++;
      }
    }
    for (const cell of [0, 2, 4, 6]) {
      const expected = rates[cell]! * bins * binS;
      const off = Math.abs(counted[cell]! - expected);
      assert.ok(off < 5 * Math.sqrt(expected) + 0.01 * expected, `cell ${cell}: ${counted[cell]} for ${expected}`);
    }
  });

  it('lose what the monitor takes, and nothing else', () => {
    const all = new Float64Array(12);
    const rest = new Float64Array(12);
    decoyRates(source, arm, 0, all);
    decoyRates(source, arm, 1 / 32, rest);
    for (const [cell, rate] of all.entries()) assert.ok(Math.abs(rest[cell]! - (rate * 31) / 32) <= 1e-12 * rate);
  });
});

describe('pair rates', () => {
  const pairReceiver: Receiver = { ...receiver, basisXProbability: 0.5, misalignment: 0, deadTimeNs: 0, gateNs: 2.5 };
  const pairArm: Arm = { ...arm, receiver: pairReceiver };
  const errorRate = (rates: Float64Array): number =>
    (rates[Cell.keyWrong]! + rates[Cell.testWrong]!) / rates.reduce((sum, x) => sum + x, 0);

  it('without noise and misalignment have the error rate (1 - V) / 2', () => {
    const quiet: Arm = { ...pairArm, noiseHz: 0 };
    const rates = new Float64Array(4);
    pairRates({ pairRateHz: 1000, visibility: 0.838 }, quiet, quiet, rates);
    assert.ok(Math.abs(errorRate(rates) - 0.081) < 1e-4, `${errorRate(rates)}`);
  });

  it('are symmetric in the arms and half sifted by equal bases', () => {
    const other: Arm = { ...pairArm, transmittance: 3e-5, noiseHz: 525 };
    const one = new Float64Array(4);
    const two = new Float64Array(4);
    pairRates({ pairRateHz: 1e7, visibility: 0.9 }, pairArm, other, one);
    pairRates({ pairRateHz: 1e7, visibility: 0.9 }, other, pairArm, two);
    for (const cell of [0, 1, 2, 3]) assert.ok(Math.abs(one[cell]! / two[cell]! - 1) < 1e-12);
    const accidental = (500 + 4 * 175) * (150 + 4 * 525) * 2.5e-9;
    const pairs = 2 * one.reduce((sum, x) => sum + x, 0) - accidental;
    // What the jitter of both receivers, 495 ps, leaves in a window of 2.5 ns.
    assert.ok(Math.abs(pairs / (1e7 * 1e-4 * 3e-5 * 0.25) - 0.98842) < 1e-4, `${pairs}`);
  });

  it('make a share R tau of accidentals by themselves, R pairs in a second', () => {
    const quiet: Arm = { ...pairArm, noiseHz: 0 };
    const rates = new Float64Array(4);
    pairRates({ pairRateHz: 5.9e6, visibility: 1 }, quiet, quiet, rates);
    const share = (5.9e6 * 2.5e-9) / 0.98842;
    assert.ok(Math.abs(errorRate(rates) / (share / 2 / (1 + share)) - 1) < 1e-4);
  });

  it('split by the basis that each detector belongs to: noise does not know how the light is shared', () => {
    const uneven: Arm = { ...pairArm, receiver: { ...pairReceiver, basisXProbability: 0.9 } };
    const rates = new Float64Array(4);
    pairRates({ pairRateHz: 0, visibility: 1 }, uneven, uneven, rates);
    const each = ((2 * 175) ** 2 * 2.5e-9) / 2;
    for (const cell of [0, 1, 2, 3]) assert.ok(Math.abs(rates[cell]! / each - 1) < 1e-12, `cell ${cell}`);
    // Light: 0.9 and 0.1 of it; two singles of 500/s each.
    pairRates({ pairRateHz: 1e7, visibility: 1 }, { ...uneven, noiseHz: 0 }, { ...uneven, noiseHz: 0 }, rates);
    const right = 1e7 * (1e-4 * 0.5) ** 2 * 0.98842;
    const accidental = 500 * 500 * 2.5e-9;
    assert.ok(Math.abs((rates[0]! + rates[1]!) / (0.81 * (right + accidental)) - 1) < 1e-4);
    assert.ok(Math.abs((rates[2]! + rates[3]!) / (0.01 * (right + accidental)) - 1) < 1e-4);
  });

  it('drown in accidentals when the sky is bright', () => {
    const rates = new Float64Array(4);
    const bright: Arm = { ...pairArm, noiseHz: 1.25e6 };
    pairRates({ pairRateHz: 5.9e6, visibility: 0.95 }, bright, bright, rates);
    assert.ok(errorRate(rates) > 0.49);
  });
});

describe('block key', () => {
  const rates = new Float64Array(12);
  decoyRates(source, { ...arm, noiseHz: 25 }, 0, rates);
  const counts = scaled(rates, 250);

  it('of a fragment is less than its share: finite keys are not pro rata', () => {
    const whole = blockKey(decoyRules, counts).rawSecretBits;
    assert.ok(whole > 10_000, `${whole}`);
    for (const share of [0.8, 0.5, 0.2]) {
      assert.ok(blockKey(decoyRules, scaled(counts, share)).rawSecretBits < share * whole);
    }
    assert.equal(blockKey(decoyRules, scaled(counts, 1e-4)).secretBits, 0);
  });

  it('is what a session makes less what its three tags used up, and never less than nothing', () => {
    const whole = counts.map(Math.round);
    const each = (...cells: number[]) =>
      [0, 1, 2].map((k) => cells.reduce((n, cell) => n + whole[CELLS * k + cell]!, 0));
    for (const proof of DECOY_PROOFS) {
      const { siftedBits, qber, rawSecretBits, secretBits } = blockKey({ ...decoyRules, proof }, whole);
      // What a session hands over: counts, bits that were disclosed, the tag of 128 bits.
      const counted: DecoyDocument = {
        protocol: 'decoy-bb84',
        intensities: [0.8, 0.1, 0],
        probabilities: [0.5, 0.25, 0.25],
        nX: each(0, 1),
        mX: each(1),
        nZ: each(2, 3),
        mZ: each(3),
        epsSec: 1e-9,
        epsCor: 1e-15,
        leakBits: 1.16 * siftedBits * binaryEntropy(qber),
        tagBits: 128,
      };
      const made = keyLength(proof, counted);
      assert.ok(Math.abs(made.rawSecretBits - rawSecretBits - 3 * 128) < 1e-6, proof);
      assert.equal(secretBits, Math.max(0, Math.floor(rawSecretBits)));
    }
    const key = blockKey(pairRules, Float64Array.of(5000, 100, 5000, 100));
    const leakBits = 1.16 * 5100 * binaryEntropy(100 / 5100);
    const pairs = {
      protocol: 'bbm92',
      keyBits: 5100,
      testBits: 5100,
      testErrors: 100,
      leakBits,
      tagBits: 128,
    } as const;
    const made = keyLength('bbm92', { ...pairs, epsSec: 1e-10, epsCor: 1e-10 });
    assert.ok(Math.abs(made.rawSecretBits - key.rawSecretBits - 3 * 128) < 1e-6);
  });

  it('of expectations grows evenly with them, but for the bits of one phase error more or less', () => {
    const at = (scale: number): number => blockKey(decoyRules, scaled(counts, scale)).rawSecretBits;
    const steps = Array.from({ length: 40 }, (_, i) => at(1 + (i + 1) / 1000) - at(1 + i / 1000));
    assert.ok(Math.max(...steps) - Math.min(...steps) < 12 && Math.min(...steps) > 50, `${steps}`);
  });

  it('says its error rate, bits, proof and what that takes for granted, a model of the leak among it', () => {
    const key = blockKey(decoyRules, counts);
    assert.ok(key.qber > 0.004 && key.qber < 0.02, `${key.qber}`);
    assert.equal(key.proof, 'tilted');
    assert.ok(key.gaps.some((gap) => /expectations/.test(gap)) && key.gaps.some((gap) => /leak is a model/.test(gap)));
    assert.equal(blockKey(pairRules, Float64Array.of(5000, 100, 5000, 100)).proof, 'bbm92');
  });

  it('is asked for by the proofs that a scenario may name: all there are for three intensities', () => {
    const three = PROOFS.filter(({ intensities }) => intensities.includes(3)).map(({ name }) => name);
    assert.deepEqual([...DECOY_PROOFS], three);
  });

  for (const [name, rules, expected] of [
    ['decoy', decoyRules, counts],
    ['pairs', pairRules, Float64Array.of(19_000, 600, 19_000, 600)],
  ] as const) {
    it(`has the spread of drawn counts, and their mean (${name})`, () => {
      const random = seededRandom(3);
      const draws = 3000;
      let sum = 0;
      let squares = 0;
      for (let n = 0; n < draws; n++) {
        const bits = blockKey(
          rules,
          drawn(expected, () => random.uniform()),
        ).rawSecretBits;
        sum += bits;
        squares += bits * bits;
      }
      const mean = sum / draws;
      const sd = Math.sqrt(squares / draws - mean * mean);
      const spread = keySpread(rules, expected);
      assert.ok(Math.abs(spread / sd - 1) < 0.06, `${spread} against ${sd}`);
      const { rawSecretBits } = blockKey(rules, expected);
      // The second order of a bound that bends: a twentieth of the spread at this size.
      assert.ok(Math.abs(mean - rawSecretBits) < 0.15 * sd, `${mean} against ${rawSecretBits}, sd ${sd}`);
    });
  }

  it('of nothing is nothing', () => {
    assert.equal(blockKey(decoyRules, new Float64Array(12)).secretBits, 0);
    assert.equal(blockKey(pairRules, new Float64Array(4)).secretBits, 0);
    assert.equal(keySpread(decoyRules, new Float64Array(12)), 0);
  });
});

describe('clippedMean', () => {
  it('is half the mean absolute deviation at zero, and the mean far above it', () => {
    assert.ok(Math.abs(clippedMean(0, 1) - 1 / Math.sqrt(2 * Math.PI)) < 1e-7);
    assert.ok(Math.abs(clippedMean(1, 1) - 1.0833154706) < 3e-7);
    assert.equal(clippedMean(100, 1), 100);
    assert.equal(clippedMean(-100, 1), 0);
    assert.equal(clippedMean(-3, 0), 0);
  });
});
