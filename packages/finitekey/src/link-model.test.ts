import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { FiniteKeyError } from './error.ts';
import { type ExpectedLink, LinkModel, type Setting } from './link-model.ts';

fc.configureGlobal({ seed: 2022 });

const link: ExpectedLink = {
  transmittance: [1e-4, 3e-4, 2e-4, 3e-4, 1e-4],
  pulses: 1e9,
  noise: 1e-6,
  misalignment: 0.01,
  afterPulsing: 0.02,
};
const setting: Setting = {
  keyBasis: { sender: 0.9, receiver: 0.8 },
  intensities: [0.6, 0.1, 0],
  probabilities: [0.7, 0.2, 0.1],
};
const share = fc.double({ min: 1e-9, max: 1, noNaN: true });
const close = (actual: number, expected: number, relative: number): void =>
  assert.ok(Math.abs(actual - expected) <= relative * Math.abs(expected) + 1e-300, `${actual} is not ${expected}`);

describe('expected counts of a link', () => {
  it('are the sum over the slices of the click and error model', () => {
    fc.assert(
      fc.property(
        fc.array(share, { minLength: 1, maxLength: 40 }),
        fc.double({ min: 0, max: 0.1, noNaN: true }),
        fc.double({ min: 0, max: 0.5, noNaN: true }),
        fc.double({ min: 0, max: 0.5, noNaN: true }),
        fc.tuple(fc.double({ min: 0.01, max: 2, noNaN: true }), fc.double({ min: 0.01, max: 2, noNaN: true })),
        (transmittance, noise, misalignment, afterPulsing, intensities) => {
          const model = new LinkModel({ transmittance, pulses: 1e6, noise, misalignment, afterPulsing });
          const counts = model.counts(model.windows - 1, { ...setting, intensities, probabilities: [0.75, 0.25] }, 2);
          for (const [k, p] of [0.75, 0.25].entries()) {
            let clicks = 0;
            let errors = 0;
            for (const eta of transmittance) {
              const seen = -Math.expm1(-intensities[k]! * eta);
              // The union of light and noise, 1 - (1 - 2 noise) (1 - seen), not their sum (P25).
              const click = (1 + afterPulsing) * (2 * noise + seen - 2 * noise * seen);
              clicks += click;
              errors += noise + (afterPulsing * click) / 2 + misalignment * seen;
            }
            close(counts.nX[k]!, 2e6 * 0.72 * p * clicks, 1e-12);
            close(counts.mX[k]!, 2e6 * 0.72 * p * errors, 1e-12);
            close(counts.nZ[k]!, 2e6 * 0.02 * p * clicks, 1e-11);
            close(counts.mZ[k]!, 2e6 * 0.02 * p * errors, 1e-11);
            assert.ok(counts.mX[k]! <= counts.nX[k]! && counts.mZ[k]! <= counts.nZ[k]!);
          }
        },
      ),
    );
  });

  it('have errors by intensity: half of the clicks without light are wrong (P20)', () => {
    const model = new LinkModel({ ...link, afterPulsing: 0 });
    const { nX, mX } = model.counts(model.windows - 1, setting);
    close(mX[2]! / nX[2]!, 0.5, 1e-12);
    assert.ok(mX[0]! / nX[0]! < 0.025);
  });

  it('come from windows of the most transparent slices; equal ones are in or out together', () => {
    const model = new LinkModel(link);
    assert.deepEqual([...model.thresholds], [3e-4, 2e-4, 1e-4]);
    assert.deepEqual([...model.slices], [2, 3, 5]);
    const part = new LinkModel({ ...link, transmittance: [2e-4, 3e-4, 3e-4] });
    assert.deepEqual(model.counts(1, setting), part.counts(1, setting));
    assert.deepEqual([...new LinkModel({ ...link, transmittance: 0.1 }).slices], [1]);
  });

  it('are refused by name where the link makes no sense', () => {
    for (const [field, change] of [
      ['link.transmittance', { transmittance: 0 }],
      ['link.transmittance', { transmittance: [] }],
      ['link.transmittance[1]', { transmittance: [0.1, 1.1] }],
      ['link.transmittance', { transmittance: Number.NaN }],
      ['link.pulses', { pulses: 0 }],
      ['link.pulses', { pulses: 1e17 }],
      ['link.noise', { noise: 0.2 }],
      ['link.misalignment', { misalignment: -0.1 }],
      ['link.afterPulsing', { afterPulsing: Number.NaN }],
    ] as const) {
      assert.throws(
        () => new LinkModel({ ...link, ...change }),
        (error) => error instanceof FiniteKeyError && error.field === field,
        field,
      );
    }
  });
});
