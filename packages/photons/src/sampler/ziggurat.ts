import type { Random } from '../random.ts';

/**
 * Exponential and normal numbers by the ziggurat of Marsaglia and Tsang (J. Stat. Softw. 5 (8), 2000): 256 layers of equal
 * area, constants R and V from there, in the form of Doornik (2005) that takes layer and place from one uniform number.
 * Exact but for the 45 bits that are left of it for the place.
 */
const layers = 256;
const exponentialR = 7.69711747013105;
const exponentialV = 0.003949659822581557;
const normalR = 3.6541528853610088;
const normalV = 0.00492867323399;

/** Right edges of the layers, falling to 0; the first is that of the rectangle as long as base layer and tail together. */
function edges(r: number, v: number, density: (x: number) => number, inverse: (y: number) => number): Float64Array {
  const x = new Float64Array(layers + 1);
  x[0] = v / density(r);
  x[1] = r;
  for (let i = 2; i < layers; i++) x[i] = inverse(v / x[i - 1]! + density(x[i - 1]!));
  return x;
}

/** For loops that take the usual way themselves, and hand what is left to `exponentialEdge`. */
export const exponentialX = edges(
  exponentialR,
  exponentialV,
  (x) => Math.exp(-x),
  (y) => -Math.log(y),
);
/** The same for `normalEdge`. */
export const normalX = edges(
  normalR,
  normalV,
  (x) => Math.exp(-x * x * 0.5),
  (y) => Math.sqrt(-2 * Math.log(y)),
);

/** A draw of the exponential distribution of mean 1. */
export function exponential(random: Random): number {
  const u = random.uniform() * layers;
  const layer = u | 0;
  const x = (u - layer) * exponentialX[layer]!;
  return x < exponentialX[layer + 1]! ? x : exponentialEdge(random, layer, x);
}

/** Where `x` of this layer is not below the layer above it. */
export function exponentialEdge(random: Random, layer: number, x: number): number {
  let before = 0;
  for (;;) {
    // What lies beyond the base layer is exponential again.
    if (layer === 0) before += exponentialR;
    else {
      const top = Math.exp(x - exponentialX[layer + 1]!);
      const bottom = Math.exp(x - exponentialX[layer]!);
      if (bottom + random.uniform() * (top - bottom) < 1) return before + x;
    }
    const u = random.uniform() * layers;
    layer = u | 0;
    x = (u - layer) * exponentialX[layer]!;
    if (x < exponentialX[layer + 1]!) return before + x;
  }
}

/** A draw of the normal distribution of mean 0 and standard deviation 1. */
export function normal(random: Random): number {
  const u = random.uniform() * layers;
  const layer = u | 0;
  const x = (2 * (u - layer) - 1) * normalX[layer]!;
  const inner = normalX[layer + 1]!;
  return x < inner && x > -inner ? x : normalEdge(random, layer, x);
}

export function normalEdge(random: Random, layer: number, x: number): number {
  for (;;) {
    if (layer === 0) return normalTail(random, x < 0);
    const top = Math.exp((x * x - normalX[layer + 1]! ** 2) * 0.5);
    const bottom = Math.exp((x * x - normalX[layer]! ** 2) * 0.5);
    if (bottom + random.uniform() * (top - bottom) < 1) return x;
    const u = random.uniform() * layers;
    layer = u | 0;
    x = (2 * (u - layer) - 1) * normalX[layer]!;
    const inner = normalX[layer + 1]!;
    if (x < inner && x > -inner) return x;
  }
}

/** Marsaglia (1964). */
function normalTail(random: Random, negative: boolean): number {
  for (;;) {
    const x = exponential(random) / normalR;
    const y = exponential(random);
    if (2 * y > x * x) return negative ? -x - normalR : x + normalR;
  }
}
