import type { Random } from '../random.ts';

/**
 * Whole numbers of any mean from a handful of uniforms: inversion below ten, above it Hörmann's transformed rejection
 * with squeeze, PTRS for Poisson (Insurance: Mathematics and Economics 12, 1993, 39-45) and BTRS for binomial numbers
 * (Journal of Statistical Computation and Simulation 46, 1993, 101-110). Exact but for the rounding of doubles.
 */
const small = 10;

/** A Poisson number, mean from 0 to some 1e15. */
export function poissonDeviate(random: Random, mean: number): number {
  if (mean < small) return invertedPoisson(random, mean);
  const logMean = Math.log(mean);
  const b = 0.931 + 2.53 * Math.sqrt(mean);
  const a = -0.059 + 0.02483 * b;
  const inverseAlpha = 1.1239 + 1.1328 / (b - 3.4);
  const narrow = 0.9277 - 3.6224 / (b - 2);
  for (;;) {
    const u = random.uniform() - 0.5;
    const v = 1 - random.uniform();
    const us = 0.5 - Math.abs(u);
    const k = Math.floor((2 * (a / us) + b) * u + mean + 0.43);
    if (us >= 0.07 && v <= narrow) return k;
    if (k < 0 || (us < 0.013 && v > us)) continue;
    if (Math.log((v * inverseAlpha) / (a / (us * us) + b)) <= k * logMean - mean - logFactorial(k)) return k;
  }
}

function invertedPoisson(random: Random, mean: number): number {
  let p = Math.exp(-mean);
  let rest = random.uniform();
  let n = 0;
  while (rest >= p) {
    // Rounding may leave a crumb of `rest` beyond the last term that matters.
    if (n > mean && p < 1e-18) break;
    rest -= p;
    p *= mean / ++n;
  }
  return n;
}

/** How many of `trials` come true, each with `probability`; a probability at or beyond 0 or 1 is settled at once. */
export function binomialDeviate(random: Random, trials: number, probability: number): number {
  if (trials === 0 || !(probability > 0)) return 0;
  if (probability >= 1) return trials;
  if (probability > 0.5) return trials - rareBinomial(random, trials, 1 - probability);
  return rareBinomial(random, trials, probability);
}

function rareBinomial(random: Random, n: number, p: number): number {
  const mean = n * p;
  if (mean < small) return invertedBinomial(random, n, p);
  const odds = p / (1 - p);
  const spread = Math.sqrt(mean * (1 - p));
  const b = 1.15 + 2.53 * spread;
  const a = -0.0873 + 0.0248 * b + 0.01 * p;
  const c = mean + 0.5;
  const alpha = (2.83 + 5.1 / b) * spread;
  const narrow = 0.92 - 4.2 / b;
  const mode = Math.floor((n + 1) * p);
  for (;;) {
    const u = random.uniform() - 0.5;
    const v = 1 - random.uniform();
    const us = 0.5 - Math.abs(u);
    const k = Math.floor((2 * (a / us) + b) * u + c);
    if (us >= 0.07 && v <= narrow) return k;
    if (k < 0 || k > n) continue;
    const height =
      logFactorial(mode) + logFactorial(n - mode) - logFactorial(k) - logFactorial(n - k) + (k - mode) * Math.log(odds);
    if (Math.log((v * alpha) / (a / (us * us) + b)) <= height) return k;
  }
}

function invertedBinomial(random: Random, n: number, p: number): number {
  const odds = p / (1 - p);
  let weight = Math.exp(n * Math.log1p(-p));
  let rest = random.uniform();
  let k = 0;
  while (rest >= weight && k < n) {
    if (k > n * p && weight < 1e-18) break;
    rest -= weight;
    weight *= (odds * (n - k)) / ++k;
  }
  return k;
}

const logFactorials = new Float64Array(32);
for (let k = 2; k < logFactorials.length; k++) logFactorials[k] = logFactorials[k - 1]! + Math.log(k);

/** ln k!, beyond a small table by Stirling's series (DLMF 5.11.1), relative error below 1e-14 there. */
function logFactorial(k: number): number {
  if (k < logFactorials.length) return logFactorials[k]!;
  const inverse = 1 / (k + 1);
  const square = inverse * inverse;
  const series = inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square / 1680)));
  return (k + 0.5) * Math.log(k + 1) - (k + 1) + 0.9189385332046728 + series;
}

/** A standard normal number (Box and Muller 1958, the cosine half: two uniforms each, whatever came before). */
export function normalDeviate(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform());
}
