import { averageAtLeast, averageAtMost } from './binomial.ts';
import { total } from './document.ts';
import type { DecoyMethod } from './variable-length.ts';

/**
 * Decoy statements from an exact interval for each count, in the formulas of Lim et al. 2014, eqs 2 to 4, three intensities:
 * what published theorems give without the combination of counts in `tilted.ts`.
 *
 * Given the photon numbers of the detected pulses, the count of an intensity is a sum of independent events of unequal
 * probabilities, and `averageAtMost` bounds its expectation (Mannalath, Zapatero and Curty, arXiv:2410.04095). The vacuum
 * term of eq. 3 is left out, which only lowers the bound.
 */
export const clopperPearson: DecoyMethod = {
  events: [
    'signal detections in the key basis below their mean',
    'decoy detections in the key basis above their mean',
    'decoy detections in the key basis below their mean',
    'weakest detections in the key basis below their mean',
    'weakest detections in the key basis above their mean',
    'signal detections in the test basis below their mean',
    'decoy detections in the test basis above their mean',
    'weakest detections in the test basis below their mean',
    'decoy errors in the test basis below their mean',
    'weakest errors in the test basis above their mean',
  ],
  bounds({ intensities, probabilities, nX, nZ, mZ }, beta) {
    const [mu1, mu2, mu3] = [intensities[0]!, intensities[1]!, intensities[2]!];
    const tau = (n: (mu: number) => number): number =>
      intensities.reduce((sum, mu, k) => sum + probabilities[k]! * Math.exp(-mu) * n(mu), 0);
    const [tau0, tau1] = [tau(() => 1), tau((mu) => mu)];
    const scaled = (counts: readonly number[], k: number, side: 'least' | 'most'): number => {
      // Expectations are rounded against the result; counts are whole.
      const all = Math.ceil(total(counts));
      const average =
        side === 'most'
          ? averageAtMost(Math.ceil(counts[k]!), all, -beta)
          : averageAtLeast(Math.floor(counts[k]!), all, -beta);
      return (all * average * Math.exp(intensities[k]!)) / probabilities[k]!;
    };
    const singles = (counts: readonly number[]): number => {
      const ratio = (mu2 ** 2 - mu3 ** 2) / mu1 ** 2;
      const events = scaled(counts, 1, 'least') - scaled(counts, 2, 'most') - ratio * scaled(counts, 0, 'most');
      // The printed denominator in factors: written out it cancels near mu1 = mu2 + mu3 and can come out below 0.
      return Math.max(0, (tau1 * mu1 * events) / ((mu1 - mu2 - mu3) * (mu2 - mu3)));
    };
    const vacuum = (tau0 * (mu2 * scaled(nX, 2, 'least') - mu3 * scaled(nX, 1, 'most'))) / (mu2 - mu3);
    return {
      keySingles: singles(nX),
      testSingles: singles(nZ),
      testSingleErrors: Math.max(0, (tau1 * (scaled(mZ, 1, 'most') - scaled(mZ, 2, 'least'))) / (mu2 - mu3)),
      keyVacuum: Math.max(0, vacuum),
    };
  },
};
