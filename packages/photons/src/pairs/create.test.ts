import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '../random.ts';
import { Cause } from '../sampler/events.ts';
import { againstExpected, twoSamples } from '../test/chi-square.ts';
import { createPairs, pairs } from './create.ts';
import type { PairBin, PairInput, PairStation } from './pairs.ts';

const BINS = 20;
const bins = (value: number): Float64Array => new Float64Array(BINS).fill(value);
const station = (change: Partial<PairStation> = {}): PairStation => ({
  transmittance: bins(0.3),
  noiseHz: bins(100),
  receiver: { basisXProbability: 0.5, misalignment: 0.01, deadTimeNs: 0, jitterPs: 200 },
  ...change,
});
const input = (change: Partial<PairInput> = {}): PairInput => ({
  source: { pairRateHz: 1e5, visibility: 0.95 },
  stations: [station(), station({ transmittance: bins(0.1) })],
  binS: 0.1,
  seed: 1203,
  ...change,
});

/** Rows of one station over all bins. */
function rowsOf(all: Iterable<PairBin>, which: 0 | 1) {
  const rows: { timePs: number; reckonedPs: number; detector: number; cause: number; pair: number }[] = [];
  for (const { stations } of all) {
    const { tags, reckonedPs, truth } = stations[which];
    for (let i = 0; i < reckonedPs.length; i++) {
      rows.push({
        timePs: tags.timePs[i]!,
        reckonedPs: reckonedPs[i]!,
        detector: tags.detector[i]!,
        cause: truth.cause[i]!,
        pair: truth.pair[i]!,
      });
    }
  }
  return rows;
}
const poissonZ = (count: number, mean: number): number => (count - mean) / Math.sqrt(mean);

describe('pairs', () => {
  it('come at the rates of source, loss and noise', () => {
    const all = [...pairs(input())];
    for (const [which, transmittance] of [
      [0, 0.3],
      [1, 0.1],
    ] as const) {
      const rows = rowsOf(all, which);
      const seconds = BINS * 0.1;
      const noise = rows.filter(({ cause }) => cause === Cause.noise).length;
      assert.ok(Math.abs(poissonZ(noise, 400 * seconds)) < 4, `${noise} counts of noise`);
      const light = rows.filter(({ cause }) => cause === Cause.photon).length;
      assert.ok(Math.abs(poissonZ(light, 1e5 * transmittance * seconds)) < 4, `${light} photons`);
      assert.equal(noise + light, rows.length);
      const detectors = [0, 1, 2, 3].map((d) => rows.filter(({ detector }) => detector === d).length);
      assert.ok(againstExpected(detectors, detectors.fill(rows.length / 4).slice()) < 4);
    }
    const other = new Set(rowsOf(all, 1).map(({ pair }) => pair));
    const both = rowsOf(all, 0).filter(({ pair }) => pair >= 0 && other.has(pair)).length;
    assert.ok(Math.abs(poissonZ(both, 1e5 * 0.03 * 2)) < 4, `${both} whole pairs`);
  });

  it('are in order of time over all bins, complete where they say so, and the same for a seed', () => {
    const flaws = { detectors: [0, 700, -300, 20].map((delayPs) => ({ delayPs })) };
    const noisy = station({
      receiver: { ...station().receiver, jitterPs: 3000, flaws },
      clock: { offsetPs: bins(0).map((_, i) => i * 900), jitterPs: 100 },
      flight: { atStartPs: bins(0).map((_, i) => 3e9 + i * 2e6), ratePsPerS: bins(2e7), curvaturePsPerS2: bins(0) },
    });
    const given = input({ stations: [noisy, station()], source: { pairRateHz: 5e5, visibility: 0.9 } });
    const all = [...pairs(given)];
    for (const which of [0, 1] as const) {
      let last = Number.NEGATIVE_INFINITY;
      let lastTag = Number.NEGATIVE_INFINITY;
      let complete = Number.NEGATIVE_INFINITY;
      for (const { stations, completePs } of all) {
        const { reckonedPs, tags } = stations[which];
        for (const [i, here] of reckonedPs.entries()) {
          assert.ok(here >= last && here >= complete - 1 && here <= completePs + 1, `${here} of ${completePs}`);
          assert.ok(tags.timePs[i]! >= lastTag);
          last = here;
          lastTag = tags.timePs[i]!;
        }
        complete = completePs;
      }
    }
    assert.deepEqual([...pairs(given)], all);
    assert.notDeepEqual([...pairs({ ...given, seed: 1204 })], all);
    const pass = createPairs(given);
    assert.deepEqual([pass.bins, pass.remaining], [BINS, BINS]);
    while (pass.remaining > 0) pass.next();
    assert.throws(() => pass.next(), { code: 'photons/range' });
  });

  it('keep times: flight, clock, delays and jitter', () => {
    const flaws = { detectors: [0, 500, -500, 0].map((delayPs) => ({ delayPs })) };
    const at = station({
      noiseHz: bins(0),
      receiver: { ...station().receiver, flaws },
      flight: { atStartPs: bins(0).map((_, i) => 4e9 - 1e6 * i), ratePsPerS: bins(-1e7), curvaturePsPerS2: bins(4e5) },
      clock: { offsetPs: bins(3000), jitterPs: 150 },
    });
    const all = [...pairs(input({ stations: [at, station({ noiseHz: bins(0) })] }))];
    for (const { timePs, reckonedPs } of rowsOf(all, 0)) {
      const bin = Math.min(BINS - 1, Math.floor(reckonedPs / 1e11));
      const seconds = reckonedPs / 1e12 - bin * 0.1;
      const flight = 4e9 - 1e6 * bin - 1e7 * seconds + 2e5 * seconds * seconds;
      assert.ok(Math.abs(timePs - reckonedPs - flight) < 2, `${timePs - reckonedPs} ${flight}`);
    }
    const there = new Map(rowsOf(all, 1).map((row) => [row.pair, row.reckonedPs]));
    for (const [detector, delayPs] of [0, 500, -500, 0].entries()) {
      const late = rowsOf(all, 0)
        .filter((row) => row.detector === detector && there.has(row.pair))
        .map((row) => row.reckonedPs - there.get(row.pair)!);
      const mean = late.reduce((sum, one) => sum + one, 0) / late.length;
      const variance = late.reduce((sum, one) => sum + (one - mean) ** 2, 0) / late.length;
      const expected = 200 ** 2 + 200 ** 2 + 150 ** 2;
      assert.ok(
        Math.abs(mean - delayPs - 3000) < 4 * Math.sqrt(expected / late.length),
        `detector ${detector}: ${mean}`,
      );
      assert.ok(Math.abs(variance / expected - 1) < 4 * Math.sqrt(2 / late.length));
    }
  });

  it('find detectors dead after a click, one or all, and click again by themselves', () => {
    const at = (flaws: NonNullable<PairStation['receiver']['flaws']>): PairStation =>
      station({
        noiseHz: bins(0),
        receiver: { basisXProbability: 0.5, misalignment: 0, deadTimeNs: 1000, jitterPs: 0, flaws },
      });
    const one = at({ afterPulse: { probability: 0.05, timeConstantNs: 500 } });
    const all = at({ deadTogether: true });
    const played = [...pairs(input({ source: { pairRateHz: 3e6, visibility: 1 }, stations: [one, all] }))];
    const first = rowsOf(played, 0);
    const last = new Float64Array(4).fill(Number.NEGATIVE_INFINITY);
    for (const { reckonedPs, detector } of first) {
      assert.ok(reckonedPs - last[detector]! >= 1e6 - 1);
      last[detector] = reckonedPs;
    }
    const second = rowsOf(played, 1);
    assert.ok(second.every((row, i) => i === 0 || row.reckonedPs - second[i - 1]!.reckonedPs >= 1e6 - 1));
    // Light of rate r per detector, dead for d after each click: r / (1 + r d) clicks.
    const all4 = 0.3 * 3e6;
    const expected = (all4 / (1 + all4 * 1e-6)) * 2;
    assert.ok(Math.abs(second.length / expected - 1) < 0.01, `${second.length} of ${expected}`);
    // An after-pulse is lost where light came before it: the share is 0.05 r' / (r' + r) of r' = 1/500 ns.
    const after = first.filter(({ cause }) => cause === Cause.afterPulse).length;
    const share = (0.05 * 2e6) / (2e6 + all4 / 4);
    assert.ok(Math.abs(after / first.length / share - 1) < 0.03, `${after / first.length} of ${share}`);
  });

  it('are distributed as in a loop over every pair', () => {
    const efficiency = [1, 0.8, 0.6, 0.9];
    const source = { pairRateHz: 1e5, visibility: 0.9, doubleProbability: 0.4 };
    const receivers = [
      { basisXProbability: 0.4, misalignment: 0.03, deadTimeNs: 0, jitterPs: 0 },
      { basisXProbability: 0.7, misalignment: 0.01, deadTimeNs: 0, jitterPs: 0 },
    ] as const;
    const angles = [
      [Math.PI / 4, 0],
      [0.3, 1.4],
    ] as const;
    const transmittance = [0.5, 0.3] as const;
    const stations = [0, 1].map((i) =>
      station({
        transmittance: bins(transmittance[i]!),
        noiseHz: bins(0),
        analyserRad: angles[i]!,
        receiver: {
          ...receivers[i]!,
          ...(i ? { flaws: { detectors: efficiency.map((e) => ({ efficiency: e })) } } : {}),
        },
      }),
    ) as [PairStation, PairStation];
    // A cell for what a pair shows: detector of either station or none, 5 * 5.
    const shown = new Float64Array(25);
    const seen = new Map<number, number>();
    for (const bin of pairs(input({ source, stations }))) {
      for (const which of [0, 1] as const) {
        const { tags, truth } = bin.stations[which];
        for (const [i, pair] of truth.pair.entries()) {
          seen.set(pair, (seen.get(pair) ?? 0) + (tags.detector[i]! + 1) * (which ? 1 : 5));
        }
      }
    }
    for (const cell of seen.values()) shown[cell]!++;
    const reference = new Float64Array(25);
    const random = seededRandom(77);
    for (let pair = 0; pair < source.pairRateHz * 2 * 1.4; pair++) {
      const bases = receivers.map(({ basisXProbability }) => (random.uniform() < basisXProbability ? 0 : 1));
      const agree =
        0.9 * (1 - 0.06) * (1 - 0.02) * Math.cos(2 * (angles[0][bases[0] as 0 | 1]! - angles[1][bases[1] as 0 | 1]!));
      const bitA = random.uniform() < 0.5 ? 0 : 1;
      const bitB = random.uniform() < 0.5 + agree / 2 ? bitA : 1 - bitA;
      const detectors = [bases[0]! * 2 + bitA, bases[1]! * 2 + bitB];
      const clicks = detectors.map((d, i) => random.uniform() < transmittance[i]! * (i ? efficiency[d]! : 1));
      reference[(clicks[0] ? detectors[0]! + 1 : 0) * 5 + (clicks[1] ? detectors[1]! + 1 : 0)]!++;
    }
    reference[0] = 0;
    const deviate = twoSamples(shown, reference);
    assert.ok(deviate < 4, `${deviate}`);
    const count = (cells: Float64Array): number => cells.reduce((sum, one) => sum + one, 0);
    assert.ok(Math.abs(poissonZ(count(shown), count(reference))) < 6);
  });

  it('are refused when they cannot be', () => {
    const code = 'photons/pairs';
    const with0 = (change: Partial<PairStation>): PairInput => input({ stations: [station(change), station()] });
    for (const [bad, message] of [
      [input({ source: { pairRateHz: -1, visibility: 1 } }), /pairRateHz is -1/],
      [input({ source: { pairRateHz: 1, visibility: 1.1 } }), /visibility is 1.1/],
      [input({ binS: 0 }), /binS is 0/],
      [with0({ transmittance: bins(2) }), /stations\[0\].transmittance\[0\] is 2/],
      [with0({ noiseHz: new Float64Array(3) }), /length of stations\[0\].noiseHz is 3/],
      [with0({ receiver: { ...station().receiver, misalignment: 0.6 } }), /misalignment is 0.6/],
      [with0({ receiver: { ...station().receiver, flaws: { recoveryNs: 3 } as never } }), /recoveryNs.*no model/],
      [with0({ receiver: { ...station().receiver, flaws: { detectors: [{}] } } }), /detectors is 1/],
      [with0({ clock: { offsetPs: bins(Number.NaN), jitterPs: 0 } }), /clock.offsetPs\[0\] is NaN/],
    ] as const) {
      assert.throws(() => createPairs(bad), { code, message });
    }
    assert.throws(() => createPairs(input({ seed: 0.5 })), { code: 'photons/seed' });
  });
});
