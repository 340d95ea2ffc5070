import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '@skykey/photons';
import { findCoincidences } from './coincidences.ts';
import { PairTracker, type TrackedPairs } from './pair-track.ts';
import { type CoupleOptions, couple, PAIR_JITTER_PS } from './test/couple.ts';

const options = { jitterPs: PAIR_JITTER_PS, uncertainty: { offsetPs: 1e9, slope: 1e-7 } };

function play(of: CoupleOptions) {
  const bins = [...couple(of)];
  const joined = (columns: readonly Float64Array[]): Float64Array => {
    const whole = new Float64Array(columns.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const column of columns) {
      whole.set(column, at);
      at += column.length;
    }
    return whole;
  };
  return {
    first: joined(bins.map(({ stations }) => stations[0].tags.timePs)),
    second: joined(bins.map(({ secondPs }) => secondPs)),
    firstPair: joined(bins.map(({ stations }) => stations[0].truth.pair)),
    secondPair: joined(bins.map(({ stations }) => stations[1].truth.pair)),
  };
}

describe('coincidences', () => {
  it('are found within 1 ms and 1e-7 at 1 k a second among 100 k singles, and followed', () => {
    for (const [seed, offsetPs, driftPsPerS] of [
      [1, 0.99e9, 9.8e4],
      [2, -0.99e9, -9.8e4],
      [3, 0, 0],
    ] as const) {
      const { first, second, firstPair, secondPair } = play({ durationS: 4, seed, offsetPs, driftPsPerS });
      const before = (t: number): boolean => t < 1e12;
      const found = findCoincidences(first.filter(before), second.filter(before), options);
      assert.equal(found.kind, 'found');
      if (found.kind !== 'found') return;
      assert.ok(found.rateHz > 800 && found.rateHz < 1200, `${found.rateHz} coincidences/s`);
      const { atPs, mean, covariance } = found.state;
      const off = mean[0] - offsetPs - driftPsPerS * atPs * 1e-12;
      assert.ok(Math.abs(off) < 5 * Math.sqrt(covariance[0]), `offset off by ${off} ps`);
      assert.ok(Math.abs(mean[1] - driftPsPerS) < 5 * Math.sqrt(covariance[3]), `slope ${mean[1]}`);

      const tracker = new PairTracker({ jitterPs: PAIR_JITTER_PS, windowPs: 2500 }, found, 1e12);
      const pieces: TrackedPairs[] = [];
      // Chunks of unlike length, so that one station is ahead of the other and falls behind.
      for (let i = 0; i < 60; i++) {
        const part = (whole: Float64Array, from: number, to: number) =>
          whole.subarray(Math.floor((from * whole.length) / 60), Math.floor((to * whole.length) / 60));
        const ahead = i % 2;
        pieces.push(
          tracker.push(
            part(first, i, i + 1),
            part(second, i === 0 ? 0 : i + 1 - ahead, Math.min(60, i + 2 - (1 - ahead))),
          ),
        );
      }
      pieces.push(tracker.finish());
      let [rows, pairs, squares, last] = [0, 0, 0, -1];
      for (const { firstRow, secondRow, residualPs } of pieces) {
        for (let i = 0; i < firstRow.length; i++, rows++) {
          const [a, b] = [firstRow[i]!, secondRow[i]!];
          assert.ok(b > last, 'a tag is in one coincidence');
          last = b;
          if (firstPair[a]! >= 0 && firstPair[a] === secondPair[b]) pairs++;
          const tracked = second[b]! - first[a]! - residualPs[i]!;
          squares += (tracked - offsetPs - driftPsPerS * first[a]! * 1e-12) ** 2;
        }
      }
      let due = 0;
      const rowOf = new Map(Array.from(firstPair, (pair, row) => [pair, row]));
      for (const pair of secondPair) if (pair >= 0 && first[rowOf.get(pair) ?? 0]! >= 1e12 && rowOf.has(pair)) due++;
      // 2.5 standard deviations of the difference on either side hold 98.8 %.
      assert.ok(pairs > 0.97 * due && pairs <= due, `${pairs} of ${due} pairs`);
      assert.ok(rows - pairs < 0.05 * rows, 'accidents are few');
      assert.ok(Math.sqrt(squares / rows) < 100, `rms ${Math.sqrt(squares / rows)} ps`);
    }
  });

  it('are followed through a cloud over one station', () => {
    const { first, second } = play({ durationS: 6, seed: 5, driftPsPerS: 3e4, offsetPs: 2e5, cloud: [2, 4] });
    const before = (t: number): boolean => t < 1e12;
    const found = findCoincidences(first.filter(before), second.filter(before), options);
    assert.ok(found.kind === 'found');
    const tracker = new PairTracker({ jitterPs: PAIR_JITTER_PS, windowPs: 2500 }, found, 1e12);
    const times = [tracker.push(first, second), tracker.finish()].flatMap(({ firstRow }) =>
      [...firstRow].map((row) => first[row]! * 1e-12),
    );
    const rate = (from: number, to: number) => times.filter((s) => s >= from && s < to).length / (to - from);
    assert.ok(rate(1, 2) > 900 && rate(2, 4) < 100 && rate(4, 6) > 900, 'light, none, light');
    assert.ok(!tracker.lost);
    assert.ok(Math.abs(tracker.offsetAt(6e12) - 3.8e5) < 300);
  });

  it('are not seen where there are none: 200 seeds of accidents', () => {
    for (let seed = 0; seed < 200; seed++) {
      const random = seededRandom(seed);
      const noise = () => Float64Array.from({ length: 5000 }, () => Math.floor(random.uniform() * 1e11)).sort();
      const result = findCoincidences(noise(), noise(), options);
      assert.equal(result.kind, 'refused', `seed ${seed}`);
      if (result.kind === 'refused') assert.match(result.reason, /significance \d+\.\d\d, 7\.5 is the least/);
    }
  });

  it('are not looked for without tags, order or overlap', () => {
    const some = Float64Array.of(1, 2, 3);
    assert.equal(findCoincidences(some, new Float64Array(0), options).kind, 'refused');
    assert.equal(findCoincidences(some, Float64Array.of(7, 8), options).kind, 'refused');
    assert.throws(() => findCoincidences(Float64Array.of(2, 1), some, options), { code: 'distill/sync' });
    assert.throws(() => findCoincidences(some, some, { ...options, jitterPs: 0 }), { code: 'distill/sync' });
    const start = {
      state: { atPs: 0, mean: [0, 0, 0], covariance: [1, 0, 0, 1, 0, 1] },
      noise: 0.1,
      tagRateHz: 1e3,
    } as const;
    assert.throws(() => new PairTracker({ jitterPs: 10, windowPs: 321 }, start, 0), /at most 32 jitters/);
  });
});
