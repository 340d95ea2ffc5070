import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { backgroundRateHz, noisePerGate } from './background.ts';

const RECEIVER = {
  radiance: 1e-8,
  fieldOfViewRad: 50e-6,
  receiverDiameterM: 1,
  filterWidthNm: 1,
  wavelengthNm: 850,
  opticsTransmittance: 0.16,
  detectorEfficiency: 0.5,
};

describe('background counts', () => {
  it('are 5, 530 and 5 million a second on one metre for the radiances usually quoted', () => {
    assert.equal(Math.round(backgroundRateHz(RECEIVER)), 5);
    assert.equal(Math.round(backgroundRateHz({ ...RECEIVER, radiance: 1e-6 }) / 10) * 10, 530);
    assert.equal(Math.round(backgroundRateHz({ ...RECEIVER, radiance: 1e-2 }) / 1e6), 5);
  });

  it('grow with the square of aperture and field of view, and in proportion to everything else', () => {
    const rate = backgroundRateHz(RECEIVER);
    for (const [change, factor] of [
      [{ receiverDiameterM: 2 }, 4],
      [{ fieldOfViewRad: 100e-6 }, 4],
      [{ filterWidthNm: 3 }, 3],
      [{ wavelengthNm: 1700 }, 2],
      [{ opticsTransmittance: 0.08 }, 0.5],
      [{ detectorEfficiency: 1 }, 2],
      [{ radiance: 0 }, 0],
    ] as const) {
      assert.ok(Math.abs(backgroundRateHz({ ...RECEIVER, ...change }) - rate * factor) < 1e-9 * rate);
    }
  });

  it('lose what the obscuration hides', () => {
    const rate = backgroundRateHz({ ...RECEIVER, obscurationDiameterM: 0.3 });
    assert.ok(Math.abs(rate / backgroundRateHz(RECEIVER) - 0.91) < 1e-12);
    assert.throws(() => backgroundRateHz({ ...RECEIVER, obscurationDiameterM: 1.1 }), { message: /obscuration/ });
  });

  it('of a single-mode fibre are those of lambda squared, whatever the telescope and its field', () => {
    const coupling = { kind: 'single-mode-fibre', correctedModes: 3 } as const;
    const rate = backgroundRateHz({ ...RECEIVER, coupling });
    // 4.7 parts in 10^4 of what a field stop of 50 microrad lets into a metre at 850 nm, less the tenth the pupil cuts off.
    const etendue = (Math.PI / 4) ** 2 * 50e-6 ** 2;
    assert.ok(Math.abs(rate / backgroundRateHz(RECEIVER) / (850e-9 ** 2 / etendue) - 0.919) < 1e-3);
    for (const change of [{ receiverDiameterM: 3 }, { fieldOfViewRad: 1e-3 }]) {
      assert.ok(Math.abs(backgroundRateHz({ ...RECEIVER, coupling, ...change }) / rate - 1) < 1e-12);
    }
    assert.ok(backgroundRateHz({ ...RECEIVER, coupling, obscurationDiameterM: 0.3 }) < rate);
  });

  it('refuse a receiver that is none', () => {
    for (const change of [
      { radiance: -1 },
      { fieldOfViewRad: 0 },
      { receiverDiameterM: 0 },
      { filterWidthNm: Number.NaN },
      { wavelengthNm: 0 },
      { opticsTransmittance: 1.1 },
      { detectorEfficiency: -0.1 },
    ]) {
      assert.throws(() => backgroundRateHz({ ...RECEIVER, ...change }), {
        code: 'optics/parameter',
        message: RegExp(Object.keys(change)[0]!),
      });
    }
  });
});

describe('noise per gate', () => {
  it('shares the background among the detectors and gives each its own dark counts', () => {
    const noise = noisePerGate({ backgroundRateHz: 528, darkRateHz: 25, detectors: 4, gateNs: 2 });
    assert.ok(Math.abs(noise - 157 * 2e-9) < 1e-20);
    // The range of SatQuMA: 500 to 2000 counts a second in a gate of 1 ns.
    const dark = noisePerGate({ backgroundRateHz: 0, darkRateHz: 500, detectors: 4, gateNs: 1 });
    assert.ok(Math.abs(dark - 5e-7) < 1e-20);
  });

  it('refuses rates, detectors and gates that are none', () => {
    const good = { backgroundRateHz: 500, darkRateHz: 25, detectors: 4, gateNs: 2 };
    for (const change of [
      { backgroundRateHz: -1 },
      { darkRateHz: Number.NaN },
      { detectors: 0 },
      { detectors: 2.5 },
      { gateNs: 0 },
    ]) {
      assert.throws(() => noisePerGate({ ...good, ...change }), { code: 'optics/parameter' });
    }
  });
});
