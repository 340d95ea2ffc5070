/** The normal distribution: its probabilities, and random numbers that follow it. */

import type { Uniform } from '../link/link.ts';
import { gammaAbove } from './gamma.ts';

/** Probability that a standard normal variable is below `z`, with all its digits in the lower tail. */
export function normalBelow(z: number): number {
  // The square of a normal variable over two is a gamma variable of shape one half.
  const tail = gammaAbove(0.5, (z * z) / 2) / 2;
  return z < 0 ? tail : 1 - tail;
}

const LAYERS = 256;
/** Where the tail begins, for 256 layers of equal area under exp(-x^2/2) (Marsaglia & Tsang 2000). */
const TAIL = 3.6541528853610088;

const height = (x: number) => Math.exp(-0.5 * x * x);

const widths = new Float64Array(LAYERS + 1);
const heights = new Float64Array(LAYERS + 1);
/** What part of a layer lies under the curve for certain. */
const inside = new Float64Array(LAYERS);
{
  const area = TAIL * height(TAIL) + Math.sqrt(2 * Math.PI) * normalBelow(-TAIL);
  widths[0] = area / height(TAIL);
  widths[1] = TAIL;
  for (let i = 2; i < LAYERS; i++) {
    widths[i] = Math.sqrt(-2 * Math.log(area / widths[i - 1]! + height(widths[i - 1]!)));
  }
  for (let i = 0; i <= LAYERS; i++) heights[i] = height(widths[i]!);
  for (let i = 0; i < LAYERS; i++) inside[i] = widths[i + 1]! / widths[i]!;
}

/** The rare cases: the tail (Marsaglia 1964) and the edge of a layer; NaN for a refusal. */
function edge(layer: number, side: number, x: number, uniform: Uniform): number {
  if (layer > 0) {
    const at = heights[layer]! + uniform() * (heights[layer + 1]! - heights[layer]!);
    return at < height(x) ? x : Number.NaN;
  }
  for (;;) {
    const beyond = -Math.log(1 - uniform()) / TAIL;
    if (-2 * Math.log(1 - uniform()) >= beyond * beyond) return side < 0 ? -TAIL - beyond : TAIL + beyond;
  }
}

/**
 * One standard normal number by the ziggurat (Marsaglia & Tsang, J. Stat. Softw. 5(8), 2000). One uniform number gives
 * layer and place; its 53 bits are enough for both, which the 32 of the original were not (Doornik 2005).
 */
export function normal(uniform: Uniform): number {
  for (;;) {
    const u = uniform() * LAYERS;
    const layer = u | 0;
    const side = 2 * (u - layer) - 1;
    const x = side * widths[layer]!;
    if (Math.abs(side) < inside[layer]!) return x;
    const late = edge(layer, side, x, uniform);
    if (!Number.isNaN(late)) return late;
  }
}
