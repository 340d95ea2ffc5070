import { CountLaw, type Responses } from '../receiver/response.ts';

/** Probability of a count, of this mean: 1 - e^-mean; the series keeps a relative error below 2e-9 for the means of weak light. */
export function atLeastOne(mean: number): number {
  return mean < 0.02 ? mean * (1 - mean * (1 / 2 - mean * (1 / 6 - mean / 24))) : -Math.expm1(-mean);
}

/** Of the pulses of a row that count in a detector, the share of those with several counts there. */
export function shareOfSeveral(responses: Responses, row: number, d: number, counts: Float64Array): number {
  const law = responses.law[row]!;
  if (law === CountLaw.poisson) return counts[4 * row + d]! / 2;
  const photons = responses.photons[row]!;
  if (law === CountLaw.pattern || photons < 2) return 0;
  const each = responses.amount[row]! * responses.share[4 * row + d]!;
  return 1 - (photons * each * (1 - each) ** (photons - 1)) / counts[4 * row + d]!;
}

/** The same of so many trials. */
export function binomialAtLeastOne(trials: number, probability: number): number {
  return probability >= 1 ? Math.min(1, trials) : -Math.expm1(trials * Math.log1p(-probability));
}
