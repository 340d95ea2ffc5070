import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Receiver, Source } from '../link.ts';
import { seededRandom } from '../random.ts';
import { events } from '../sampler/events.ts';
import type { EventBin } from '../sampler/sampler.ts';
import { binomialZ } from '../test/tally.ts';
import { countEvents, gatedDetections } from './count-events.ts';

const source: Source = {
  pulseRateHz: 1e8,
  intensities: [
    { name: 'signal', meanPhotons: 0.5, probability: 0.75 },
    { name: 'vacuum', meanPhotons: 0, probability: 0.25 },
  ],
  basisXProbability: 0.5,
};
const receiver: Receiver = { basisXProbability: 0.5, misalignment: 0.01, deadTimeNs: 30, jitterPs: 100, gateNs: 1.6 };
const link = { source, receiver };

type Row = readonly [slot: number, detector: number, offsetPs: number, sent: number, photons: number, guess: number];

/** Columns of rows made by hand, in bin 2 of slots 2000 to 2999; `sent` is class * 4 + state. */
function made(rows: readonly Row[]): EventBin {
  const column = (i: number): number[] => rows.map((row) => row[i]!);
  return {
    bin: 2,
    startS: 2e-5,
    firstSlot: 2000,
    pulses: 1000,
    tags: {
      timePs: Float64Array.from(rows, ([slot, , offsetPs]) => slot * 1e4 + offsetPs),
      detector: Uint8Array.from(column(1)),
    },
    slot: Float64Array.from(column(0)),
    offsetPs: Int16Array.from(column(2)),
    intensity: Uint8Array.from(column(3), (sent) => sent >> 2),
    state: Uint8Array.from(column(3), (sent) => sent & 3),
    truth: {
      cause: new Uint8Array(rows.length),
      photons: Uint8Array.from(column(4)),
      attacked: new Uint8Array(rows.length),
      guess: Uint16Array.from(column(5)),
    },
    monitors: Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8, Number.NaN),
  };
}

const bin = made([
  [1999, 0, 100, 0, 1, 32767], // a slot of the bin before
  [2000, 0, -800, 0, 1, 65535], // X0 sent, at the very edge of the gate
  [2001, 1, 801, 1, 1, 65535], // just outside
  [2003, 0, 10, 0, 0, 32767], // soon after the last click of detector 0
  [2010, 2, -20, 6, 2, 32767], // Z0 of the vacuum class
  [2010, 2, 700, 6, 2, 32767], // once more, in the same gate
  [2500, 0, 5, 1, 3, 52428], // both detectors of X
  [2500, 1, 6, 1, 3, 52428],
  [2999, 1, 799, 1, 1, 65535],
]);

describe('events counted', () => {
  it('fall into cells by class, state and detector, in the gate and out of it', () => {
    const { observation, ledger } = countEvents(bin, link, seededRandom(1));
    const single = new Float64Array(32);
    single[0] = 2; // class 0, X0, detector 0
    single[(1 * 4 + 2) * 4 + 2] = 1;
    single[1 * 4 + 1] = 1; // X1, detector 1
    assert.deepEqual(observation.single, single);
    assert.deepEqual(Array.from(observation.double), [1, 0, 0, 0]);
    assert.deepEqual(Array.from(observation.outside), [1, 1, 0, 0]);
    assert.deepEqual(Array.from(observation.clicks), [4, 3, 2, 0]);
    // Sooner than 60 ns: 1999 to 2000, 2000 to 2003, and within slot 2010.
    assert.deepEqual(Array.from(observation.soon), [2, 0, 1, 0]);
    assert.deepEqual(Array.from(observation.arrivalMeanPs), [-395, 799, -20, Number.NaN]);
    assert.deepEqual(Array.from(observation.diodeMeanPs.subarray(0, 3)), [-395, 799, Number.NaN]);
    assert.equal(observation.diodeMeanPs[6], -20);
    const cells = new Float64Array(64);
    cells[0] = cells[8] = cells[16 + 15] = cells[32 + 7] = 1;
    assert.deepEqual(observation.arrival, cells);
    assert.equal(observation.durationS, 1e-5);
    assert.equal(observation.monitors[7], 8);
    assert.ok(Number.isNaN(observation.monitors[8]));

    assert.equal(ledger.sifted, 4);
    assert.equal(ledger.siftedSingles, 2);
    assert.equal(ledger.siftedVacuum, 1);
    const p = 52428 / 65535;
    const known = 2 + 1 + p * Math.log2(p) + (1 - p) * Math.log2(1 - p);
    assert.ok(Math.abs(ledger.knownBits - known) < 1e-12);
  });

  it('settle clicks in both bases by chance, and keep the knowledge of the row they take', () => {
    // Alice sent X0; her pulse is known from detector 0 alone.
    const crossed = made(
      Array.from({ length: 900 }, (_, i): Row[] => [
        [2000 + i, 0, 0, 0, 1, 65535],
        [2000 + i, 3, 1, 0, 1, 32767],
      ]).flat(),
    );
    const { observation, ledger } = countEvents(crossed, link, seededRandom(2));
    assert.deepEqual(Array.from(observation.double), [0, 900, 0, 0]);
    assert.equal(
      observation.single.reduce((a, b) => a + b),
      0,
    );
    assert.ok(Math.abs(binomialZ(ledger.sifted, 900, 0.5)) < 4);
    assert.equal(ledger.knownBits, ledger.sifted);
  });

  it('leave nothing out: cells, doubles and clicks outside add up to the clicks of a played pass', () => {
    const pass = {
      trace: {
        binS: 5e-3,
        channelTransmittance: new Float64Array(3).fill(0.05),
        receiverTransmittance: 0.5,
        noisePerGate: new Float64Array(3).fill(1e-3),
      },
      source,
      receiver: { ...receiver, jitterPs: 700 },
      seed: 4,
    };
    for (const played of events(pass)) {
      const { observation, ledger } = countEvents(played, { source, receiver: pass.receiver }, seededRandom(3));
      const sum = (values: Float64Array): number => values.reduce((a, b) => a + b);
      const { detections, emissions, truth } = gatedDetections(played, receiver.gateNs);
      assert.equal(sum(observation.clicks), played.slot.length);
      assert.equal(sum(observation.arrival), sum(observation.single));
      assert.equal(sum(observation.single) + sum(observation.double), emissions.slot.length);
      assert.equal(sum(observation.outside) + detections.slot.length, played.slot.length);
      assert.equal(truth.cause.length, detections.slot.length);
      assert.ok(ledger.sifted > ledger.siftedSingles + ledger.siftedVacuum);
      assert.ok(sum(observation.double) > 10);
    }
  });
});

describe('gated detections', () => {
  it('are in order of slot and detector, one a click, with one emission a slot', () => {
    const swapped = made([
      [2000, 3, -500, 4, 1, 65535],
      [2000, 1, -400, 4, 1, 32767],
      [2000, 3, 300, 4, 1, 32767],
      [2004, 0, 900, 1, 1, 32767],
      [2005, 2, 0, 3, 2, 200],
      [3000, 2, 0, 3, 2, 65535],
    ]);
    assert.deepEqual(gatedDetections(swapped, 1.6), {
      detections: {
        slot: Float64Array.of(2000, 2000, 2005),
        detector: Uint8Array.of(1, 3, 2),
        offsetPs: Int16Array.of(-400, -500, 0),
      },
      emissions: {
        slot: Float64Array.of(2000, 2005),
        intensity: Uint8Array.of(1, 0),
        basis: Uint8Array.of(0, 1),
        bit: Uint8Array.of(0, 1),
      },
      truth: {
        photons: Uint8Array.of(1, 1, 2),
        cause: Uint8Array.of(0, 0, 0),
        attacked: Uint8Array.of(0, 0, 0),
        eveKnows: Uint8Array.of(0, 1, 0),
      },
    });
  });

  it('are none of a bin without any', () => {
    const { detections, emissions } = gatedDetections(made([]), 1.6);
    assert.equal(detections.slot.length, 0);
    assert.equal(emissions.slot.length, 0);
  });
});
