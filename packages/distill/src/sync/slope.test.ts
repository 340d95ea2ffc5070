import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '@skykey/photons';
import { slopePeaks } from './slope.ts';

const times = (count: number, spanPs: number, seed: number): Float64Array => {
  const random = seededRandom(seed);
  return Float64Array.from({ length: count }, () => Math.floor(random.uniform() * spanPs) + 5e12).sort();
};

describe('slope', () => {
  it('finds slope and phase of pulses to their statistical limit, at the ends of the range too', () => {
    for (const [periodPs, slope] of [
      [10_000, 0],
      [10_000, 1e-7],
      [1000, -1e-7],
      [1600, 4.32e-8],
    ] as const) {
      const count = 600;
      const at = times(count, 1e11, periodPs).map((t) => Math.round(t / periodPs) * periodPs);
      const middle = (at[0]! + at[count - 1]!) / 2;
      const phasePs = 0.3 * periodPs;
      const pulled = at.map((t) => t + phasePs + slope * (t - middle));
      const [peak] = slopePeaks(pulled, periodPs, 1e-7, 3);
      assert.ok(peak!.power > 0.9 * count, `power ${peak!.power}`);
      assert.ok(Math.abs(peak!.slope - slope) < 1e-9, `slope ${peak!.slope}`);
      assert.ok(Math.abs(peak!.phasePs - phasePs) < 0.02 * periodPs, `phase ${peak!.phasePs}`);
    }
  });

  it('sees in noise a power as a sum of unit vectors has it: 1 in the mean, e^-3 of all above 3', () => {
    let powers = 0;
    let above = 0;
    const runs = 400;
    for (let seed = 0; seed < runs; seed++) {
      // One slope only: range far below a turn.
      const [peak] = slopePeaks(times(100, 1e11, seed + 10), 10_000, 1e-12, 1);
      powers += peak!.power;
      if (peak!.power > 3) above++;
    }
    assert.ok(Math.abs(powers / runs - 1) < 0.2, `mean ${powers / runs}`);
    assert.ok(Math.abs(above / runs - Math.exp(-3)) < 0.04, `above ${above / runs}`);
  });

  it('refuses what has no slope', () => {
    assert.throws(() => slopePeaks(Float64Array.of(1), 10_000, 1e-7, 1), { code: 'distill/sync' });
    assert.throws(() => slopePeaks(Float64Array.of(1, 1), 10_000, 1e-7, 1), { code: 'distill/sync' });
  });
});
