import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { doublePairs, hostileSource, interceptOneArm } from './adversaries.ts';
import { CoincidenceSearch, type Coincidences } from './coincidences.ts';
import { CoincidenceTable, type Estimate } from './correlations.ts';
import { pairs } from './create.ts';
import { CHSH_ANALYSER_RAD, type PairAdversary, type PairInput, type PairStation } from './pairs.ts';

const BINS = 10;
const bins = (value: number): Float64Array => new Float64Array(BINS).fill(value);
const WINDOW_PS = 2000;

function input(change: {
  readonly visibility?: number;
  readonly pairRateHz?: number;
  readonly transmittance?: number;
  readonly noiseHz?: number;
  readonly bob?: Partial<PairStation>;
  readonly adversary?: PairAdversary;
  readonly seed?: number;
}): PairInput {
  const station: PairStation = {
    transmittance: bins(change.transmittance ?? 0.3),
    noiseHz: bins(change.noiseHz ?? 0),
    receiver: { basisXProbability: 0.5, misalignment: 0, deadTimeNs: 50, jitterPs: 150 },
  };
  return {
    source: { pairRateHz: change.pairRateHz ?? 2e4, visibility: change.visibility ?? 1 },
    stations: [station, { ...station, ...change.bob }],
    binS: 2,
    seed: change.seed ?? 11,
    ...(change.adversary ? { adversary: change.adversary } : {}),
  };
}
const chsh = { analyserRad: CHSH_ANALYSER_RAD };

function play(given: PairInput, windowPs = WINDOW_PS, offsetPs = 0) {
  const search = new CoincidenceSearch({ windowPs, offsetPs });
  const table = new CoincidenceTable();
  const found: Coincidences[] = [];
  const singles = [0, 0];
  for (const bin of pairs(given)) {
    const here = search.push(bin);
    table.add(here);
    found.push(here);
    for (const which of [0, 1] as const) singles[which]! += bin.stations[which].reckonedPs.length;
  }
  return { table, found, singles: singles as [number, number] };
}

function near({ value, error }: Estimate, expected: number, slack = 0): void {
  assert.ok(Math.abs(value - expected) < 4 * error + slack, `${value} ± ${error} of ${expected}`);
}

describe('pairs of visibility V', () => {
  for (const visibility of [1, 0.95, 0.8, 0.5, 0]) {
    it(`${visibility}: QBER is (1 - V)/2 in both bases, S is 2 sqrt 2 V`, () => {
      // Accidents: 6000 a second on either side, 2 ns: 0.07 of 1800 coincidences a second.
      const straight = play(input({ visibility })).table;
      for (const basis of [0, 1] as const) {
        const qber = straight.qber(basis);
        near({ ...qber, error: Math.max(qber.error, 1e-5) }, (1 - visibility) / 2, 3e-5);
        assert.ok(straight.sifted(basis) > 8000);
      }
      near(play(input({ visibility, bob: chsh })).table.chsh(), 2 * Math.SQRT2 * visibility, 2e-4);
    });
  }

  it('lose what misalignment takes', () => {
    const receiver = { basisXProbability: 0.5, misalignment: 0.05, deadTimeNs: 50, jitterPs: 150 };
    near(play(input({ visibility: 0.9, bob: { receiver } })).table.qber(0), (1 - 0.9 * 0.9) / 2, 1e-4);
  });
});

describe('coincidences', () => {
  it('of noise alone come at the product of the rates times the window, with errors in half', () => {
    const { table, singles } = play(input({ pairRateHz: 0, noiseHz: 10_000 }), 20_000);
    const expected = (singles[0] * singles[1] * 2e-8) / 20;
    assert.ok(Math.abs(table.total - expected) < 4 * Math.sqrt(expected), `${table.total} of ${expected}`);
    near(table.qber(0), 0.5);
    near(table.qber(1), 0.5);
    near(table.chsh(), 0);
  });

  it('are the true pairs, whatever bin they fall into, and away from them accidents', () => {
    const given = input({ pairRateHz: 2e5, noiseHz: 500 });
    const short = { ...given, binS: 1e-3, stations: given.stations.map((one) => longer(one, 2000)) as never };
    const { found } = play(short);
    const all = found.reduce((sum, { truePair }) => sum + truePair.length, 0);
    const real = found.reduce((sum, { truePair }) => sum + truePair.reduce((n, one) => n + one, 0), 0);
    const whole = new Map<number, number>();
    for (const { stations } of pairs(short)) {
      for (const { truth } of stations) {
        for (const pair of truth.pair) if (pair >= 0) whole.set(pair, (whole.get(pair) ?? 0) + 1);
      }
    }
    const there = [...whole.values()].filter((tags) => tags === 2).length;
    // Jitter of 212 ps in a window of 1000 either side: 4.7 sigma.
    assert.ok(real <= there && real > there * 0.9985, `${real} of ${there}`);
    assert.ok((all - real) / all < 5e-4);
    for (const offsetPs of [50_000, -50_000]) {
      const aside = play(short, WINDOW_PS, offsetPs);
      const expected = (aside.singles[0] * aside.singles[1] * 2e-9) / 2;
      assert.ok(
        Math.abs(aside.table.total - expected) < 5 * Math.sqrt(expected),
        `${aside.table.total} of ${expected}`,
      );
    }
  });

  it('are those of a search over all rows at once', () => {
    const given = input({ pairRateHz: 3e6, noiseHz: 1e5, transmittance: 0.4 });
    const short = { ...given, binS: 1e-4, stations: given.stations.map((one) => longer(one, 40)) as never };
    const rows = [0, 1].map((which) => {
      const times: number[] = [];
      for (const { stations } of pairs(short)) times.push(...stations[which as 0 | 1].reckonedPs);
      return times;
    });
    for (const offsetPs of [0, 700, -700]) {
      const expected: number[] = [];
      const free = new Set(rows[1]!.map((_, i) => i));
      for (const here of rows[0]!) {
        for (const i of free) {
          const difference = rows[1]![i]! - offsetPs - here;
          if (difference > 3000) break;
          if (difference < -3000) free.delete(i);
          else {
            free.delete(i);
            expected.push(difference);
            break;
          }
        }
      }
      const { found } = play(short, 6000, offsetPs);
      assert.deepEqual(
        found.flatMap(({ differencePs }) => [...differencePs]),
        expected,
      );
    }
    assert.throws(() => new CoincidenceSearch({ windowPs: 0 }), { code: 'photons/pairs' });
    assert.throws(() => new CoincidenceSearch({ windowPs: 1, offsetPs: Number.NaN }), { code: 'photons/pairs' });
  });
});

function longer(station: PairStation, length: number): PairStation {
  return {
    ...station,
    transmittance: new Float64Array(length).fill(station.transmittance[0]!),
    noiseHz: new Float64Array(length).fill(station.noiseHz[0]!),
  };
}

describe('adversaries of pairs', () => {
  it('who intercept one arm make errors in a quarter, and S at most 2', () => {
    for (const station of [0, 1] as const) {
      const adversary = interceptOneArm(1, station);
      const { table, found, singles } = play(input({ adversary }));
      near(table.qber(0), 0.25);
      near(table.qber(1), 0.25);
      const honest = play(input({})).singles;
      for (const which of [0, 1] as const) assert.ok(Math.abs(singles[which] / honest[which] - 1) < 0.02);
      const s = play(input({ adversary, bob: chsh })).table.chsh();
      near(s, Math.SQRT2);
      assert.ok(s.value < 2);
      // She measured in the right basis half of the time, and then she knows the bit.
      const guess = found.flatMap((one) => [...one.guess]);
      const sure = guess.filter((one) => one === 65535).length / guess.length;
      assert.ok(Math.abs(sure - 0.5) < 0.02, `${sure}`);
      assert.ok(guess.every((one) => one === 65535 || one <= 32768));
    }
    // A share s of them: QBER s/4, and the rest of S.
    const adversary = interceptOneArm(0.3);
    near(play(input({ adversary })).table.qber(0), 0.075);
    near(play(input({ adversary, bob: chsh })).table.chsh(), 0.7 * 2 * Math.SQRT2 + 0.3 * Math.SQRT2);
  });

  it('who are the source cannot have few errors in both bases, nor S above 2', () => {
    for (const basisZ of [0, 0.25, 0.5, 1]) {
      const adversary = hostileSource(1, basisZ);
      const { table, found } = play(input({ adversary }));
      near({ ...table.qber(0), error: Math.max(table.qber(0).error, 1e-4) }, basisZ / 2);
      near({ ...table.qber(1), error: Math.max(table.qber(1).error, 1e-4) }, (1 - basisZ) / 2);
      assert.ok(found.some(({ guess }) => guess.includes(65535)));
      for (const analyserRad of [CHSH_ANALYSER_RAD, [0, Math.PI / 4], [Math.PI / 4, 0], [0.1, 0.9]] as const) {
        const s = play(input({ adversary, bob: { analyserRad } })).table.chsh();
        assert.ok(Math.abs(s.value) < 2 + 4 * s.error, `${s.value} ± ${s.error}`);
      }
    }
  });

  it('of strength 0 change nothing, and out of range are refused', () => {
    const honest = [...pairs(input({}))];
    for (const adversary of [interceptOneArm(0), hostileSource(0), doublePairs(0)]) {
      assert.deepEqual([...pairs(input({ adversary }))], honest);
    }
    for (const bad of [-0.1, 1.1, Number.NaN]) {
      for (const make of [interceptOneArm, hostileSource, doublePairs]) {
        assert.throws(() => make(bad), { code: 'photons/adversary' });
      }
    }
  });

  it('let pairs out in twos: photons of different pairs share nothing', () => {
    for (const share of [0.2, 1]) {
      // Of small transmittance: 1 + d true coincidences, 2 d across.
      const given = input({ adversary: doublePairs(share), transmittance: 0.02, pairRateHz: 2e5 });
      const dead = given.stations.map((one) => ({ ...one, receiver: { ...one.receiver, deadTimeNs: 0 } }));
      const { table } = play({ ...given, stations: dead as never });
      const expected = share / (1 + 3 * share);
      near(table.qber(0), expected, 0.01);
      near(table.qber(1), expected, 0.01);
    }
  });
});
