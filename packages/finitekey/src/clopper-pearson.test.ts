import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { clopperPearson } from './clopper-pearson.ts';
import type { DecoyDocument } from './document.ts';

fc.configureGlobal({ seed: 2410 });

describe('intensities at the edge of what the formulas allow', () => {
  it('never make singles out of the rounding of their difference', () => {
    // Counts of a link on which half of the single photons, and nothing else, comes through.
    const share = fc.double({ min: 0.01, max: 0.5, noNaN: true });
    fc.assert(
      fc.property(share, share, fc.integer({ min: 0, max: 3 }), (a, b, ulps) => {
        const [mu2, mu3] = [a + b, b / 3];
        let mu1 = mu2 + mu3;
        for (let i = 0; i < ulps; i++) mu1 += 2 ** (Math.floor(Math.log2(mu1)) - 52);
        if (!(mu1 > mu2 + mu3)) return;
        const intensities = [mu1, mu2, mu3];
        const probabilities = [0.5, 0.3, 0.2];
        const counts = intensities.map((mu, k) => Math.round(1e6 * probabilities[k]! * mu * Math.exp(-mu)));
        const document: DecoyDocument = {
          protocol: 'decoy-bb84',
          intensities,
          probabilities,
          nX: counts,
          mX: [0, 0, 0],
          nZ: counts,
          mZ: [0, 0, 0],
          epsSec: 1e-9,
          epsCor: 1e-15,
          leakBits: 0,
        };
        const { keySingles, testSingles } = clopperPearson.bounds(document, Math.log(1e10));
        const all = counts.reduce((sum, n) => sum + n, 0);
        assert.ok(keySingles <= all && testSingles <= all, `${keySingles} of ${all} for ${intensities}`);
      }),
      { numRuns: 2000 },
    );
  });
});
