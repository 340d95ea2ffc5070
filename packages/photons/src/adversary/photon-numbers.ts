/** What she can tell with a photon counter that leaves the light as it is. */

/** Probability that a pulse of this mean photon number holds two photons or more. */
export function multiPhotonProbability(mean: number): number {
  // The difference cancels for faint light; there two terms of the series are exact to 1e-10.
  if (mean < 1e-4) return (mean * mean * (1 - (2 / 3) * mean)) / 2;
  return -Math.expm1(-mean) - mean * Math.exp(-mean);
}

/**
 * Poisson probabilities of 0, 1, 2 … photons into `out`; its last element stands for that number and more. `weight`
 * times them is added to what is there.
 */
export function addPhotonNumbers(mean: number, weight: number, out: Float64Array): void {
  const last = out.length - 1;
  let term = Math.exp(-mean);
  let below = 0;
  for (let n = 0; n < last; n++) {
    out[n]! += weight * term;
    below += term;
    term *= mean / (n + 1);
  }
  let above = 1 - below;
  // Where the difference has lost its digits the tail is its own first terms.
  if (above < 1e-6) above = term * (1 + mean / (last + 1) + mean ** 2 / ((last + 1) * (last + 2)));
  out[last]! += weight * above;
}
