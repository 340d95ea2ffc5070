import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createPass, type PassInput, simulate } from './engine.ts';
import { PhotonsError } from './error.ts';
import { expectedPass } from './expected.ts';
import { gateTransmission } from './gate.ts';
import { interceptResend } from './intercept-resend.ts';
import { seededRandom } from './random.ts';
import { againstExpected } from './test/chi-square.ts';
import { binomialZ, tally } from './test/tally.ts';
import { Cause, type LinkTrace, type PhotonBin, type Receiver, type Source } from './types.ts';

const micius: Source = {
  pulseRateHz: 1e8,
  intensities: [
    { name: 'signal', meanPhotons: 0.8, probability: 0.5 },
    { name: 'decoy', meanPhotons: 0.1, probability: 0.25 },
    { name: 'vacuum', meanPhotons: 0, probability: 0.25 },
  ],
  basisXProbability: 0.5,
};
const ground: Receiver = { basisXProbability: 0.5, misalignment: 0.01, deadTimeNs: 0, jitterPs: 350, gateNs: 2 };

function steady(bins: number, channel: number, noise: number, binS = 0.1, receiverTransmittance = 0.5): LinkTrace {
  return {
    binS,
    channelTransmittance: new Float64Array(bins).fill(channel),
    receiverTransmittance,
    noisePerGate: new Float64Array(bins).fill(noise),
  };
}

const passing: PassInput = {
  trace: {
    binS: 0.1,
    channelTransmittance: Float64Array.from({ length: 200 }, (_, bin) => 1e-3 * Math.sin((bin * Math.PI) / 200) ** 2),
    receiverTransmittance: 0.5,
    noisePerGate: Float64Array.from({ length: 200 }, (_, bin) => 2e-6 * (1 + bin / 200)),
  },
  source: micius,
  receiver: ground,
  seed: 20161219,
};

test('clicks, matches, errors and double clicks of each intensity are as many as the closed forms say', () => {
  const input = { ...passing, source: { ...micius, basisXProbability: 0.8 } };
  const counted = tally(simulate(input), 3, seededRandom(1));
  for (const [k, expected] of expectedPass(input).entries()) {
    const { slots, matched, errors, doubleClicks } = counted[k]!;
    assert.ok(Math.abs(slots - expected.detected) < 4 * Math.sqrt(expected.detected), `${expected.name} ${slots}`);
    assert.ok(Math.abs(matched - expected.matched) < 4 * Math.sqrt(expected.matched));
    assert.ok(Math.abs(errors - expected.matchedErrors) < 4 * Math.sqrt(expected.matchedErrors));
    assert.ok(Math.abs(doubleClicks - expected.doubleClicks) < 4 * Math.sqrt(expected.doubleClicks) + 1);
  }
  const vacuum = counted[2]!;
  assert.ok(vacuum.matched > 3000);
  assert.ok(Math.abs(binomialZ(vacuum.errors, vacuum.matched, 0.5)) < 4);
});

test('double clicks at a bright receiver are as many as the closed form says', () => {
  const input = { ...passing, trace: steady(20, 0.05, 1e-3, 0.001) };
  const counted = tally(simulate(input), 3, seededRandom(1));
  for (const [k, expected] of expectedPass(input).entries()) {
    const sigma = Math.sqrt(expected.doubleClicks + 1);
    assert.ok(expected.doubleClicks > 1 && Math.abs(counted[k]!.doubleClicks - expected.doubleClicks) < 4 * sigma);
  }
});

test('Micius: without noise 8/17 of the detections are basis-matched signal', () => {
  const counted = tally(simulate({ ...passing, trace: steady(200, 4e-4, 0) }), 3, seededRandom(2));
  const detections = counted.reduce((sum, { slots }) => sum + slots, 0);
  assert.ok(detections > 150_000);
  assert.ok(Math.abs(binomialZ(counted[0]!.matched, detections, 8 / 17)) < 4);
});

test('photon numbers of clicked pulses follow the posterior, honest or attacked', () => {
  const channel = 0.05;
  const noise = 2e-3;
  const fraction = 0.3;
  const receiver: Receiver = { ...ground, jitterPs: 700 };
  const gate = gateTransmission(receiver);
  const source = { ...micius, intensities: micius.intensities.map((i) => ({ ...i, meanPhotons: 3 * i.meanPhotons })) };
  const input = { trace: steady(100, channel, noise, 0.001), source, receiver, seed: 5 };
  const longest = 14;
  const observed = new Float64Array(3 * 2 * longest);
  let pulses = 0;
  let silent = 0;
  for (const bin of simulate({ ...input, adversary: interceptResend(fraction) })) {
    pulses += bin.pulses;
    silent += bin.pulses - bin.emissions.slot.length;
    let row = 0;
    for (let i = 0; i < bin.emissions.slot.length; i++) {
      while (bin.detections.slot[row] !== bin.emissions.slot[i]) row++;
      const photons = Math.min(bin.truth.photons[row]!, longest - 1);
      observed[(bin.emissions.intensity[i]! * 2 + bin.truth.attacked[row]!) * longest + photons]!++;
    }
  }
  // Bayes over n photons at the exit: each is lost or seen by itself; one that Eve has measured stands for all.
  const expected = new Float64Array(observed.length);
  const dark = Math.exp(-4 * noise);
  let all = 0;
  for (const [k, { meanPhotons, probability }] of source.intensities.entries()) {
    let poisson = Math.exp(-meanPhotons);
    for (let n = 0; n < 60; n++) {
      const honest = 1 - (1 - channel * 0.5 * gate) ** n * dark;
      const attacked = 1 - (1 - (1 - (1 - channel) ** n) * 0.5 * gate) * dark;
      const cell = k * 2 * longest + Math.min(n, longest - 1);
      expected[cell]! += pulses * probability * (1 - fraction) * poisson * honest;
      expected[cell + longest]! += pulses * probability * fraction * poisson * attacked;
      poisson *= meanPhotons / (n + 1);
    }
  }
  for (const e of expected) all += e;
  assert.ok(expected.filter((e) => e > 8).length > 25);
  assert.ok(Math.abs(pulses - silent - all) < 4 * Math.sqrt(all));
  assert.ok(againstExpected(observed, expected) < 4);
});

test('a bright pulse has at most the 255 photons that the column can hold', () => {
  const source = { ...micius, intensities: [{ name: 'beacon', meanPhotons: 300, probability: 1 }] };
  const [bin] = simulate({ ...passing, source, trace: steady(1, 1e-3, 0, 1e-4) });
  assert.ok(bin!.truth.photons.length > 1000);
  assert.ok(bin!.truth.photons.every((n) => n > 200));
  assert.ok(bin!.truth.photons.filter((n) => n === 255).length > bin!.truth.photons.length / 2);
});

test('every pulse clicks once when none can fail to', () => {
  const source = { ...micius, intensities: [{ name: 'bright', meanPhotons: 100, probability: 1 }] };
  const trace = steady(2, 1, 10, 1e-5, 1);
  const bins = [...simulate({ trace, source, receiver: { ...ground, jitterPs: 0 }, seed: 1 })];
  assert.deepEqual(
    bins.flatMap((bin) => [...bin.emissions.slot]),
    Array.from({ length: 2000 }, (_, slot) => slot),
  );
  assert.ok(bins.every((bin) => bin.detections.slot.length > 3.9 * bin.pulses));
});

test('light that cannot be and noise that is not leave an empty bin', () => {
  for (const trace of [steady(2, 0, 0), steady(2, 1e-3, 0, 0.1, 0)]) {
    for (const bin of simulate({ ...passing, trace, adversary: interceptResend(1) })) {
      assert.equal(bin.detections.slot.length + bin.emissions.slot.length + bin.truth.cause.length, 0);
    }
  }
});

test('causes: photons alone without noise, noise alone without light', () => {
  for (const bin of simulate({ ...passing, trace: steady(3, 1e-3, 0) })) {
    assert.ok(bin.truth.cause.length > 0 && bin.truth.cause.every((cause) => cause === Cause.photon));
    assert.ok(bin.truth.photons.every((photons) => photons >= 1));
  }
  for (const bin of simulate({ ...passing, trace: steady(3, 0, 1e-4) })) {
    assert.ok(bin.truth.cause.length > 0 && bin.truth.cause.every((cause) => cause === Cause.noise));
  }
});

test('the gate loses as much as erf says, and keeps what it keeps within it', () => {
  for (const [jitterPs, gateNs] of [
    [350, 2],
    [350, 0.4],
    [900, 1.2],
  ] as const) {
    const receiver = { ...ground, jitterPs, gateNs };
    let clicks = 0;
    let square = 0;
    let pulses = 0;
    for (const bin of simulate({ ...passing, receiver, trace: steady(20, 1e-3, 0) })) {
      pulses += bin.pulses;
      clicks += bin.detections.slot.length;
      for (const offset of bin.detections.offsetPs) {
        assert.ok(Math.abs(offset) <= gateNs * 500);
        square += offset ** 2;
      }
    }
    // Mean and variance of a cut-off normal distribution, from its density and erf.
    const z = (gateNs * 500) / jitterPs;
    const kept = gateTransmission(receiver);
    const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
    const variance = jitterPs ** 2 * (1 - (2 * z * density) / kept);
    const expected = pulses * 1e-3 * 0.5 * (0.5 * 0.8 + 0.25 * 0.1) * kept;
    assert.ok(Math.abs(clicks - expected) < 4 * Math.sqrt(expected) + 1e-3 * expected);
    assert.ok(Math.abs(square / clicks / variance - 1) < 4 * Math.sqrt(2 / clicks) + 0.002);
  }
});

test('of several counts in a gate the earliest is the click', () => {
  const mean = 2;
  const cells = 20;
  const observed = new Float64Array(cells);
  let clicks = 0;
  for (const { detections } of simulate({ ...passing, trace: steady(1, 0, mean, 1e-3) })) {
    clicks += detections.slot.length;
    // Offsets are rounded to the picosecond: cells of 100 ps that begin at odd halves hold whole values.
    for (const offset of detections.offsetPs) {
      observed[Math.max(0, Math.min(cells - 1, Math.floor((offset + 999.5) / 100)))]!++;
    }
  }
  const noneBefore = (ps: number): number => Math.exp((-mean * Math.min(2000, Math.max(0, ps))) / 2000);
  const expected = Array.from(observed, (_, i) => {
    const from = i === 0 ? 0 : i * 100 + 0.5;
    const to = i === cells - 1 ? 2000 : (i + 1) * 100 + 0.5;
    return (clicks * (noneBefore(from) - noneBefore(to))) / (1 - Math.exp(-mean));
  });
  assert.ok(againstExpected(observed, expected) < 4);
});

test('a bin does not depend on who draws it or on how many were asked for at once', () => {
  const whole = [...simulate(passing)];
  assert.deepEqual([...simulate(passing)], whole);
  const pass = createPass(passing);
  assert.deepEqual(
    Array.from({ length: pass.bins }, () => pass.next()),
    whole,
  );
  const part = [...simulate({ ...passing, firstBin: 50, bins: 30 })];
  assert.deepEqual(part, whole.slice(50, 80));
  const others = [...simulate({ ...passing, seed: 1, bins: 50 })];
  assert.notDeepEqual(others[40]!.detections, whole[40]!.detections);
});

test('bins of any length join without a gap: as many clicks, in rising order, inside their bins', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200 }), fc.double({ min: 1e-4, max: 1, noNaN: true }), (length, channel) => {
      const trace = steady(40, channel, 1e-3, length / 1e8);
      let last = -1;
      let bins = 0;
      for (const bin of simulate({ ...passing, trace })) {
        assert.equal(bin.bin, bins++);
        assert.equal(bin.firstSlot, bin.bin * length);
        assert.equal(bin.pulses, length);
        for (const slot of bin.emissions.slot) {
          assert.ok(slot > last && slot >= bin.firstSlot && slot < bin.firstSlot + length);
          last = slot;
        }
        checkColumns(bin);
      }
      assert.equal(bins, 40);
    }),
    { numRuns: 60, seed: 3 },
  );
});

function checkColumns({ detections, emissions, truth }: PhotonBin): void {
  const rows = detections.slot.length;
  for (const column of [detections.detector, detections.offsetPs, ...Object.values(truth)]) {
    assert.equal(column.length, rows);
  }
  for (const column of [emissions.intensity, emissions.basis, emissions.bit]) {
    assert.equal(column.length, emissions.slot.length);
  }
  assert.deepEqual([...new Set(detections.slot)], [...emissions.slot]);
  for (let row = 1; row < rows; row++) {
    const sameSlot = detections.slot[row] === detections.slot[row - 1];
    assert.ok(!sameSlot || detections.detector[row]! > detections.detector[row - 1]!);
  }
}

test('a live pass takes the adversary bin by bin, and ends', () => {
  const pass = createPass({ ...passing, firstBin: 90, bins: 4 });
  assert.equal(pass.bins, 4);
  const attacked = [undefined, interceptResend(1), undefined, interceptResend(0.5)].map((adversary, i) => {
    assert.equal(pass.remaining, 4 - i);
    const { truth } = pass.next(adversary);
    assert.ok(truth.attacked.length > 1000);
    return truth.attacked.reduce((sum, one) => sum + one, 0) / truth.attacked.length;
  });
  assert.deepEqual([attacked[0], attacked[1], attacked[2]], [0, 1, 0]);
  assert.ok(Math.abs(attacked[3]! - 0.5) < 0.05);
  assert.equal(pass.remaining, 0);
  assert.throws(() => pass.next(), { code: 'photons/range' });
  const again = [
    ...simulate({
      ...passing,
      firstBin: 90,
      bins: 4,
      adversary: (bin) => (bin === 91 ? interceptResend(1) : undefined),
    }),
  ];
  assert.deepEqual(
    again.map(({ truth }) => Number(truth.attacked.some(Boolean))),
    [0, 1, 0, 0],
  );
});

test('what cannot be is refused, by name', () => {
  const trace = passing.trace;
  const [signal, decoy, vacuum] = micius.intensities as [Source['intensities'][0], ...Source['intensities']];
  const cases: [Partial<PassInput>, string, RegExp][] = [
    [{ seed: -1 }, 'photons/seed', /seed is -1/],
    [{ firstBin: 201 }, 'photons/range', /firstBin is 201.*0 to 200/],
    [{ firstBin: 190, bins: 11 }, 'photons/range', /bins is 11.*0 to 10/],
    [{ source: { ...micius, pulseRateHz: 0 } }, 'photons/source', /pulseRateHz is 0/],
    [{ source: { ...micius, basisXProbability: Number.NaN } }, 'photons/source', /basisXProbability is NaN/],
    [{ source: { ...micius, intensities: [] } }, 'photons/source', /number of intensities is 0/],
    [{ source: { ...micius, intensities: [signal, decoy!] } }, 'photons/source', /sum to 0.75/],
    [
      { source: { ...micius, intensities: [{ ...signal, meanPhotons: -0.1 }, decoy!, vacuum!] } },
      'photons/source',
      /meanPhotons of signal is -0.1/,
    ],
    [{ receiver: { ...ground, misalignment: 1.5 } }, 'photons/receiver', /misalignment is 1.5/],
    [{ receiver: { ...ground, deadTimeNs: -1 } }, 'photons/receiver', /deadTimeNs is -1/],
    [{ receiver: { ...ground, jitterPs: Number.NaN } }, 'photons/receiver', /jitterPs is NaN/],
    [{ receiver: { ...ground, gateNs: 11 } }, 'photons/receiver', /gateNs is 11.*10 ns/],
    [{ receiver: { ...ground, gateNs: 0 } }, 'photons/receiver', /gateNs is 0/],
    [{ trace: { ...trace, binS: 1.5e-8 } }, 'photons/trace', /binS is 1.5e-8 s, that is 1.49+8 pulses/],
    [{ trace: { ...trace, noisePerGate: new Float64Array(3) } }, 'photons/trace', /noisePerGate has 3 bins/],
    [{ trace: { ...trace, receiverTransmittance: 2 } }, 'photons/trace', /receiverTransmittance is 2/],
    [{ trace: steady(2, 1.0001, 0) }, 'photons/trace', /channelTransmittance of bin 0 is 1.0001/],
    [{ trace: steady(2, 0.5, -1e-9) }, 'photons/trace', /noisePerGate of bin 0 is -1e-9/],
  ];
  for (const [change, code, message] of cases) {
    assert.throws(
      () => createPass({ ...passing, ...change }),
      (error) => error instanceof PhotonsError && error.code === code && message.test(error.message),
      message.source,
    );
  }
});
