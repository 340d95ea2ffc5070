import { binaryEntropy } from '../entropy.ts';
import { normalCdf } from '../normal.ts';
import { simplex } from './simplex.ts';

/**
 * The best that somebody can do who sees the photon number of each pulse and a tag that comes with it (a time of emission,
 * photons of the next pulse), lets the pulse through to Bob or not as she likes, and must show him given gains: a linear
 * programme over photon numbers and tags. Of pulses of several photons she keeps one and knows the bit; of single photons
 * she has what the tag says about it; of empty ones nothing.
 */
export interface TaggedAttack {
  /** Detections per pulse of the basis. */
  readonly detections: number;
  /** Those of exactly one photon at the exit, and of none. */
  readonly singles: number;
  readonly vacuum: number;
  /** Bits she knows, per pulse of the basis. */
  readonly knownBits: number;
}

type Triple = readonly [number, number, number];

export interface TaggedSource {
  /** What the source really sends. */
  readonly meanPhotons: Triple;
  readonly probabilities: Triple;
  /** What Bob expects to see of each class. */
  readonly gains: Triple;
  /**
   * Tags of n-photon pulses: for each tag and class, its probability for bit 0 and for bit 1. One tag that says nothing
   * when left out.
   */
  readonly tags?: (n: number) => readonly (readonly (readonly [zero: number, one: number])[])[];
}

const PHOTONS = 7;
const SILENT = [
  [
    [1, 1],
    [1, 1],
    [1, 1],
  ],
] as const;

export function bestTaggedAttack({ meanPhotons, probabilities, gains, tags }: TaggedSource): TaggedAttack {
  const rows: number[][] = [[], [], []];
  const cost: number[] = [];
  const known: number[] = [];
  const single: number[] = [];
  const empty: number[] = [];
  for (let n = 0; n <= PHOTONS; n++) {
    for (const shares of tags?.(n) ?? SILENT) {
      let detected = 0;
      let told = 0;
      for (let k = 0; k < 3; k++) {
        const [zero, one] = shares[k] ?? [0, 0];
        const p = poisson(meanPhotons[k]!, n) * ((zero + one) / 2);
        rows[k]!.push(p);
        detected += probabilities[k]! * p;
        if (zero + one > 0) told += probabilities[k]! * p * (1 - binaryEntropy(Math.min(zero, one) / (zero + one)));
      }
      const bits = n === 0 ? 0 : n === 1 ? told : detected;
      known.push(bits);
      cost.push(-bits);
      single.push(n === 1 ? detected : 0);
      empty.push(n === 0 ? detected : 0);
    }
  }
  const { x } = simplex(cost, rows, gains);
  const dot = (a: readonly number[]): number => a.reduce((sum, value, j) => sum + value * x[j]!, 0);
  return {
    detections: gains.reduce((sum, q, k) => sum + probabilities[k]! * q, 0),
    singles: dot(single),
    vacuum: dot(empty),
    knownBits: dot(known),
  };
}

/**
 * Tags of diodes that fire apart: cells of the mean time of n photons, which says all that n independent Gaussian times say.
 * Two offsets for each class, that of bit 0 and that of bit 1, ps.
 */
export function timeTags(
  offsetsPs: readonly (readonly [zero: number, one: number])[],
  pulseWidthPs: number,
): (n: number) => [number, number][][] {
  const times = offsetsPs.flat();
  const early = Math.min(...times);
  const late = Math.max(...times);
  return (n) => {
    if (n === 0) return SILENT.map((shares) => shares.map(([zero, one]) => [zero, one]));
    const width = pulseWidthPs / Math.sqrt(n);
    const cells = Math.min(240, Math.ceil((12 * width + late - early) / (width / 8)));
    const from = early - 6 * width;
    const step = (12 * width + late - early) / cells;
    const tags: [number, number][][] = [];
    for (let i = 0; i < cells; i++) {
      const share = (offset: number): number => {
        // From the nearer tail, so that a small difference is not one of two numbers near 1.
        const a = (from + i * step - offset) / width;
        const z = (from + (i + 1) * step - offset) / width;
        return a > 0 ? normalCdf(-a) - normalCdf(-z) : normalCdf(z) - normalCdf(a);
      };
      const shares = offsetsPs.map(([zero, one]): [number, number] => [share(zero), share(one)]);
      if (shares.some(([zero, one]) => zero + one > 1e-14)) tags.push(shares);
    }
    return tags;
  };
}

export function poisson(mu: number, n: number): number {
  let term = Math.exp(-mu);
  for (let k = 1; k <= n; k++) term *= mu / k;
  return term;
}
