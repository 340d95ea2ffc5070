/**
 * The Gaussian behind clear and blocked: a sky is clear where a standard normal variable lies below a threshold. What
 * people measure is how often two skies are clear together; what the model needs is the correlation of the two hidden
 * variables. This file goes both ways.
 */
import { normalQuantile } from '../numerics/normal-quantile.ts';
import { gaussLegendre } from '../numerics/quadrature.ts';

const { nodes, weights } = gaussLegendre(12);

/** Plackett's derivative of the joint probability, by the arc sine of the correlation (Biometrika 41:351, 1954). */
function slopeAt(h: number, k: number, angle: number): number {
  const cosine = Math.cos(angle);
  // (h - k)^2 and 1 - sin apart: the plain quadratic form loses its digits where both go to nothing.
  const apart = (h - k) / cosine;
  return Math.exp(-0.5 * apart * apart - (h * k) / (1 + Math.sin(angle))) / (2 * Math.PI);
}

/**
 * What correlation adds to the probability that two normal variables lie below `h` and `k`, for an angle (arc sine of
 * the correlation) from 0 to pi/2: Drezner and Wesolowsky, J. Stat. Comput. Simul. 35:101 (1990), in panels that halve
 * towards pi/2, where thresholds that differ a little make a narrow wall.
 */
function excess(h: number, k: number, angle: number): number {
  let sum = 0;
  let from = 0;
  while (from < angle) {
    const half = from + (Math.PI / 2 - from) / 2;
    const to = half < angle && Math.PI / 2 - half > 1e-9 ? half : angle;
    const width = to - from;
    for (let i = 0; i < nodes.length; i++) sum += width * weights[i]! * slopeAt(h, k, from + width * nodes[i]!);
    from = to;
  }
  return sum;
}

const certain = (p: number) => p <= 0 || p >= 1;

/**
 * The probability that both skies are clear, from how often each is (`p`, `q`) and the correlation, 0 to 1, of the
 * hidden variables. The independence figure p q at 0, the smaller of both at 1.
 */
export function jointClear(p: number, q: number, correlation: number): number {
  if (correlation <= 0 || certain(p) || certain(q)) return p * q;
  if (correlation >= 1) return Math.min(p, q);
  return p * q + excess(normalQuantile(p), normalQuantile(q), Math.asin(correlation));
}

/**
 * The correlation of the hidden variables for which two skies, clear with probabilities `p` and `q`, are clear together
 * as often as `p q + share (min(p, q) - p q)`. For p = q `share` is the correlation coefficient of clear with clear;
 * for skies that differ it is the share of the highest coefficient that they can have (Frechet's bound), so that the
 * question has an answer for every share from 0 to 1. A sky that is never or always clear has no correlation to
 * measure and counts like one that is clear half of the time.
 */
export function latentCorrelation(p: number, q: number, share: number): number {
  if (share <= 0) return 0;
  if (share >= 1) return 1;
  if (certain(p) || certain(q)) return Math.sin((Math.PI / 2) * share);
  const h = normalQuantile(p);
  const k = normalQuantile(q);
  const target = share * (Math.min(p, q) - p * q);
  let low = 0;
  let high = Math.PI / 2;
  let angle = (share * Math.PI) / 2;
  // Newton's method, halving where it would leave the bracket: the slope is known, and never negative.
  for (let round = 0; round < 60 && high - low > 1e-14; round++) {
    const error = excess(h, k, angle) - target;
    if (Math.abs(error) < 1e-14) break;
    if (error > 0) high = angle;
    else low = angle;
    const next = angle - error / slopeAt(h, k, angle);
    angle = next > low && next < high ? next : (low + high) / 2;
  }
  return Math.sin(angle);
}
