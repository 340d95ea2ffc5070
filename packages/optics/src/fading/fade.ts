/** How often fading is how deep: the distribution behind the series, without drawing it. */
import { demand, demandPositive } from '../error.ts';
import type { Fading } from '../link/link.ts';
import { gammaAbove, gammaBelow, logGamma } from '../numerics/gamma.ts';
import { normalBelow } from '../numerics/normal.ts';
import { normalQuantile } from '../numerics/normal-quantile.ts';
import { gaussLegendre } from '../numerics/quadrature.ts';
import { checkFading, logMeanPointing } from './fading-series.ts';
import { gammaLatent, LATENT_NODES, LATENT_STEP, latentAt, logGammaAt } from './gamma-latent.ts';

/** Probability that a Rice variable of spread 1 around `offset` exceeds `distance`: Marcum's Q1, a Poisson mixture. */
export function riceAbove(offset: number, distance: number): number {
  const mean = offset ** 2 / 2;
  const half = distance ** 2 / 2;
  const first = Math.max(0, Math.floor(mean - 10 * Math.sqrt(mean)));
  const last = Math.ceil(mean + 10 * Math.sqrt(mean) + 12);
  let weight = mean === 0 ? 1 : Math.exp(first * Math.log(mean) - mean - logGamma(first + 1));
  let above = first === 0 ? Math.exp(-half) : gammaAbove(first + 1, half);
  let step = half === 0 ? 0 : Math.exp((first + 1) * Math.log(half) - half - logGamma(first + 2));
  let sum = 0;
  for (let k = first; k <= last; k++) {
    sum += weight * above;
    weight *= mean / (k + 1);
    above += step;
    step *= half / (k + 2);
  }
  return Math.min(1, sum);
}

/** A factor of scintillation as a function of a standard normal variable, and the way back. */
interface Scatter {
  logAt(z: number): number;
  /** The variable below which the factor's logarithm is below `log`. */
  latentOf(log: number): number;
}

function logNormal(index: number): Scatter {
  const variance = Math.log1p(index);
  const deviation = Math.sqrt(variance);
  return {
    logAt: (z) => deviation * z - variance / 2,
    latentOf: (log) => (log + variance / 2) / deviation,
  };
}

function gammaScatter(shape: number): Scatter {
  const table = gammaLatent(shape);
  return {
    logAt: (z) => logGammaAt(table, z),
    latentOf: (log) => {
      const x = shape * Math.exp(log);
      // The smaller tail has the digits.
      return x < shape ? normalQuantile(gammaBelow(shape, x)) : -normalQuantile(gammaAbove(shape, x));
    },
  };
}

const rule = gaussLegendre(16, 3);
/** A standard normal variable is beyond this once in 1e17. */
const FAR = 8.5;
const density = (z: number) => Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI);

/** Probability that pointing alone lies more than `depth` nepers below what would be received without any error. */
function misses({ jitterRad, biasRad, beamHalfAngleRad }: NonNullable<Fading['pointing']>, depth: number): number {
  if (depth <= 0) return 1;
  return riceAbove(biasRad / jitterRad, (Math.sqrt(depth / 2) * beamHalfAngleRad) / jitterRad);
}

/** Probability that pointing times a factor of scintillation has a logarithm below `log`. */
function scatterBelow(log: number, { logAt, latentOf }: Scatter, pointing: Fading['pointing']): number {
  if (!pointing) return normalBelow(latentOf(log));
  // What would be received without any error lies this far above the mean.
  const best = -logMeanPointing(pointing);
  // Scintillation alone makes the fade below `edge`; above, pointing must make up the rest.
  const edge = latentOf(log - best);
  const from = Math.max(-FAR, edge);
  if (from >= FAR) return 1;
  let sum = 0;
  for (let i = 0; i < rule.nodes.length; i++) {
    const u = rule.nodes[i]!;
    // Dense at the edge, from where pointing's share may fall steeply.
    const z = from + (FAR - from) * u * u * u;
    sum += rule.weights[i]! * 3 * u * u * density(z) * misses(pointing, best + logAt(z) - log);
  }
  return normalBelow(edge) + (FAR - from) * sum;
}

/** The distribution of the gain's logarithm. */
function logGainBelow(fading: Fading): (log: number) => number {
  const pointing = fading.pointing?.jitterRad ? fading.pointing : null;
  const scintillation = fading.scintillation?.index ? fading.scintillation : null;
  if (!scintillation) {
    if (!pointing) return (log) => (log > 0 ? 1 : 0);
    return (log) => misses(pointing, -logMeanPointing(pointing) - log);
  }
  if (!scintillation.alphaBeta) {
    const scatter = logNormal(scintillation.index);
    return (log) => scatterBelow(log, scatter, pointing);
  }
  const [alpha, beta] = scintillation.alphaBeta;
  const large = gammaScatter(alpha);
  const { logs } = gammaLatent(beta);
  // The trapezium rule over the small scale's latent variable, every second node: exact for what is smooth.
  return (log) => {
    let sum = 0;
    for (let i = 0; i < LATENT_NODES; i += 2) {
      sum += 2 * LATENT_STEP * density(latentAt(i)) * scatterBelow(log - logs[i]!, large, pointing);
    }
    return Math.min(1, sum);
  };
}

/**
 * Probability that the gain is below a threshold, both in units of the mean.
 * @throws OpticsError `optics/parameter`
 */
export function outageProbability(fading: Fading, threshold: number): number {
  checkFading(fading);
  demandPositive('threshold', threshold);
  return logGainBelow(fading)(Math.log(threshold));
}

/**
 * The gain, in units of the mean, that fading stays below with a probability: for 0.01 the level that holds 99 % of the
 * time. Fading that never reaches such a depth gives the gain at which it begins.
 * @throws OpticsError `optics/parameter` unless the probability is above 0 and below 1
 */
export function fadeQuantile(fading: Fading, probability: number): number {
  checkFading(fading);
  demand('probability', probability, 0, 1 - Number.EPSILON, 'open');
  const below = logGainBelow(fading);
  let [low, high] = [-1, 1];
  while (below(low) > probability) low *= 2;
  while (below(high) < probability) high *= 2;
  while (high - low > 1e-11 * Math.max(1, -low)) {
    const middle = (low + high) / 2;
    if (below(middle) < probability) low = middle;
    else high = middle;
  }
  return Math.exp((low + high) / 2);
}
