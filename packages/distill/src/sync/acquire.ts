import { DistillError } from '../error.ts';
import type { AcquisitionInput, SettingsLaw } from './acquisition.ts';
import { requireOrder } from './disclosure.ts';
import { fitLine } from './fit.ts';
import { FoldedLaw } from './folded.ts';
import { requirePositive } from './prediction.ts';
import type { ServoState } from './servo.ts';
import { type SlopePeak, slopePeaks } from './slope.ts';

/** `candidates`: lines that were tried. */
interface Finding {
  /** Likelihood of the claimed tags coming from Alice's pulses along the line over that by chance, nats. */
  readonly score: number;
  readonly candidates: number;
  /** z of a Gaussian whose tail bound e^(-z^2 / 2) is `candidates * e^(-score)`; 0 where that is 1 or more. */
  readonly significance: number;
}

export interface Acquired extends Finding {
  readonly kind: 'found';
  /** The residual at the middle of the window and how well it is known. */
  readonly state: ServoState;
  /** Share of the window's tags that is not light. */
  readonly noise: number;
  readonly tagRateHz: number;
}

export interface NotAcquired extends Finding {
  readonly kind: 'refused';
  readonly reason: string;
}

/** The least `significance`: false with a probability of at most e^(-7.5^2 / 2) = 6.1e-13, all candidates counted. */
export const LEAST_SIGNIFICANCE = 7.5;

/** Of the alternative that the score tests. A link with less noise or errors scores lower than it could, not wrongly. */
const ASSUMED_NOISE = 0.2;
const ASSUMED_ERRORS = 0.03;
/** Tags times contrast squared from which the times themselves tell how much is noise. */
const TELLING_TAGS = 50;
/** Of a slot. */
const WIDEST_JITTER = 1 / 16;
/** Slopes that are tried. Where jitter is long against the slot the right one need not be the strongest. */
const PEAKS = 16;

/**
 * Finds the line along which Bob's tags come from Alice's pulses, or refuses.
 *
 * Slope and phase within a slot are candidates from the tags' times (`slopePeaks`); the whole slots are decided by what Alice
 * disclosed. A candidate's score is the sum over the claimed tags of `ln (n + (1 - n) mu_k / <mu> f)`, n the share of noise that
 * the times show, or an assumed one, mu_k the intensity she had in that slot, and f = 2 (1 - e) where bases match and bits agree, 2 e where they differ, 1
 * in other bases. Without a relation between tags and settings e^score has mean 1, whatever the tags are, since Alice draws
 * her settings by the law she has agreed: by Markov's inequality a score of S or more comes with a probability of at most
 * e^(-S), and among all candidates of at most `candidates e^(-S)`. No number of tags is needed for that to hold. Who forges
 * Alice's answer can make a line of his own; the slots are wrong then, and with them the bits: that costs the block, not
 * its secrecy.
 *
 * Throws `distill/sync` for columns that do not fit, `distill/claim` for an answer that does not fit the claim.
 */
export function acquire(input: AcquisitionInput): Acquired | NotAcquired {
  const { emissionPs, detector, periodPs, uncertainty, claimed } = input;
  checkInput(input);
  const law = new FoldedLaw(periodPs, input.jitterPs);
  const tags = emissionPs.length;
  if (claimed.row.length < 2) {
    const reason = `${claimed.row.length} tags were claimed; at least two make a line`;
    return { kind: 'refused', score: 0, candidates: 0, significance: 0, reason };
  }
  const peaks = slopePeaks(emissionPs, periodPs, uncertainty.slope, PEAKS);
  const middlePs = (emissionPs[0]! + emissionPs[tags - 1]!) / 2;
  const reach = Math.ceil(uncertainty.offsetPs / periodPs);
  const scores = new Float64Array(2 * reach + 1);
  const expected = expectations(input.settings);
  const supposed = noiseOf(peaks, tags, law.contrast);
  const weights = expected.map((share) => Math.log(supposed + (1 - supposed) * share));
  let best: { peak: SlopePeak; shift: number; score: number } | null = null;
  let rank = Number.NEGATIVE_INFINITY;
  for (const peak of peaks) {
    scoreShifts(input, peak, middlePs, reach, weights, scores);
    for (let i = 0; i < scores.length; i++) {
      // Times and settings are independent witnesses: the power is about the log-likelihood of the slope.
      if (scores[i]! + peak.power <= rank) continue;
      rank = scores[i]! + peak.power;
      best = { peak, shift: i - reach, score: scores[i]! };
    }
  }
  const candidates = peaks.length * scores.length;
  const score = best?.score ?? 0;
  const significance = Math.sqrt(2 * Math.max(0, score - Math.log(Math.max(1, candidates))));
  if (best === null || significance < LEAST_SIGNIFICANCE) {
    const reason =
      `no line through ${detector.length} tags fits what Alice sent: the best of ${candidates} has a significance of ` +
      `${significance.toFixed(2)}, ${LEAST_SIGNIFICANCE} is the least; a longer window may have it`;
    return { kind: 'refused', score, candidates, significance, reason };
  }
  let start = { phasePs: best.peak.phasePs + best.shift * periodPs, slopePsPerS: best.peak.slope * 1e12 };
  // Where jitter is short against the slot the peak is right to many jitters only: fitted by wider ones first.
  for (let wide = periodPs * WIDEST_JITTER; wide > 2 * input.jitterPs; wide /= 4) {
    start = fitLine(input, new FoldedLaw(periodPs, wide), expected, middlePs, start);
  }
  const { phasePs, slopePsPerS, covariance, noise } = fitLine(input, law, expected, middlePs, start);
  const accelerationPs2 = (input.accelerationPsPerS2 ?? 2000) ** 2;
  return {
    kind: 'found',
    score,
    candidates,
    significance,
    state: {
      atPs: middlePs,
      mean: [phasePs, slopePsPerS, 0],
      covariance: [covariance[0], covariance[1], 0, covariance[2], 0, accelerationPs2],
    },
    noise,
    tagRateHz: (1e12 * tags) / (emissionPs[tags - 1]! - emissionPs[0]!),
  };
}

/** By times alone: what Alice disclosed must not choose the alternative it is tested against. */
function noiseOf([strongest]: readonly SlopePeak[], tags: number, contrast: number): number {
  if (strongest === undefined || tags * contrast ** 2 < TELLING_TAGS) return ASSUMED_NOISE;
  return Math.min(0.8, Math.max(0.05, 1 - Math.sqrt(strongest.power / tags) / contrast));
}

function checkInput({ emissionPs, detector, claimed, answer, settings }: AcquisitionInput): void {
  requireOrder(emissionPs);
  if (detector.length !== emissionPs.length || detector.some((one) => one > 3)) {
    throw new DistillError('distill/sync', 'the window must have one detector, 0 to 3, for each tag');
  }
  const { claim, row } = claimed;
  if (row.length !== claim.centreSlot.length || row.some((i) => i >= emissionPs.length)) {
    throw new DistillError('distill/sync', 'the claim is not one of these tags');
  }
  const { meanPhotons, probabilities } = settings;
  const classes = meanPhotons.length;
  if (!(classes >= 1 && classes <= 64 && probabilities.length === classes)) {
    throw new DistillError(
      'distill/sync',
      'the settings need one mean photon number and one probability per intensity',
    );
  }
  for (const value of [...meanPhotons, ...probabilities]) {
    if (!(value >= 0 && value < Number.POSITIVE_INFINITY)) {
      throw new DistillError(
        'distill/sync',
        `a mean photon number or probability is ${value}; it must not be negative`,
      );
    }
  }
  const sum = probabilities.reduce((total, p) => total + p, 0);
  if (!(Math.abs(sum - 1) < 1e-9)) {
    throw new DistillError('distill/sync', `the probabilities of the intensities sum to ${sum}; they must sum to 1`);
  }
  requirePositive(
    'the mean number of photons',
    meanPhotons.reduce((total, mu, k) => total + mu * probabilities[k]!, 0),
  );
  const due = row.length * (2 * claim.halfSlots + 1);
  if (answer.settings.length !== due) {
    throw new DistillError('distill/claim', `the answer has ${answer.settings.length} slots where ${due} were claimed`);
  }
  if (answer.settings.some((setting) => setting >> 2 >= classes)) {
    throw new DistillError('distill/claim', `the answer has an intensity beyond the ${classes} that were agreed`);
  }
}

/**
 * How much likelier a click of a detector is in a slot of some setting than in any slot, `detector * 256 + setting`: mu_k f
 * over the mean.
 */
function expectations({ meanPhotons, probabilities }: SettingsLaw): Float64Array {
  const mean = meanPhotons.reduce((total, mu, k) => total + mu * probabilities[k]!, 0);
  return Float64Array.from({ length: 4 * 256 }, (_, at) => {
    const detector = at >> 8;
    const setting = at & 255;
    const k = Math.min(setting >> 2, meanPhotons.length - 1);
    const matched = ((setting ^ detector) & 2) === 0;
    const agree = ((setting ^ detector) & 1) === 0;
    const factor = matched ? 2 * (agree ? 1 - ASSUMED_ERRORS : ASSUMED_ERRORS) : 1;
    return (meanPhotons[k]! * factor) / mean;
  });
}

/** `scores[reach + m]`: that of the line of a peak, m slots on. */
function scoreShifts(
  { emissionPs, detector, periodPs, claimed, answer }: AcquisitionInput,
  { phasePs, slope }: SlopePeak,
  middlePs: number,
  reach: number,
  weights: Float64Array,
  scores: Float64Array,
): void {
  const { claim, row } = claimed;
  const { halfSlots } = claim;
  const width = 2 * halfSlots + 1;
  const { settings } = answer;
  scores.fill(0);
  for (let i = 0; i < row.length; i++) {
    const at = emissionPs[row[i]!]!;
    const residual = phasePs + slope * (at - middlePs);
    const slot = Math.floor((at - residual) / periodPs + 0.5);
    const column = slot - claim.centreSlot[i]! + halfSlots;
    const base = i * width + column;
    const of = detector[row[i]!]! << 8;
    // Light that is later by m slots left m slots earlier. What a steep line takes out of the claim scores nothing.
    const from = Math.max(-reach, column - width + 1);
    const until = Math.min(reach, column);
    for (let m = from; m <= until; m++) scores[reach + m]! += weights[of + settings[base - m]!]!;
  }
}
