import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Disturbance } from '../adversary/adversary.ts';
import { attackNamed } from '../adversary/catalogue.ts';
import { countEvents } from '../observe/count-events.ts';
import type { LedgerEntry } from '../observe/observation.ts';
import { seededRandom } from '../random.ts';
import { compare, leastLikely } from '../test/agreement.ts';
import { binOf, decoySource, idealReceiver } from '../test/attacked-bin.ts';
import { dazzling, imperfectPass } from '../test/imperfect-link.ts';
import { counts } from './counts.ts';
import { events } from './events.ts';
import { expectedObservation } from './expectation.ts';
import type { PassInput } from './sampler.ts';

/** What she knows of slots in which Bob heard something else than the pulse that she has. */

const collects = { fromS: 0, toS: 10 };
const jamming = (hz: number): Disturbance => attackNamed('jamming').create(hz);

test("of a jammed link she holds Alice's photon as often behind noise as behind light", () => {
  const input: PassInput = {
    trace: {
      binS: 1,
      channelTransmittance: Float64Array.of(1e-3),
      receiverTransmittance: 0.5,
      noisePerGate: Float64Array.of(0),
    },
    source: decoySource,
    receiver: idealReceiver,
    seed: 1,
    disturbances: [jamming(1e5)],
    collects,
  };
  // Per slot and detectors of X: light, of which half is measured in X; noise in a gate of 2 ns.
  const noise = 2 * 1e5 * 2e-9;
  let [sifted, known] = [0, 0];
  for (const { meanPhotons, probability } of decoySource.intensities) {
    const clicks = (probability / 2) * ((meanPhotons * 1e-3 * 0.5) / 2 + noise) * 1e8;
    sifted += clicks;
    known += clicks * -Math.expm1(-meanPhotons * (1 - 1e-3));
  }
  assert.ok(known > 0.3 * sifted && noise > 0.5 * 0.8 * 1e-3 * 0.25);
  const [played] = Array.from(events(input), (bin) => countEvents(bin, input, seededRandom(2)).ledger);
  const [drawn] = Array.from(counts(input), ({ ledger }) => ledger);
  for (const ledger of [played!, drawn!]) {
    assert.ok(Math.abs(ledger.sifted - sifted) < 5 * Math.sqrt(sifted) + 2e-3 * sifted, `${ledger.sifted} ${sifted}`);
    assert.ok(Math.abs(ledger.knownBits - known) < 5 * Math.sqrt(known) + 2e-3 * known, `${ledger.knownBits} ${known}`);
  }
});

test('what she blocked and kept is hers in slots that noise fills: photon-number splitting', () => {
  const disturbances = [jamming(1e6), attackNamed('pns').create(1)];
  const { knownBits, sifted } = expectedObservation(binOf({ disturbances, channelTransmittance: 1e-4 }));
  let [kept, all] = [0, 0];
  for (const { meanPhotons, probability } of decoySource.intensities) {
    kept += probability * -Math.expm1(-meanPhotons);
    all += probability;
  }
  // Nearly every click is noise; she has counted, and holds, whatever Alice sent.
  assert.ok(Math.abs(knownBits / sifted - kept / all) < 0.02, `${knownBits / sifted} ${kept / all}`);
});

test('a pulse that did not go on is known as well as she measured or kept it', () => {
  const flaws = { detectors: [0, 1, 2, 3].map((d) => ({ linearMode: { neverJ: 0.6, alwaysJ: 1 + d / 10 } })) };
  const bestOf = (name: string, strength: number): number => {
    const disturbances = [attackNamed(name).create(strength)];
    const { branches } = binOf({ disturbances, receiver: { ...idealReceiver, flaws }, channelTransmittance: 1e-4 });
    let best = 0;
    for (let b = 0; b < branches.count; b++) if (branches.amount[b] === 0) best = Math.max(best, branches.guess[b]!);
    return best;
  };
  for (const name of ['pns', 'trojan-horse', 'class-discrimination', 'after-gate']) {
    assert.equal(bestOf(name, 0.5), 1, name);
  }
  // Six photons that all say the same at 22.5 degrees.
  const [agree, wrong] = [Math.cos(Math.PI / 8) ** 12, Math.sin(Math.PI / 8) ** 12];
  assert.ok(Math.abs(bestOf('breidbart', 1) - agree / (agree + wrong)) < 1e-9);
  // In front of the receiver an empty pulse tells nothing.
  assert.equal(bestOf('intercept-resend', 1), 0.5);
});

test('of a time shift nothing is known of noise, and of a dead detector', () => {
  for (const [name, strength] of [
    ['time-shift', 300],
    ['dead-detector', 0.9],
    ['laser-diode-fault', 0.9],
  ] as const) {
    const disturbances = [attackNamed(name).create(strength)];
    const flaws = {
      detectors: [100, -100, 0, 0].map((centrePs) => ({ timeResponse: { centrePs, widthPs: 200 } })),
    };
    const receiver = { ...idealReceiver, flaws };
    const quiet = expectedObservation(binOf({ disturbances, receiver }));
    const [jammedBits, quietBits, sifted] = [
      expectedObservation(binOf({ disturbances: [jamming(1e5), ...disturbances], receiver })).knownBits,
      quiet.knownBits,
      quiet.sifted,
    ];
    assert.ok(quietBits > 0.05 * sifted, name);
    assert.ok(Math.abs(jammedBits / quietBits - 1) < 5e-3, `${name}: ${jammedBits} ${quietBits}`);
  }
});

const passes = 150;
const cases: readonly (readonly [name: string, link: (seed: number) => PassInput])[] = [
  ['collected, jammed', (seed) => ({ ...imperfectPass(seed, [jamming(1e6)]), collects })],
  [
    'shifted in time, collected, jammed, back-flash',
    (seed) => {
      const disturbances = [jamming(1e6), attackNamed('back-flash').create(1), attackNamed('time-shift').create(200)];
      return { ...imperfectPass(seed, disturbances), collects };
    },
  ],
  ['photon numbers split, jammed', (seed) => imperfectPass(seed, [jamming(1e6), attackNamed('pns').create(0.5)])],
  ['blinded for a share, jammed', (seed) => ({ ...imperfectPass(seed, [jamming(1e6), dazzling(0.25)]), collects })],
];

for (const [name, link] of cases) {
  test(`events and counts agree on the ledger: ${name}`, () => {
    const played = Array.from({ length: passes }, (_, i) => {
      const input = link(i);
      const settling = seededRandom(i, 2 ** 50);
      return Array.from(events(input), (bin) => countEvents(bin, input, settling));
    });
    const drawn = Array.from({ length: passes }, (_, i) => [...counts(link(1_000_000 + i))]);
    const ledgers = compare(played, drawn).filter(({ name: what }) => /sifted|known/.test(what));
    assert.ok(ledgers.length >= 8);
    const { name: worst, p } = leastLikely(ledgers);
    const mean = (of: typeof played, what: keyof LedgerEntry): number =>
      of.flat().reduce((sum, { ledger }) => sum + ledger[what], 0) / passes;
    assert.ok(p > 1e-3, `${worst}: ${p}; bits ${mean(played, 'knownBits')} ${mean(drawn, 'knownBits')}`);
  });
}
