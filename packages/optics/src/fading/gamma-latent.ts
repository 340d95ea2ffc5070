/** A gamma variable of mean 1 as a function of a standard normal one, tabulated so that a hot loop can draw from it. */
import { densityOfLog, logGammaQuantile } from '../numerics/gamma.ts';
import { normalBelow } from '../numerics/normal.ts';

/** The table reaches from -REACH to REACH; beyond, where a normal variable is once in 1e15, it goes on straight. */
const REACH = 8;
const PER_UNIT = 8;
export const LATENT_NODES = 2 * REACH * PER_UNIT + 1;

/** The normal variable at a node. */
export const latentAt = (node: number) => node / PER_UNIT - REACH;

/** Distance of the nodes. */
export const LATENT_STEP = 1 / PER_UNIT;

const below = Float64Array.from({ length: LATENT_NODES }, (_, i) => normalBelow(latentAt(i)));
const density = below.map((_, i) => Math.exp(-0.5 * latentAt(i) ** 2) / Math.sqrt(2 * Math.PI));

/** Logarithm of the gamma variable and its slope, node by node. */
export interface GammaLatent {
  readonly shape: number;
  readonly logs: Float64Array;
  readonly slopes: Float64Array;
}

/** The table for a shape; the scale makes the mean 1. Some 0.15 ms. */
export function gammaLatent(shape: number): GammaLatent {
  const logs = new Float64Array(LATENT_NODES);
  const slopes = new Float64Array(LATENT_NODES);
  const scale = Math.log(shape);
  for (let i = 0; i < LATENT_NODES; i++) {
    const log = logGammaQuantile(shape, latentAt(i), below[i]!, below[LATENT_NODES - 1 - i]!);
    logs[i] = log - scale;
    slopes[i] = density[i]! / densityOfLog(shape, Math.exp(log));
  }
  return { shape, logs, slopes };
}

/** Logarithm of the gamma variable at a value of the normal one: Hermite's cubic, to 1e-7 for shapes from 1 on. */
export function logGammaAt({ logs, slopes }: GammaLatent, z: number): number {
  const place = (z + REACH) * PER_UNIT;
  if (place <= 0) return logs[0]! + slopes[0]! * (z + REACH);
  if (place >= LATENT_NODES - 1) return logs[LATENT_NODES - 1]! + slopes[LATENT_NODES - 1]! * (z - REACH);
  const i = place | 0;
  const t = place - i;
  const s = 1 - t;
  const low = logs[i]! * (1 + 2 * t) + slopes[i]! * LATENT_STEP * t;
  const high = logs[i + 1]! * (1 + 2 * s) - slopes[i + 1]! * LATENT_STEP * s;
  return s * s * low + t * t * high;
}
