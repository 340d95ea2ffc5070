import { binaryEntropy } from './entropy.ts';
import { FiniteKeyError } from './error.ts';
import type { KeyLength, KeyLengthRequest } from './types.ts';

export type * from './types.ts';

/**
 * Finite-key length of decoy-state BB84 with three intensities: Lim, Curty, Walenta, Xu and Zbinden, "Concise security
 * bounds for practical decoy-state quantum key distribution", Phys. Rev. A 89, 022307 (2014), key from X, test in Z.
 *
 * Conventions where the paper leaves room: n+- and m+- are not clipped; s_0 and s_1 are clipped at 0, v_{Z,1} to
 * [0, m_Z], phi at 1/2. `log` is natural in the deviations and base 2 wherever bits are counted.
 */

/** Each of the bounds may fail with probability epsSec / 21. */
export const SHARES = 21;

export type Triple = readonly [number, number, number];

/** Bounds [lower, upper] on an expectation, from `count` observed of `total` over all intensities. */
export type Concentration = (count: number, total: number) => readonly [lower: number, upper: number];

/** Deviation sqrt(total / 2 ln(21 / epsSec)), equal for all intensities: as printed. */
function hoeffding(beta: number): Concentration {
  return (count, total) => {
    const deviation = Math.sqrt((total / 2) * beta);
    return [count - deviation, count + deviation];
  };
}

/** Deviations that scale with the count of the intensity itself (form of Yin et al., arXiv:2002.06530, Sci. Rep. 2020). */
function chernoff(beta: number): Concentration {
  return (count) => [
    count - beta / 2 - Math.sqrt(2 * beta * count + (beta * beta) / 4),
    count + beta + Math.sqrt(2 * beta * count + beta * beta),
  ];
}

export const BOUNDS = { hoeffding, chernoff } as const;
const BOUND_NAMES = { hoeffding: 'Hoeffding', chernoff: 'Chernoff' } as const;

/** Gaps that `securedKeyLength` closes, as far as side channels are declared. */
export const EQUAL_DETECTORS_GAP =
  'A click is taken to be as likely in one basis as in the other, and for one value as for the other, whatever arrives: detectors alike in efficiency, dark counts, after-pulses and dead time; a mismatch is not in the bound.';
export const ALIKE_PULSES_GAP =
  'Pulses are taken to be phase-randomised, of the stated mean photon numbers, and alike in all but their polarisation: no side channel, for instance in their timing.';
const GAPS: readonly string[] = [
  'The proof is for keys of a fixed length with an acceptance test; its published form has technical gaps, which arXiv:2405.16578 repairs.',
  'The step from errors in the test basis to phase errors in the key basis (gamma) is an approximate sampling bound, not a strict one everywhere, and zero when no test error was counted.',
  'Error correction is counted by the bits disclosed about the key; that in Cascade both parties speak, each depending on its own data, is not accounted for as in arXiv:2307.00576.',
  EQUAL_DETECTORS_GAP,
  ALIKE_PULSES_GAP,
];
const CHERNOFF_GAP = "The Chernoff form of the deviations is not the paper's own, which uses Hoeffding's inequality.";
const MODEL_GAP =
  'The counts contradict the stated intensities (more single-photon and vacuum events than events), so no key is granted.';

/** A secret length and everything it rests on. Throws FiniteKeyError, naming the field, on input that makes no sense. */
export function lim2014(request: KeyLengthRequest): KeyLength {
  check(request);
  const { counts, leakedBits, epsSec, epsCor, bound } = request;
  // Logarithms of eps are differences of logarithms, so that eps = 1e-300 neither overflows nor underflows.
  const beta = Math.log(SHARES) - Math.log(epsSec);
  const estimate = decoyBounds(counts.meanPhotons, counts.probabilities, BOUNDS[bound](beta));
  const key = estimate.events(counts.keyDetections);
  const test = estimate.events(counts.testDetections);
  const testSingleErrors = estimate.singleErrors(counts.testErrors);

  const contradiction = key.contradiction || test.contradiction;
  const degenerate = contradiction || key.singles === 0 || test.singles === 0;
  const phaseErrorRate = degenerate ? 0.5 : phaseErrorBound(testSingleErrors, test.singles, key.singles, beta);
  const cost = 6 * (beta / Math.LN2) + 1 - Math.log2(epsCor);
  const granted = degenerate ? 0 : key.vacuum + key.singles * (1 - binaryEntropy(phaseErrorRate));
  const rawSecretBits = granted - leakedBits - cost;
  return {
    secretBits: Math.max(0, Math.floor(rawSecretBits)),
    rawSecretBits,
    keyVacuum: key.vacuum,
    keySingles: key.singles,
    testVacuum: test.vacuum,
    testSingles: test.singles,
    testSingleErrors,
    phaseErrorRate,
    proof: `Lim et al. 2014 (${BOUND_NAMES[bound]})`,
    gaps: [...GAPS, ...(bound === 'chernoff' ? [CHERNOFF_GAP] : []), ...(contradiction ? [MODEL_GAP] : [])],
  };
}

/** The decoy method for one source: what all detections, or all errors, of one basis say about vacuum and single photons. */
function decoyBounds(meanPhotons: Triple, probabilities: Triple, concentration: Concentration) {
  const [mu1, mu2, mu3] = meanPhotons;
  const sent = (n: (mu: number) => number): number =>
    meanPhotons.reduce((sum, mu, k) => sum + probabilities[k]! * Math.exp(-mu) * n(mu), 0);
  /** Probability that a pulse holds no photon, one photon. */
  const tau0 = sent(() => 1);
  const tau1 = sent((mu) => mu);
  /** n^-_k and n^+_k: bounds on counts as if every pulse had been sent at intensity k, over its Poisson weight. */
  const scaled = (counts: Triple, k: 0 | 1 | 2) => {
    const [lower, upper] = concentration(counts[k], counts[0] + counts[1] + counts[2]);
    const scale = Math.exp(meanPhotons[k]) / probabilities[k];
    return { lower: scale * lower, upper: scale * upper };
  };
  return {
    /** s_{B,0}, eq. 2, and s_{B,1}, eq. 3. The upper bound of the decoy stands in the vacuum term, as printed. */
    events(counts: Triple) {
      const signal = scaled(counts, 0);
      const decoy = scaled(counts, 1);
      const weakest = scaled(counts, 2);
      const vacuum = Math.max(0, (tau0 * (mu2 * weakest.lower - mu3 * decoy.upper)) / (mu2 - mu3));
      const ratio = (mu2 ** 2 - mu3 ** 2) / mu1 ** 2;
      const singles = Math.max(
        0,
        (tau1 * mu1 * (decoy.lower - weakest.upper - ratio * (signal.upper - vacuum / tau0))) /
          (mu1 * (mu2 - mu3) - mu2 ** 2 + mu3 ** 2),
      );
      // No more events than there are: counts that say otherwise did not come from this source.
      return { vacuum, singles, contradiction: vacuum + singles > counts[0] + counts[1] + counts[2] };
    },
    /** v_{Z,1}, eq. 4; never more than all errors. */
    singleErrors(errors: Triple): number {
      const v = (tau1 * (scaled(errors, 1).upper - scaled(errors, 2).lower)) / (mu2 - mu3);
      return Math.min(Math.max(0, v), errors[0] + errors[1] + errors[2]);
    },
  };
}

/**
 * phi_X = v / s + gamma(epsSec, v / s, s, d), eq. 5, with s = s_{Z,1}, d = s_{X,1} and
 *   gamma(a, b, c, d) = sqrt((c + d) (1 - b) b / (c d ln 2) log2((c + d) / (c d (1 - b) b) 21^2 / a^2)):
 * one logarithm over ln 2, which makes the root's content natural; ln 2 outside the root is a misprint in circulation.
 */
export function phaseErrorBound(v: number, s: number, d: number, beta: number): number {
  const rate = v / s;
  if (rate === 0) return 0;
  if (rate >= 0.5) return 0.5;
  const variance = (1 - rate) * rate;
  const spread = (s + d) / (s * d);
  const bits = Math.log2(spread / variance) + (2 * beta) / Math.LN2;
  // Not positive: eps so large that the formula says nothing.
  if (!(bits > 0)) return 0.5;
  return Math.min(0.5, rate + Math.sqrt(((spread * variance) / Math.LN2) * bits));
}

function check({ counts, leakedBits, epsSec, epsCor, bound }: KeyLengthRequest): void {
  const [mu1, mu2, mu3] = triple('counts.meanPhotons', counts.meanPhotons);
  if (!(mu2 > mu3 && mu1 > mu2 + mu3)) {
    throw new FiniteKeyError(
      'counts.meanPhotons',
      `the intensities must satisfy mu1 > mu2 + mu3 and mu2 > mu3 >= 0, not ${mu1}, ${mu2}, ${mu3}`,
    );
  }
  const probabilities = triple('counts.probabilities', counts.probabilities);
  const sum = probabilities[0] + probabilities[1] + probabilities[2];
  if (probabilities.some((p) => p === 0) || Math.abs(sum - 1) > 1e-9) {
    throw new FiniteKeyError(
      'counts.probabilities',
      `each intensity needs a probability above 0, and together they must be 1, not ${probabilities.join(' + ')} = ${sum}`,
    );
  }
  triple('counts.keyDetections', counts.keyDetections);
  const detections = triple('counts.testDetections', counts.testDetections);
  const errors = triple('counts.testErrors', counts.testErrors);
  for (const k of [0, 1, 2] as const) {
    if (errors[k] > detections[k]) {
      throw new FiniteKeyError(
        'counts.testErrors',
        `${errors[k]} errors among ${detections[k]} detections at intensity ${k + 1}; there cannot be more`,
      );
    }
  }
  if (!(Number.isFinite(leakedBits) && leakedBits >= 0)) {
    throw new FiniteKeyError('leakedBits', `must be a finite number of bits from 0 on, not ${leakedBits}`);
  }
  for (const [field, eps] of Object.entries({ epsSec, epsCor })) {
    if (!(eps > 0 && eps < 1)) throw new FiniteKeyError(field, `must lie between 0 and 1, both excluded, not ${eps}`);
  }
  if (!Object.hasOwn(BOUNDS, bound)) {
    throw new FiniteKeyError('bound', `must be one of ${Object.keys(BOUNDS).join(', ')}, not ${bound}`);
  }
}

function triple(field: string, values: Triple): Triple {
  if (!Array.isArray(values) || values.length !== 3 || !values.every((v) => Number.isFinite(v) && v >= 0)) {
    throw new FiniteKeyError(
      field,
      `must be three finite numbers from 0 on (signal, decoy, weakest), not ${JSON.stringify(values)}`,
    );
  }
  return values;
}
