import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPass, type PassInput, simulate } from './engine.ts';
import { PhotonsError } from './error.ts';
import { expectedPass, expectedQberSignal } from './expected.ts';
import { interceptResend } from './intercept-resend.ts';
import { seededRandom } from './random.ts';
import { againstExpected } from './test/chi-square.ts';
import { binomialZ, tally } from './test/tally.ts';
import { type Adversary, Cause, Knowledge, type Receiver, type Source } from './types.ts';

const source: Source = {
  pulseRateHz: 1e8,
  intensities: [
    { name: 'signal', meanPhotons: 0.8, probability: 0.5 },
    { name: 'decoy', meanPhotons: 0.1, probability: 0.25 },
    { name: 'vacuum', meanPhotons: 0, probability: 0.25 },
  ],
  basisXProbability: 0.5,
};
const receiver: Receiver = { basisXProbability: 0.5, misalignment: 0.01, deadTimeNs: 0, jitterPs: 350, gateNs: 2 };

function link(misalignment: number, noise: number, bins = 60): PassInput {
  return {
    trace: {
      binS: 0.1,
      channelTransmittance: new Float64Array(bins).fill(8e-4),
      receiverTransmittance: 0.5,
      noisePerGate: new Float64Array(bins).fill(noise),
    },
    source,
    receiver: { ...receiver, misalignment },
    seed: 4,
  };
}

test('full intercept-resend on a perfect link makes a quarter of the sifted bits wrong', () => {
  const [signal] = tally(simulate({ ...link(0, 0), adversary: interceptResend(1) }), 3, seededRandom(1));
  assert.ok(signal!.matched > 40_000);
  assert.ok(Math.abs(binomialZ(signal!.errors, signal!.matched, 0.25)) < 4);
});

test('the error rate follows e (1 - f/2) + f/4, to the letter in the closed form with noise and multi-photon pulses', () => {
  for (const [misalignment, noise, fraction] of [
    [0.015, 0, 0.1],
    [0.03, 2e-6, 0.4],
    [0.01, 4e-7, 1],
  ] as const) {
    const pass = link(misalignment, noise);
    const counted = tally(simulate({ ...pass, adversary: interceptResend(fraction) }), 3, seededRandom(2));
    const exact = expectedPass({ ...pass, interceptedFraction: fraction });
    for (const [k, { slots, matched, errors }] of counted.entries()) {
      const expected = exact[k]!;
      assert.ok(Math.abs(slots - expected.detected) <= 4 * Math.sqrt(expected.detected));
      if (expected.matched > 0) {
        assert.ok(Math.abs(binomialZ(errors, matched, expected.matchedErrors / expected.matched)) < 4);
      }
    }
    const qber = expectedQberSignal({ ...pass, interceptedFraction: fraction });
    if (noise === 0) {
      const law = misalignment * (1 - fraction / 2) + fraction / 4;
      assert.ok(Math.abs(qber - law) < 2e-4);
    }
    // The attack stands out from the honest link by far more than chance.
    const { matched, errors } = counted[0]!;
    assert.ok(binomialZ(errors, matched, expectedQberSignal(pass)) > 10);
  }
});

test('the ledger: what Eve knows is so, and she knows half of what she touched', () => {
  let touched = 0;
  let known = 0;
  let agreeing = 0;
  let disagreeing = 0;
  let unknownRight = 0;
  let unknownMatched = 0;
  for (const bin of simulate({ ...link(0, 1e-6), adversary: interceptResend(0.5) })) {
    const { detections, emissions, truth } = bin;
    let sent = 0;
    for (let row = 0; row < detections.slot.length; row++) {
      while (emissions.slot[sent] !== detections.slot[row]) sent++;
      const full = truth.eveKnows[row] === Knowledge.full;
      if (truth.attacked[row] === 0) {
        assert.equal(truth.eveKnows[row], Knowledge.none);
        assert.notEqual(truth.cause[row], Cause.adversary);
        continue;
      }
      assert.notEqual(truth.cause[row], Cause.photon);
      if (truth.cause[row] !== Cause.adversary) continue;
      touched++;
      known += Number(full);
      const detector = detections.detector[row]!;
      if (detector >> 1 !== emissions.basis[sent]) continue;
      const right = (detector & 1) === emissions.bit[sent];
      // No misalignment here: where she measured as Alice prepared, Bob must find Alice's bit.
      if (full) {
        if (right) agreeing++;
        else disagreeing++;
      } else {
        unknownMatched++;
        unknownRight += Number(right);
      }
    }
  }
  assert.ok(touched > 40_000);
  assert.ok(Math.abs(binomialZ(known, touched, 0.5)) < 4);
  assert.ok(agreeing > 8000);
  assert.equal(disagreeing, 0);
  assert.ok(Math.abs(binomialZ(unknownRight, unknownMatched, 0.5)) < 4);
});

test('she knows nothing of a pulse that brought her no photon, and of noise clicks what she measured before', () => {
  // Detectors see nothing but noise, while plenty of photons reach her.
  const dark = link(0, 1e-4);
  const blind = { ...dark.trace, receiverTransmittance: 0, channelTransmittance: new Float64Array(60).fill(0.5) };
  const counts = [0, 0, 0].map(() => ({ clicks: 0, known: 0 }));
  for (const bin of simulate({ ...dark, trace: blind, bins: 4, adversary: interceptResend(1) })) {
    const { detections, emissions, truth } = bin;
    let row = 0;
    for (let i = 0; i < emissions.slot.length; i++) {
      while (detections.slot[row] !== emissions.slot[i]) row++;
      assert.equal(truth.cause[row], Cause.noise);
      const count = counts[emissions.intensity[i]!]!;
      count.clicks++;
      count.known += Number(truth.eveKnows[row] === Knowledge.full);
    }
  }
  assert.ok(counts[0]!.clicks > 5000);
  assert.ok(Math.abs(binomialZ(counts[0]!.known, counts[0]!.clicks, -Math.expm1(-0.4) / 2)) < 4);
  assert.ok(Math.abs(binomialZ(counts[1]!.known, counts[1]!.clicks, -Math.expm1(-0.05) / 2)) < 4);
  assert.ok(counts[2]!.clicks > 100);
  assert.equal(counts[2]!.known, 0);
});

test('an adversary may look at the photon number: blocked singles starve the decoys', () => {
  const greedy: Adversary = {
    name: 'multi-photon pulses only',
    visibility: 'D1',
    fraction: 1,
    responseGivenPhotons: (photons) => (photons < 2 ? 0 : 0.3),
    responseProbability: (mean) => 0.3 * (1 - Math.exp(-mean) * (1 + mean)),
    resend: (alice) => ({ ...alice, knowledge: Knowledge.full }),
  };
  // She owns a lossless channel to the satellite.
  const near = { ...link(0, 0, 4).trace, binS: 1e-3, channelTransmittance: new Float64Array(4).fill(1) };
  const photons = new Float64Array(2 * 12);
  const slots = [0, 0, 0];
  let pulses = 0;
  for (const bin of simulate({ ...link(0, 0), trace: near, adversary: greedy })) {
    pulses += bin.pulses;
    for (let i = 0; i < bin.emissions.slot.length; i++) {
      const k = bin.emissions.intensity[i]!;
      slots[k]!++;
      photons[k * 12 + Math.min(11, bin.truth.photons[i]!)]!++;
      assert.ok(bin.truth.photons[i]! >= 2);
      assert.equal(bin.truth.eveKnows[i], Knowledge.full);
    }
  }
  const gate = 0.3 * 0.995725;
  const expected = new Float64Array(24);
  for (const k of [0, 1]) {
    const { meanPhotons, probability } = source.intensities[k]!;
    let p = Math.exp(-meanPhotons);
    for (let n = 0; n < 12; n++) {
      if (n >= 2) expected[k * 12 + n] = pulses * probability * p * gate;
      p *= meanPhotons / (n + 1);
    }
  }
  assert.equal(slots[2], 0);
  assert.ok(againstExpected(photons, expected) < 4);
  const ratio = slots[1]! / 0.25 / (slots[0]! / 0.5);
  assert.ok(ratio < 0.03, `decoys answer ${ratio} times as often as signals`);
});

test('an adversary that contradicts itself is refused', () => {
  const pass = createPass(link(0, 0));
  const honest = interceptResend(0.5);
  for (const bad of [
    { ...honest, fraction: 1.5 },
    { ...honest, fraction: Number.NaN },
    { ...honest, responseProbability: () => 0.5 },
    { ...honest, responseProbability: () => Number.NaN },
    { ...honest, responseGivenPhotons: () => 2 },
  ]) {
    assert.throws(() => pass.next(bad), { code: 'photons/adversary' });
  }
  // A refused adversary costs no bin.
  assert.equal(pass.next(honest).bin, 0);
});

test('a share that is none is refused', () => {
  for (const fraction of [-0.1, 1.01, Number.NaN, Infinity]) {
    assert.throws(
      () => interceptResend(fraction),
      (error) => error instanceof PhotonsError && error.code === 'photons/adversary',
    );
  }
});

test('the attack on no pulse at all is no attack', () => {
  const pass = link(0.01, 1e-6, 5);
  assert.deepEqual([...simulate({ ...pass, adversary: interceptResend(0) })], [...simulate(pass)]);
});
