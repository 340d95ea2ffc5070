import type { Receiver } from './link.ts';
import type { Random } from './random.ts';

/** When clicks fall in the gate of a receiver. */
export interface Gate {
  /** Probability that a photo-electron in the slot is displaced by no more than half the gate, 0..1. */
  readonly transmission: number;
  /** Displacement of a photo-electron that fell in the gate: the cut-off Gaussian, rounded to the picosecond. */
  photonOffsetPs(random: Random): number;
  /** Displacement of a noise count: uniform over the gate, rounded to the picosecond. */
  noiseOffsetPs(random: Random): number;
}

/**
 * erf(x) = 2/sqrt(pi) e^(-x²) sum 2^n x^(2n+1) / (2n+1)!! (DLMF 7.6.2): all terms have one sign, so nothing cancels.
 * Absolute error below 1e-15.
 */
export function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** Probability that a photo-electron is displaced by no more than half the gate: erf(gate / (2 sqrt2 jitter)). */
export function gateTransmission(receiver: Pick<Receiver, 'gateNs' | 'jitterPs'>): number {
  return receiver.jitterPs === 0 ? 1 : erf((receiver.gateNs * 500 * Math.SQRT1_2) / receiver.jitterPs);
}

/**
 * Since offsets are whole picoseconds the cut-off Gaussian has finitely many values: they are drawn from an alias table
 * (Walker 1977, set up as in Vose 1991) with one uniform, whatever the ratio of gate to jitter.
 */
export function gateOf(receiver: Receiver): Gate {
  const halfPs = receiver.gateNs * 500;
  const noiseOffsetPs = (random: Random): number => Math.round((2 * random.uniform() - 1) * halfPs);
  const transmission = gateTransmission(receiver);
  if (receiver.jitterPs === 0) return { transmission, photonOffsetPs: () => 0, noiseOffsetPs };

  const scale = Math.SQRT1_2 / receiver.jitterPs;
  const outermost = Math.round(halfPs);
  const values = 2 * outermost + 1;
  const share = new Float64Array(values);
  let total = 0;
  for (let i = 0; i < values; i++) {
    const from = Math.max(i - outermost - 0.5, -halfPs);
    const to = Math.min(i - outermost + 0.5, halfPs);
    total += share[i] = Math.max(0, erf(to * scale) - erf(from * scale)) / 2;
  }

  const alias = new Uint16Array(values);
  const small: number[] = [];
  const large: number[] = [];
  for (let i = 0; i < values; i++) {
    share[i]! *= values / total;
    (share[i]! < 1 ? small : large).push(i);
  }
  while (small.length > 0 && large.length > 0) {
    const low = small.pop()!;
    const high = large.at(-1)!;
    alias[low] = high;
    share[high]! -= 1 - share[low]!;
    if (share[high]! < 1) small.push(large.pop()!);
  }
  // What is left is full up to rounding.
  for (const i of [...small, ...large]) share[i] = 1;

  const photonOffsetPs = (random: Random): number => {
    const point = random.uniform() * values;
    const column = Math.floor(point);
    return (point - column < share[column]! ? column : alias[column]!) - outermost;
  };
  return { transmission, photonOffsetPs, noiseOffsetPs };
}
