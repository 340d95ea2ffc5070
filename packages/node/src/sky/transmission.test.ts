import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createEvents, type Emissions, emissionOf, gatedDetections, type Receiver, type Source } from '@skykey/photons';
import fc from 'fast-check';
import { Transmission } from './transmission.ts';

const SEED = 77;
const BINS = 30;
const PULSES_PER_BIN = 1000;
const SOURCE: Source = {
  pulseRateHz: 10_000,
  intensities: [
    { name: 'signal', meanPhotons: 0.8, probability: 0.5 },
    { name: 'decoy', meanPhotons: 0.1, probability: 0.25 },
    { name: 'vacuum', meanPhotons: 0, probability: 0.25 },
  ],
  basisXProbability: 0.5,
};
const RECEIVER: Receiver = { basisXProbability: 0.5, misalignment: 0.004, deadTimeNs: 50, jitterPs: 350, gateNs: 2 };

/** A short pass over a good link: every tenth slot or so is detected. */
function fly(): { transmission: Transmission; sent: Map<number, [number, number, number]> } {
  const engine = createEvents({
    trace: {
      binS: 0.1,
      channelTransmittance: new Float64Array(BINS).fill(0.4),
      receiverTransmittance: 0.5,
      noisePerGate: new Float64Array(BINS).fill(1e-3),
    },
    source: SOURCE,
    receiver: RECEIVER,
    seed: SEED,
  });
  const transmission = new Transmission({ seed: SEED, source: SOURCE, pulsesPerBin: PULSES_PER_BIN });
  const sent = new Map<number, [number, number, number]>();
  for (let bin = 0; bin < BINS; bin++) {
    const { emissions } = gatedDetections(engine.next(), RECEIVER.gateNs);
    transmission.add(emissions);
    for (const [row, slot] of emissions.slot.entries()) {
      sent.set(slot, [emissions.intensity[row]!, emissions.basis[row]!, emissions.bit[row]!]);
    }
  }
  return { transmission, sent };
}

const rowsOf = ({ intensity, basis, bit }: Emissions): number[][] =>
  Array.from(intensity, (_, i) => [intensity[i]!, basis[i]!, bit[i]!]);

describe('a transmission', () => {
  const { transmission, sent } = fly();

  it('says of detected slots what the engine sent in them, bit for bit', () => {
    assert.ok(sent.size > 1000);
    const slots = Float64Array.from(sent.keys());
    const found = transmission.at(slots);
    assert.deepEqual(found.slot, slots);
    assert.deepEqual(rowsOf(found), [...sent.values()]);
  });

  it('draws any other slot from the source, the same way each time', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: BINS * PULSES_PER_BIN + 5000 }), (slot) => {
        const [row] = rowsOf(transmission.at(Float64Array.of(slot)));
        const { intensity, basis, bit } = emissionOf(SEED, slot, SOURCE);
        assert.deepEqual(row, sent.get(slot) ?? [intensity, basis, bit]);
      }),
      { seed: 8, numRuns: 500 },
    );
  });

  it('answers in the order of the question, slots asked twice included', () => {
    const slots = [...sent.keys()].slice(0, 50).reverse();
    const asked = Float64Array.from([...slots, 3, ...slots, 3]);
    const rows = rowsOf(transmission.at(asked));
    for (const [i, slot] of asked.entries())
      assert.deepEqual(rows[i], rowsOf(transmission.at(Float64Array.of(slot)))[0]);
    assert.equal(transmission.at(new Float64Array(0)).bit.length, 0);
  });

  it('refuses what is no slot', () => {
    for (const slot of [-1, 0.5, Number.NaN, 2 ** 53]) {
      assert.throws(() => transmission.at(Float64Array.of(slot)), { code: 'photons/range' });
    }
  });
});
