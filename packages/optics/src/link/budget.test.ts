import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { fadingOf } from '../fading/fading.ts';
import { budget, fixedTerm, modelChannel } from './budget.ts';
import type { Air, Beam, Link, LinkGeometry, TurbulenceProfile } from './link.ts';

const HV57: TurbulenceProfile = { windMS: 21, groundCn2: 1.7e-14, groundWindMS: 5 };

const VACUUM: Air = { stationHeightM: 0, extinction: { kind: 'zenith', transmittance: 1 }, turbulence: null };

const DOWN: Link = {
  direction: 'down',
  wavelengthNm: 848.6,
  transmitter: { beam: { kind: 'top-hat', divergenceRad: 10e-6 }, jitterRad: 1.2e-6, biasRad: 0, lossDb: 0 },
  receiver: {
    diameterM: 1,
    obscurationDiameterM: 0,
    fieldOfViewRad: 50e-6,
    jitterRad: 0,
    biasRad: 0,
    coupling: { kind: 'field-of-view' },
    transmittance: 0.16,
  },
  air: { stationHeightM: 890, extinction: { kind: 'modtran' }, turbulence: HV57 },
};

const near = (actual: number, expected: number, tolerance: number) =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected} within ${tolerance}`);

const names = (link: Link) => budget(link, { rangeKm: 1000, elevationDeg: 30 }).terms.map(({ name }) => name);
const term = (link: Link, at: LinkGeometry, name: string) => {
  const found = budget(link, at).terms.find((one) => one.name === name);
  assert.ok(found, `there is no term ${name}`);
  return found.lossDb;
};

const number = (min: number, max: number) => fc.double({ min, max, noNaN: true });

// Spots are wider than the receiver at these ranges: nearer in, an obscuration hides more of a smaller spot.
const beams: fc.Arbitrary<Beam> = fc.oneof(
  fc.record({ kind: fc.constant('top-hat' as const), divergenceRad: number(1e-5, 1e-4) }),
  fc.record({ kind: fc.constant('gaussian' as const), divergenceRad: number(1e-5, 1e-4) }),
  number(0.02, 0.12).map((diameterM) => ({
    kind: 'aperture' as const,
    diameterM,
    waistRadiusM: diameterM / 2.24,
    obscurationDiameterM: diameterM * 0.1,
  })),
);
const extinctions: fc.Arbitrary<Air['extinction']> = fc.oneof(
  fc.constant({ kind: 'modtran' as const }),
  fc.record({ kind: fc.constant('zenith' as const), transmittance: number(0.1, 1) }),
  fc.record({
    kind: fc.constant('visibility' as const),
    visibilityKm: number(2, 80),
    law: fc.constantFrom('kim' as const, 'kruse' as const),
    hazeScaleHeightKm: number(0.8, 2),
  }),
);
const links: fc.Arbitrary<Link> = fc
  .record({
    direction: fc.constantFrom('down' as const, 'up' as const, 'space' as const),
    wavelengthNm: fc.constantFrom(785, 850),
    transmitter: fc.record({
      beam: beams,
      jitterRad: number(0, 1e-5),
      biasRad: number(0, 2e-6),
      lossDb: number(0, 10),
    }),
    receiver: fc.record({
      diameterM: number(0.1, 1.2),
      obscuration: fc.constantFrom(0, 0.3),
      fieldOfViewRad: number(2e-5, 2e-4),
      jitterRad: number(0, 1e-6),
      biasRad: number(0, 1e-6),
      coupling: fc.constantFrom<Link['receiver']['coupling']>(
        { kind: 'field-of-view' },
        { kind: 'single-mode-fibre', correctedModes: 3 },
      ),
      transmittance: number(0.01, 1),
    }),
    stationHeightM: number(0, 5000),
    extinction: extinctions,
    turbulence: fc.constantFrom(null, HV57),
  })
  .map(({ receiver: { obscuration, ...receiver }, stationHeightM, extinction, turbulence, ...link }) => ({
    ...link,
    receiver: { ...receiver, obscurationDiameterM: obscuration * receiver.diameterM },
    air: link.direction === 'space' ? null : { stationHeightM, extinction, turbulence },
  }));

describe('the budget', () => {
  it('is the sum of its terms, each with its source', () => {
    const at = { rangeKm: 1200, elevationDeg: 19.37 };
    const link = { ...DOWN, air: { ...DOWN.air!, turbulence: null } };
    const { terms, totalDb, transmittance } = budget(link, at);
    near(term(link, at, 'beam spread'), 21.58, 0.005);
    near(term(link, at, 'pointing'), 0.9, 0.005);
    near(term(link, at, 'extinction'), 1.43, 0.01);
    near(term(link, at, 'receiver optics'), 7.96, 0.005);
    near(
      totalDb,
      terms.reduce((sum, { lossDb }) => sum + lossDb, 0),
      1e-12,
    );
    near(transmittance, 10 ** (-totalDb / 10), 1e-15);
    assert.ok(terms.every(({ source }) => source.length > 10));
  });

  it('has the terms that belong to the link, down, up and in space', () => {
    const plain = ['transmitter', 'beam spread', 'pointing', 'extinction'];
    assert.deepEqual(names(DOWN), [...plain, 'seeing and field of view', 'receiver optics']);
    const still = { ...DOWN, air: { ...DOWN.air!, turbulence: null } };
    assert.deepEqual(names(still), [...plain, 'field of view', 'receiver optics']);
    assert.deepEqual(names({ ...DOWN, direction: 'up' }), [
      'transmitter',
      'beam spread',
      'turbulence spread',
      'pointing',
      'extinction',
      'field of view',
      'receiver optics',
    ]);
    const fibre = { kind: 'single-mode-fibre', correctedModes: 3 } as const;
    const receiver = { ...DOWN.receiver, obscurationDiameterM: 0.3, coupling: fibre };
    assert.deepEqual(names({ ...DOWN, direction: 'space', air: null, receiver }), [
      'transmitter',
      'beam spread',
      'receiver obscuration',
      'pointing',
      'fibre coupling',
      'receiver tracking',
      'receiver optics',
    ]);
  });

  it('takes nothing for scintillation, which moves light in time', () => {
    fc.assert(
      fc.property(links, (link) => {
        const { terms } = budget(link, { rangeKm: 1500, elevationDeg: 25 });
        assert.ok(terms.every(({ name }) => !/scintillation|fading/.test(name)));
      }),
      { seed: 1, numRuns: 50 },
    );
    // With a field stop wide enough for any seeing, turbulence takes nothing at all from a downlink.
    const wide = { ...DOWN, receiver: { ...DOWN.receiver, fieldOfViewRad: 5e-3 } };
    const still = { ...wide, air: { ...DOWN.air!, turbulence: null } };
    const at = { rangeKm: 900, elevationDeg: 30 };
    near(budget(wide, at).totalDb, budget(still, at).totalDb, 1e-3);
  });

  it('never gains energy, and loses more the farther and the lower the other end', () => {
    fc.assert(
      fc.property(links, number(600, 3000), number(10, 88), number(1.01, 3), (link, rangeKm, elevationDeg, factor) => {
        const here = budget(link, { rangeKm, elevationDeg });
        assert.ok(here.transmittance > 0 && here.transmittance <= 1);
        for (const { name, lossDb } of here.terms) assert.ok(lossDb >= 0, `${name}: ${lossDb}`);
        assert.ok(budget(link, { rangeKm: rangeKm * factor, elevationDeg }).totalDb >= here.totalDb - 1e-6);
        assert.ok(budget(link, { rangeKm, elevationDeg: elevationDeg + 1 }).totalDb <= here.totalDb + 1e-6);
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  it('loses more by jitter at either end, and a still beam by divergence', () => {
    fc.assert(
      fc.property(links, number(600, 3000), number(15, 90), number(1.01, 3), (link, rangeKm, elevationDeg, factor) => {
        const at = { rangeKm, elevationDeg };
        const { transmitter, receiver } = link;
        const straight = {
          ...link,
          transmitter: { ...transmitter, biasRad: 0 },
          receiver: { ...receiver, biasRad: 0 },
        };
        const shaken = {
          ...straight,
          transmitter: { ...straight.transmitter, jitterRad: transmitter.jitterRad * factor },
        };
        assert.ok(budget(shaken, at).totalDb >= budget(straight, at).totalDb - 1e-9);
        if (receiver.coupling.kind === 'single-mode-fibre') {
          // A field stop just outside a dark ring of Airy's gains by a little jitter, truly.
          const tracked = { ...straight, receiver: { ...straight.receiver, jitterRad: receiver.jitterRad * factor } };
          assert.ok(budget(tracked, at).totalDb >= budget(straight, at).totalDb);
        }
        if (transmitter.beam.kind !== 'aperture' && link.direction !== 'up') {
          const beam = { ...transmitter.beam, divergenceRad: transmitter.beam.divergenceRad * factor };
          const still = { jitterRad: 0, biasRad: 0, lossDb: transmitter.lossDb };
          const wide = budget({ ...link, transmitter: { ...still, beam } }, at).totalDb;
          assert.ok(wide >= budget({ ...link, transmitter: { ...still, beam: transmitter.beam } }, at).totalDb);
        }
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  it('spreads an uplink in turbulence, more at low elevations, and forgives jitter that is small against the spread', () => {
    const beam = { kind: 'aperture', diameterM: 0.3, waistRadiusM: 0.134, obscurationDiameterM: 0 } as const;
    const up: Link = { ...DOWN, direction: 'up', transmitter: { ...DOWN.transmitter, beam } };
    const at = { rangeKm: 600, elevationDeg: 60 };
    const spread = term(up, at, 'turbulence spread');
    assert.ok(spread > 3 && spread < 12, `${spread}`);
    assert.ok(term(up, { ...at, elevationDeg: 30 }, 'turbulence spread') > spread);
    const still = { ...up, air: { ...up.air!, turbulence: null } };
    assert.ok(term(up, at, 'pointing') < term(still, at, 'pointing') / 2);
    // A higher station has less air over it.
    assert.ok(term({ ...up, air: { ...up.air!, stationHeightM: 4000 } }, at, 'turbulence spread') < spread);
  });
});

describe('a fibre behind turbulence', () => {
  it('forgives a tracking error that is small against the seeing', () => {
    const coupling = { kind: 'single-mode-fibre', correctedModes: 1 } as const;
    const receiver = { ...DOWN.receiver, coupling, jitterRad: 1e-6 };
    const at = { rangeKm: 1000, elevationDeg: 30 };
    assert.ok(term({ ...DOWN, receiver }, at, 'receiver tracking') < 0.5);
    const still = { ...DOWN.air!, turbulence: null };
    assert.ok(term({ ...DOWN, receiver, air: still }, at, 'receiver tracking') > 7);
  });
});

describe('reciprocity', () => {
  const terminal = (diameterM: number, jitterRad: number) => ({
    transmitter: {
      beam: { kind: 'aperture', diameterM, waistRadiusM: diameterM / 2.24, obscurationDiameterM: 0 } as const,
      jitterRad,
      biasRad: jitterRad / 2,
      lossDb: 0,
    },
    receiver: {
      ...DOWN.receiver,
      diameterM,
      jitterRad,
      biasRad: jitterRad / 2,
      coupling: { kind: 'single-mode-fibre', correctedModes: 1 } as const,
    },
  });

  it('lets single-mode terminals in space change places, jitter and all', () => {
    fc.assert(
      fc.property(
        number(0.05, 0.5),
        number(0.05, 0.5),
        number(0, 2e-6),
        number(0, 2e-6),
        number(500, 50_000),
        (oneM, otherM, oneRad, otherRad, rangeKm) => {
          const [one, other] = [terminal(oneM, oneRad), terminal(otherM, otherRad)];
          const space = { direction: 'space', wavelengthNm: 1550, air: null } as const;
          const at = { rangeKm, elevationDeg: Number.NaN };
          const there = budget({ ...space, transmitter: one.transmitter, receiver: other.receiver }, at);
          const back = budget({ ...space, transmitter: other.transmitter, receiver: one.receiver }, at);
          near(there.totalDb, back.totalDb, 1e-6);
        },
      ),
      { seed: 1, numRuns: 100 },
    );
  });

  it('makes a vacuum the same up and down, and air take the same both ways', () => {
    fc.assert(
      fc.property(links, number(600, 3000), number(10, 90), (link, rangeKm, elevationDeg) => {
        const at = { rangeKm, elevationDeg };
        const empty = { ...link, air: VACUUM };
        near(
          budget({ ...empty, direction: 'up' }, at).totalDb,
          budget({ ...empty, direction: 'down' }, at).totalDb,
          1e-12,
        );
        const air = link.air ?? DOWN.air!;
        const takes = (direction: 'up' | 'down') => term({ ...link, direction, air }, at, 'extinction');
        assert.equal(takes('up'), takes('down'));
      }),
      { seed: 1, numRuns: 100 },
    );
  });
});

describe('a model channel', () => {
  const still: Link = { ...DOWN, air: { ...DOWN.air!, turbulence: null } };

  it('covers the sky above the horizon, or above what its atmosphere knows', () => {
    const channel = modelChannel(still);
    const at = { rangeKm: 900, elevationDeg: 30 };
    assert.ok(channel.covers(at));
    assert.deepEqual(channel.loss(at), budget(still, at));
    assert.deepEqual(channel.fading(at), fadingOf(still, at));
    const narrower = modelChannel({ ...still, wavelengthNm: 810 });
    for (const [which, geometry] of [
      [channel, { rangeKm: 2500, elevationDeg: -1 }],
      [channel, { rangeKm: 2500, elevationDeg: Number.NaN }],
      [modelChannel(DOWN), { rangeKm: 2500, elevationDeg: 0 }],
      [narrower, { rangeKm: 2000, elevationDeg: 5 }],
    ] as const) {
      assert.equal(which.covers(geometry), false);
      assert.throws(() => which.loss(geometry), { code: 'optics/elevation' });
    }
    assert.equal(channel.covers({ rangeKm: 0, elevationDeg: 30 }), false);
    assert.throws(() => channel.loss({ rangeKm: 0, elevationDeg: 30 }), { code: 'optics/parameter' });
    // Refraction lifts a satellite at 9.95 degrees over the 10 degrees at which the table ends.
    assert.ok(narrower.covers({ rangeKm: 2000, elevationDeg: 9.95 }));
    assert.ok(narrower.loss({ rangeKm: 2000, elevationDeg: 9.95 }).totalDb > 0);
  });

  it('in space covers every range; an uplink ends above the air', () => {
    const space = modelChannel({ ...DOWN, direction: 'space', air: null });
    assert.ok(space.covers({ rangeKm: 380_000, elevationDeg: -20 }));
    assert.ok(space.loss({ rangeKm: 380_000, elevationDeg: -20 }).totalDb > 60);
    const up = modelChannel({ ...DOWN, direction: 'up' });
    assert.ok(up.covers({ rangeKm: 500, elevationDeg: 90 }));
    assert.equal(up.covers({ rangeKm: 20, elevationDeg: 90 }), false);
    assert.throws(() => up.loss({ rangeKm: 20, elevationDeg: 90 }), { code: 'optics/range' });
  });

  it('refuses wrong parameters before the first pass', () => {
    const transmitter = (change: object) => ({ transmitter: { ...DOWN.transmitter, ...change } });
    const receiver = (change: object) => ({ receiver: { ...DOWN.receiver, ...change } });
    const air = (change: object) => ({ air: { ...DOWN.air!, ...change } });
    for (const [change, message, code] of [
      [{ wavelengthNm: 0 }, /wavelengthNm/, 'optics/parameter'],
      [{ wavelengthNm: 1550 }, /wavelengthNm is 1550/, 'optics/wavelength'],
      [transmitter({ beam: { kind: 'gaussian', divergenceRad: 0 } }), /divergenceRad/, 'optics/parameter'],
      [transmitter({ jitterRad: -1e-6 }), /transmitter.jitterRad/, 'optics/parameter'],
      [transmitter({ biasRad: Number.NaN }), /transmitter.biasRad/, 'optics/parameter'],
      [transmitter({ lossDb: -1 }), /transmitter.lossDb/, 'optics/parameter'],
      [receiver({ diameterM: -1 }), /receiverDiameterM/, 'optics/parameter'],
      [receiver({ obscurationDiameterM: 2 }), /obscurationDiameterM/, 'optics/parameter'],
      [receiver({ jitterRad: -1 }), /receiver.jitterRad/, 'optics/parameter'],
      [receiver({ fieldOfViewRad: 0 }), /receiver.fieldOfViewRad/, 'optics/parameter'],
      [receiver({ transmittance: 0 }), /receiver.transmittance/, 'optics/parameter'],
      [receiver({ coupling: { kind: 'single-mode-fibre', correctedModes: 0 } }), /correctedModes/, 'optics/parameter'],
      [{ air: null }, /air is null; a link down must have it/, 'optics/parameter'],
      [{ direction: 'space' as const }, /air is given; a link in space has none/, 'optics/parameter'],
      [air({ stationHeightM: 20_000 }), /stationHeightM/, 'optics/parameter'],
      [receiver({ coupling: { kind: 'single-mode-fibre', correctedModes: 2.5 } }), /whole number/, 'optics/parameter'],
      [air({ turbulence: { ...HV57, groundCn2: -1 } }), /groundCn2/, 'optics/parameter'],
      [air({ turbulence: { ...HV57, groundWindMS: Number.NaN } }), /groundWindMS/, 'optics/parameter'],
      [air({ turbulence: { ...HV57, windMS: 4 } }), /air.turbulence.groundWindMS is 5.*at most 4/, 'optics/parameter'],
      [air({ turbulence: { ...HV57, windMS: 0, groundWindMS: 0 } }), /air.turbulence.windMS/, 'optics/parameter'],
      [air({ extinction: { kind: 'zenith', transmittance: 1.2 } }), /extinction.transmittance/, 'optics/parameter'],
    ] as const) {
      assert.throws(() => modelChannel({ ...DOWN, ...change }), { code, message });
      assert.throws(() => budget({ ...DOWN, ...change }, { rangeKm: 1000, elevationDeg: 30 }), { code });
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
