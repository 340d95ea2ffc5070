import { CountLaw, type Responses } from '../receiver/response.ts';
import type { BinTable } from './table.ts';

/** A gain of Alice's own light over its mean in the bin, and the share of the time that it stands for. */
export interface GainNode {
  readonly gain: number;
  readonly share: number;
}

const steady: readonly GainNode[] = [{ gain: 1, share: 1 }];
/** Below this variance of the gain against its square, and so on, a further node has nothing to add. */
const slight = 1e-9;

/**
 * The fading of a part of a bin, `from` to `to` of its time, as a mixture of up to three steady gains, Gauss's rule for the
 * distribution of its steps: exact for polynomials of the gain up to the fifth degree, as double clicks and dead time nearly
 * are. Nodes lie between the least and the largest gain. `gain`: equal steps over their mean, null for steady light.
 */
export function gainNodes(gain: Float64Array | null, from = 0, to = 1): readonly GainNode[] {
  if (gain === null) return steady;
  const average = (value: (x: number) => number): number => {
    let [sum, weights] = [0, 0];
    for (let i = Math.floor(from * gain.length); i < gain.length && i < to * gain.length; i++) {
      const weight = Math.min(i + 1, to * gain.length) - Math.max(i, from * gain.length);
      sum += weight * value(gain[i]!);
      weights += weight;
    }
    return sum / weights;
  };
  // Orthogonal polynomials of the distribution: p1 = x - a0, p2 = (x - a1) p1 - b1, p3 = (x - a2) p2 - b2 p1.
  const a0 = average((x) => x);
  const p1 = (x: number): number => x - a0;
  const b1 = average((x) => p1(x) ** 2);
  if (b1 <= slight * a0 * a0) return [{ gain: a0, share: 1 }];
  const a1 = average((x) => x * p1(x) ** 2) / b1;
  const p2 = (x: number): number => (x - a1) * p1(x) - b1;
  const square = average((x) => p2(x) ** 2);
  if (square <= slight * b1 * b1) {
    const half = Math.hypot((a1 - a0) / 2, Math.sqrt(b1));
    return [-half, half].map((y) => {
      const x = (a0 + a1) / 2 + y;
      return { gain: x, share: 1 / (1 + p1(x) ** 2 / b1) };
    });
  }
  const a2 = average((x) => x * p2(x) ** 2) / square;
  return rootsOfThree([a0, a1, a2], b1, square / b1).map((x) => ({
    // Below 0 is rounding.
    gain: Math.max(0, x),
    share: 1 / (1 + p1(x) ** 2 / b1 + p2(x) ** 2 / square),
  }));
}

/** Three real roots, by cosines (Abramowitz and Stegun 3.8). */
function rootsOfThree([a0, a1, a2]: readonly [number, number, number], b1: number, b2: number): number[] {
  const middle = (a0 + a1 + a2) / 3;
  const [u, v, w] = [a0 - middle, a1 - middle, a2 - middle];
  // With y = x - middle: y^3 + p y + q.
  const p = u * v + u * w + v * w - b1 - b2;
  const q = b1 * w + b2 * u - u * v * w;
  const size = 2 * Math.sqrt(-p / 3);
  const angle = Math.acos(Math.max(-1, Math.min(1, (3 * q) / (p * size)))) / 3;
  return [0, 1, 2].map((k) => middle + size * Math.cos(angle - (2 * Math.PI * k) / 3));
}

/** A table in which Alice's own light stands at a gain. */
export class GainTable {
  #amount = new Float64Array(0);
  #click = new Float64Array(0);

  /** Valid until the next call. */
  of(table: BinTable, gain: number): BinTable {
    if (gain === 1) return table;
    const { responses, branches } = table;
    const { count, law } = responses;
    if (this.#amount.length < count) {
      this.#amount = new Float64Array(2 * count);
      this.#click = new Float64Array(2 * count);
    }
    const [amount, click] = [this.#amount, this.#click];
    for (let row = 0; row < count; row++) {
      const own = law[row] === CountLaw.poisson && branches.attacked[responses.branch[row]!] === 0;
      amount[row] = responses.amount[row]! * (own ? gain : 1);
      click[row] = own ? -Math.expm1(-amount[row]!) : responses.click[row]!;
    }
    const faded: Responses = { ...responses, amount, click };
    return { ...table, responses: faded };
  }
}
