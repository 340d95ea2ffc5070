import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ApertureBeam, lossDbOf, noisePerGate } from '@skykey/optics';
import { intersatelliteWindows } from '@skykey/orbit';
import type { Scenario, SpaceLink } from './model.ts';
import { readScenario } from './scenario.ts';
import { budgetBetween, spaceLink } from './space.ts';
import { assumed, type Change, readText, SHIPPED } from './test/micius.ts';

const FILE = 'inter-satellite.json';
const TEXT = SHIPPED.find(({ file }) => file === FILE)!.text;
const START = Date.parse('2026-12-01T00:00Z');

function read(change: Change = () => undefined): Scenario {
  const document = JSON.parse(TEXT);
  change(document);
  return readScenario(JSON.stringify(document), FILE, readText);
}

const apertureOf = (diameterM: number, waistRadiusM: number) => ({
  kind: 'aperture',
  diameterM: assumed(diameterM),
  waistRadiusM: assumed(waistRadiusM),
  obscurationDiameterM: assumed(0),
});
/** A second satellite beside the pair, high up and still, with the terminals of the pair. */
const withStill =
  (more: Change = () => undefined): Change =>
  (document) => {
    const [pair] = document.satellites;
    const orbit = { kind: 'geostationary', epochUtc: pair.orbit.epochUtc, longitudeDeg: assumed(10) };
    document.satellites.push({ ...structuredClone(pair), id: 'still', name: 'Still', orbit });
    more(document);
  };

const lossAt = ({ model }: SpaceLink, rangeKm: number, name: string): number =>
  model.loss({ rangeKm, elevationDeg: 0 }).terms.find((term) => term.name === name)!.lossDb;

/** J0 and J1 by their integral, as in no table. */
function bessel(order: 0 | 1, x: number): number {
  const steps = 2000;
  let sum = 0;
  for (let i = 0; i < steps; i++) {
    const angle = ((i + 0.5) * Math.PI) / steps;
    sum += Math.cos(order * angle - x * Math.sin(angle));
  }
  return sum / steps;
}

describe('the loss between two satellites', () => {
  it('is the closed form of the beam in vacuum: a uniform aperture, Airy; an uncut Gaussian', () => {
    const uniform = spaceLink(
      read((document) => {
        document.satellites[0].transmitter.beam = apertureOf(0.3, 300);
      }),
      'pair-1',
      'pair-2',
    );
    for (const rangeKm of [200, 2000, 5000, 40_000]) {
      const s = ((2 * Math.PI) / 848.6e-9) * 0.15 * (0.15 / (rangeKm * 1e3));
      const share = 1 - bessel(0, s) ** 2 - bessel(1, s) ** 2;
      assert.ok(Math.abs(lossAt(uniform, rangeKm, 'beam spread') - lossDbOf(share)) < 1e-4, `${rangeKm} km`);
    }
    // Far away: A A' / (lambda R)^2.
    const area = Math.PI * 0.15 ** 2;
    assert.ok(Math.abs(lossAt(uniform, 4e6, 'beam spread') + 20 * Math.log10(area / (848.6e-9 * 4e9))) < 1e-4);

    const waistM = 0.05;
    const gaussian = spaceLink(
      read((document) => {
        document.satellites[0].transmitter.beam = apertureOf(1, waistM);
      }),
      'pair-1',
      'pair-2',
    );
    for (const rangeKm of [2000, 40_000]) {
      const radiusM = (848.6e-9 / (Math.PI * waistM)) * rangeKm * 1e3;
      const share = 1 - Math.exp(-2 * (0.15 / radiusM) ** 2);
      assert.ok(Math.abs(lossAt(gaussian, rangeKm, 'beam spread') - lossDbOf(share)) < 1e-4, `${rangeKm} km`);
    }
  });

  it('is the same there and back between equal terminals', () => {
    const scenario = read();
    const there = budgetBetween(spaceLink(scenario, 'pair-1', 'pair-2'), {
      startMs: START,
      endMs: START,
      stepS: 1,
    })[0]!;
    const back = budgetBetween(spaceLink(scenario, 'pair-2', 'pair-1'), { startMs: START, endMs: START, stepS: 1 })[0]!;
    assert.equal(there.rangeKm, back.rangeKm);
    assert.deepEqual(there.model, back.model);
    assert.ok(Math.abs(there.grazingHeightKm - back.grazingHeightKm) < 1e-6);
  });

  it('is the same there and back between a large and a small telescope that are filled alike', () => {
    const scenario = read(
      withStill(({ satellites: [pair, still] }) => {
        pair.transmitter.beam = apertureOf(0.15, 0.067);
        pair.receiver.diameterM = assumed(0.15);
        still.transmitter.beam = apertureOf(0.45, 0.201);
        still.receiver.diameterM = assumed(0.45);
      }),
    );
    const [up, down] = [spaceLink(scenario, 'pair-1', 'still'), spaceLink(scenario, 'still', 'pair-1')];
    assert.equal((up.optics.transmitter.beam as ApertureBeam).diameterM, 0.15);
    for (const rangeKm of [500, 36_000, 42_000]) {
      const [one, other] = [up, down].map((link) => lossAt(link, rangeKm, 'beam spread')) as [number, number];
      assert.ok(Math.abs(one - other) < 1e-9);
    }
    // The narrower beam suffers more from the same jitter.
    assert.ok(lossAt(down, 36_000, 'pointing') > lossAt(up, 36_000, 'pointing'));
  });

  it('has no air in it', () => {
    const { optics, model } = spaceLink(read(), 'pair-1', 'pair-2');
    assert.equal(optics.air, null);
    const { terms } = model.loss({ rangeKm: 3000, elevationDeg: 0 });
    assert.deepEqual(
      terms.map(({ name }) => name),
      ['transmitter', 'beam spread', 'pointing', 'field of view', 'receiver optics'],
    );
  });
});

describe('the budget between two satellites', () => {
  const link = spaceLink(read(), 'pair-1', 'pair-2');
  const [window] = intersatelliteWindows(link.from.target, link.to.target, {
    fromMs: START,
    toMs: START + 86_400_000,
    grazingHeightKm: 100,
  });
  const rows = budgetBetween(link, { ...window!, stepS: 30 });

  it('goes with the square of the range, and with the sight that the window is made of', () => {
    assert.equal(rows[0]!.utcMs, window!.startMs);
    assert.equal(rows.at(-1)!.utcMs, window!.endMs);
    assert.ok(Math.abs(rows[0]!.grazingHeightKm - 100) < 0.1 && Math.abs(rows.at(-1)!.grazingHeightKm - 100) < 0.1);
    for (const [i, row] of rows.entries()) {
      assert.ok(row.grazingHeightKm > 99.9);
      const fall = row.model.totalDb - rows[0]!.model.totalDb - 20 * Math.log10(row.rangeKm / rows[0]!.rangeKm);
      assert.ok(Math.abs(fall) < 1e-6, `row ${i}: ${fall}`);
      assert.ok(Math.abs(row.light.delayS - row.rangeKm / 299_792.458) < 1e-6);
    }
  });

  it('counts stars and zodiacal light and the dark counts behind a gate, where the sky stands behind the sender', () => {
    const dark = rows.filter(({ behind }) => behind === 'sky');
    assert.ok(dark.length > 5);
    for (const { background, noisePerGate: noise } of dark) {
      assert.deepEqual(
        background!.terms.map(({ name }) => name),
        ['zodiacal light and stars'],
      );
      const expected = noisePerGate({ backgroundRateHz: background!.rateHz, darkRateHz: 200, detectors: 4, gateNs: 2 });
      assert.equal(noise, expected);
    }
  });

  it('does not know the background where Earth, air, Sun or Moon stand behind the sender', () => {
    const scenario = read(withStill());
    const down = spaceLink(scenario, 'pair-1', 'still');
    const up = spaceLink(scenario, 'still', 'pair-1');
    const day = { startMs: START, endMs: START + 86_400_000, stepS: 60 };
    const found = new Map<string, number>();
    for (const { behind, background, noisePerGate: noise, sky } of budgetBetween(down, day)) {
      found.set(behind, (found.get(behind) ?? 0) + 1);
      assert.equal(background !== null, behind === 'sky');
      assert.equal(noise !== null, behind === 'sky');
      if (behind === 'earth') assert.ok(sky.lowestHeightKm < 0);
      if (behind === 'air') assert.ok(sky.lowestHeightKm >= 0 && sky.lowestHeightKm < 100);
    }
    assert.ok(found.get('earth')! > 100 && found.get('sky')! > 100 && found.get('air')! > 0);
    // Seen from below, the geostationary satellite is before the Sun or the Moon now and then.
    const wide = { ...up, optics: { ...up.optics, receiver: { ...up.optics.receiver, fieldOfViewRad: 0.3 } } };
    const before = new Set(budgetBetween(wide, { ...day, endMs: START + 3 * 86_400_000 }).map(({ behind }) => behind));
    assert.ok(before.has('moon') || before.has('sun'));
  });
});

describe('a link that cannot be', () => {
  it('is refused: one satellite twice, one that is not there, no transmitter, no receiver', () => {
    const scenario = read();
    assert.throws(() => spaceLink(scenario, 'pair-1', 'pair-1'), {
      code: 'scenario/satellite',
      message: 'inter-satellite: pair-1 is to send to itself; there must be two satellites',
    });
    assert.throws(() => spaceLink(scenario, 'pair-1', 'pair-3'), {
      code: 'scenario/satellite',
      message: 'inter-satellite has no satellite pair-3; it must be one of pair-1, pair-2',
    });
    const deaf = read(
      withStill(({ satellites: [, still] }) => {
        delete still.receiver;
      }),
    );
    assert.throws(() => spaceLink(deaf, 'pair-1', 'still'), {
      code: 'scenario/link',
      message: 'inter-satellite: satellites.still.receiver is missing; still must have one to receive from pair-1',
    });
    assert.ok(spaceLink(deaf, 'still', 'pair-1'));
    const uplink = readScenario(SHIPPED.find(({ file }) => file === 'uplink-q3sat.json')!.text, 'uplink', readText);
    const [q3sat] = uplink.satellites;
    const two = { ...uplink, satellites: [q3sat!, { ...q3sat!, id: 'other' }] };
    assert.throws(() => spaceLink(two, 'q3sat', 'other'), {
      code: 'scenario/link',
      message: 'uplink-q3sat: satellites.q3sat.transmitter is missing; q3sat must have one to send to other',
    });
  });

  it('is refused with an engine that cannot play it', () => {
    const scenario = read(
      withStill(({ satellites: [, still] }) => {
        still.receiver.gateNs = assumed(50);
      }),
    );
    assert.throws(() => spaceLink(scenario, 'pair-1', 'still'), {
      code: 'scenario/photons',
      message: /^inter-satellite: satellites\.still\.receiver: /,
    });
  });
});
