import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '@skykey/photons';
import { FoldedLaw } from './folded.ts';

const gaussian = (random: { uniform(): number }): number =>
  Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform());

describe('folded law', () => {
  it('has the information of a Gaussian without noise and in a long period, and of a cosine in a short one', () => {
    assert.ok(Math.abs(new FoldedLaw(10_000, 350).information(0) * 350 ** 2 - 1) < 1e-6);
    const short = new FoldedLaw(1000, 500);
    // 1 + 2 c cos: information 2 c^2 (2 pi / period)^2 to first order in c^2.
    const cosine = 2 * short.contrast ** 2 * ((2 * Math.PI) / 1000) ** 2;
    assert.ok(Math.abs(short.information(0) / cosine - 1) < 1e-3);
    assert.equal(short.information(1), 0);
  });

  it('finds a shift with the variance that the information promises, noise and wrapping included', () => {
    for (const [periodPs, jitterPs, noise, tags] of [
      [10_000, 350, 0.1, 60],
      [10_000, 350, 0.6, 200],
      [1000, 350, 0.1, 3000],
    ] as const) {
      const law = new FoldedLaw(periodPs, jitterPs);
      const random = seededRandom(tags);
      let squares = 0;
      const runs = 300;
      for (let run = 0; run < runs; run++) {
        const counts = new Float64Array(law.bins);
        const shift = 120 * (random.uniform() - 0.5);
        for (let i = 0; i < tags; i++) {
          const light = random.uniform() >= noise;
          counts[law.binOf(light ? shift + jitterPs * gaussian(random) : periodPs * random.uniform())]!++;
        }
        squares += (law.shift(counts, tags, noise, 1e6) - shift) ** 2;
      }
      const ratio = (squares / runs) * tags * law.information(noise);
      // The spread of a variance from 300 runs is 8 %; likelihood at finite numbers costs a little.
      assert.ok(ratio > 0.7 && ratio < 1.35, `${periodPs} ps, noise ${noise}: ${ratio}`);
    }
  });

  it('finds a shift of half a slot where the prior allows it', () => {
    const law = new FoldedLaw(10_000, 350);
    const counts = new Float64Array(law.bins);
    for (let i = -3; i <= 3; i++) counts[law.binOf(4200 + 100 * i)]!++;
    assert.ok(Math.abs(law.shift(counts, 7, 0.1, 4e7) - 4200) < 20);
    assert.ok(Math.abs(law.shift(counts, 7, 0.1, 1e4)) < 20, 'a narrow prior holds against it');
  });

  it('refuses a jitter in which no phase can be seen', () => {
    assert.throws(() => new FoldedLaw(1000, 600), { code: 'distill/sync', message: /no phase can be seen/ });
  });
});
