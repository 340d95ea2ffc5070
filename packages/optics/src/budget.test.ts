import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { budget, fixedTerm, type LinkParameters, modelChannel } from './budget.ts';
import { parseLossCurve } from './curve.ts';

const MICIUS: LinkParameters = {
  divergenceRad: 10e-6,
  beam: 'top-hat',
  receiverDiameterM: 1,
  obscurationDiameterM: 0,
  wavelengthNm: 848.6,
  transmitterJitterRad: 1.2e-6,
  transmitterLossDb: 0,
  receiverOpticsTransmittance: 0.16,
};

const parameters = fc.record({
  // With the ranges below every spot is wider than the receiver: nearer in, an obscuration hides more of a smaller spot.
  divergenceRad: fc.double({ min: 1e-5, max: 1e-4, noNaN: true }),
  beam: fc.constantFrom('top-hat' as const, 'gaussian' as const),
  receiverDiameterM: fc.double({ min: 0.3, max: 2, noNaN: true }),
  obscurationDiameterM: fc.double({ min: 0, max: 0.2, noNaN: true }),
  wavelengthNm: fc.constantFrom(785, 810, 848.6),
  transmitterJitterRad: fc.double({ min: 0, max: 1e-5, noNaN: true }),
  transmitterLossDb: fc.double({ min: 0, max: 10, noNaN: true }),
  receiverOpticsTransmittance: fc.double({ min: 0.01, max: 1, noNaN: true }),
});

describe('the budget', () => {
  it('is the sum of its terms, each with its source', () => {
    const { terms, totalDb, transmittance } = budget(MICIUS, { rangeKm: 1200, elevationDeg: 18.3 });
    const byName = Object.fromEntries(terms.map(({ name, lossDb }) => [name, lossDb]));
    assert.deepEqual(Object.keys(byName), ['transmitter', 'beam spread', 'pointing', 'atmosphere', 'receiver optics']);
    assert.ok(Math.abs(byName['beam spread']! - 21.58) < 0.005);
    assert.ok(Math.abs(byName.pointing! - 0.9) < 0.005);
    assert.ok(Math.abs(byName.atmosphere! - 1.52) < 0.01);
    assert.ok(Math.abs(byName['receiver optics']! - 7.96) < 0.005);
    assert.ok(Math.abs(totalDb - 31.96) < 0.01);
    assert.ok(Math.abs(transmittance - 10 ** -3.196) < 2e-6);
    assert.ok(terms.every(({ source }) => source.length > 10));
  });

  it('never gains energy, and loses more the farther and the lower the satellite', () => {
    fc.assert(
      fc.property(
        parameters,
        fc.double({ min: 300, max: 3000, noNaN: true }),
        fc.double({ min: 10, max: 89, noNaN: true }),
        fc.double({ min: 1.01, max: 3, noNaN: true }),
        (link, rangeKm, elevationDeg, factor) => {
          const here = budget(link, { rangeKm, elevationDeg });
          assert.ok(here.transmittance > 0 && here.transmittance <= 1);
          assert.ok(here.terms.every(({ lossDb }) => lossDb >= 0));
          assert.ok(budget(link, { rangeKm: rangeKm * factor, elevationDeg }).totalDb >= here.totalDb);
          assert.ok(budget(link, { rangeKm, elevationDeg: elevationDeg + 1 }).totalDb <= here.totalDb);
        },
      ),
      { seed: 1, numRuns: 500 },
    );
  });

  it('leaves out 4 to 9 dB of what was measured for Micius, and says so', () => {
    const curve = parseLossCurve(
      readFileSync(new URL('../../scenario/data/micius-2017-loss-against-range.csv', import.meta.url), 'utf8'),
    );
    // Elevations of the pass at these ranges.
    for (const [rangeKm, elevationDeg] of [
      [645.5, 47.8],
      [800, 34],
      [1000, 24.5],
      [1200, 18.3],
    ] as const) {
      const measuredDb = curve.lossDb[Math.round((rangeKm - 645) * 10)]!;
      const missingDb = measuredDb - budget(MICIUS, { rangeKm, elevationDeg }).totalDb;
      assert.ok(missingDb > 3 && missingDb < 9, `${rangeKm} km: ${missingDb} dB`);
    }
  });

  it('takes a zenith transmittance for wavelengths without a model', () => {
    const at = { rangeKm: 1000, elevationDeg: 90 };
    assert.throws(() => budget({ ...MICIUS, wavelengthNm: 1550 }, at), { code: 'optics/wavelength' });
    const { terms } = budget({ ...MICIUS, wavelengthNm: 1550, zenithTransmittance: 0.5 }, at);
    assert.ok(Math.abs(terms.find(({ name }) => name === 'atmosphere')!.lossDb - 3.0103) < 1e-4);
  });
});

describe('a model channel', () => {
  it('covers the sky above the horizon, or above what its atmosphere knows', () => {
    const channel = modelChannel(MICIUS);
    const at = { rangeKm: 900, elevationDeg: 30 };
    assert.ok(channel.covers(at));
    assert.deepEqual(channel.loss(at), budget(MICIUS, at));
    const narrower = modelChannel({ ...MICIUS, wavelengthNm: 810 });
    for (const [which, geometry] of [
      [channel, { rangeKm: 2500, elevationDeg: -1 }],
      [channel, { rangeKm: 2500, elevationDeg: Number.NaN }],
      [narrower, { rangeKm: 2000, elevationDeg: 5 }],
    ] as const) {
      assert.equal(which.covers(geometry), false);
      assert.throws(() => which.loss(geometry), { code: 'optics/elevation' });
    }
    assert.equal(channel.covers({ rangeKm: 0, elevationDeg: 30 }), false);
    assert.throws(() => channel.loss({ rangeKm: 0, elevationDeg: 30 }), { code: 'optics/parameter' });
  });

  it('refuses wrong parameters before the first pass', () => {
    for (const [change, code] of [
      [{ wavelengthNm: 1550 }, 'optics/wavelength'],
      [{ wavelengthNm: 0 }, 'optics/parameter'],
      [{ divergenceRad: 0 }, 'optics/parameter'],
      [{ receiverDiameterM: -1 }, 'optics/parameter'],
      [{ obscurationDiameterM: 2 }, 'optics/parameter'],
      [{ transmitterJitterRad: -1e-6 }, 'optics/parameter'],
      [{ transmitterLossDb: -1 }, 'optics/parameter'],
      [{ receiverOpticsTransmittance: 0 }, 'optics/parameter'],
      [{ receiverOpticsTransmittance: 1.2 }, 'optics/parameter'],
      [{ zenithTransmittance: 1.2 }, 'optics/parameter'],
    ] as const) {
      assert.throws(() => modelChannel({ ...MICIUS, ...change }), { code, message: RegExp(Object.keys(change)[0]!) });
    }
  });
});

describe('a fixed term', () => {
  it('is a loss', () => {
    assert.deepEqual(fixedTerm('fibre', 1.5, 'measured'), { name: 'fibre', lossDb: 1.5, source: 'measured' });
    for (const lossDb of [-0.1, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(() => fixedTerm('fibre', lossDb, 'measured'), { code: 'optics/parameter', message: /fibre/ });
    }
  });
});
