import type { Branches } from '../light/branches.ts';
import type { BinConditions } from '../light/conditions.ts';
import { type PulseKinds, pulseKinds } from '../light/kinds.ts';
import type { Pulse } from './adversary.ts';
import { blocks, frontPairs, frontProbability, handsOverSome, keptGuess } from './forward.ts';
import { addPhotonNumbers } from './photon-numbers.ts';
import { mostPhotons, type TaggedPulses, type TaggedYields } from './tagged-yields.ts';

/** A way to guess the bit of a single photon that passes: with what probability she finds herself in it, and its guess. */
export interface GuessCell {
  readonly probability: number;
  readonly guess: number;
}
export const noGuess: readonly GuessCell[] = [{ probability: 1, guess: 0.5 }];

/**
 * The pulses of a bin by diode (`class * 4 + state`), the steps of their fluctuation and pattern averaged. They are to be
 * found at Bob's as often as on the honest way of `conditions` if their intensities were over `raised` of what they are.
 */
export function pulsesByDiode(
  conditions: BinConditions,
  raised: number,
  bitsOf: (diode: number) => number,
): TaggedPulses[] {
  const kinds: PulseKinds = pulseKinds(conditions.source, conditions);
  const diodes = conditions.source.intensities.length * 4;
  const probability = new Float64Array(diodes);
  const front = new Float64Array(diodes);
  const pairs = new Float64Array(diodes);
  const offsetPs = new Float64Array(diodes);
  const numbers = Array.from({ length: diodes }, () => new Float64Array(mostPhotons + 1));
  for (let kind = 0; kind < kinds.count; kind++) {
    const diode = kinds.intensity[kind]! * 4 + kinds.state[kind]!;
    const weight = kinds.probability[kind]!;
    const mean = kinds.meanPhotons[kind]!;
    probability[diode]! += weight;
    front[diode]! += weight * frontProbability(mean / raised, conditions);
    pairs[diode]! += weight * frontPairs(mean / raised, conditions);
    offsetPs[diode] = kinds.offsetPs[kind]!;
    addPhotonNumbers(mean, weight, numbers[diode]!);
  }
  return numbers.map((sums, diode) => {
    const all = probability[diode]! || 1;
    return {
      probability: probability[diode]!,
      numbers: sums.map((sum) => sum / all),
      offsetPs: offsetPs[diode]!,
      front: front[diode]! / all,
      pairs: pairs[diode]! / all,
      singleBits: bitsOf(diode),
    };
  });
}

/** One kind of pulse under these yields, for single photons times `factor`, for two times its square. */
export function handsOver(
  pulse: Pulse,
  { forward, forwardTwo }: TaggedYields,
  factor: number,
  singleGuesses: readonly GuessCell[],
  out: Branches,
): void {
  const diode = pulse.intensity * 4 + pulse.basis * 2 + pulse.bit;
  const numbers = new Float64Array(mostPhotons + 1);
  addPhotonNumbers(pulse.meanPhotons, 1, numbers);
  const going = (n: number): number => Math.min(1, factor * forward[diode * (mostPhotons + 1) + n]!);
  blocks(pulse, numbers[0]!, out, 0);
  const singles = numbers[1]! * going(1);
  for (const { probability, guess } of singleGuesses) handsOverSome(pulse, singles * probability, 1, 1, guess, out);
  blocks(pulse, numbers[1]! - singles, out, 1, keptGuess(pulse));
  let stopped = 0;
  let kept = 0;
  let pairs = 0;
  let both = 0;
  for (let n = 2; n <= mostPhotons; n++) {
    const one = going(n);
    const two = Math.min(1 - one, factor ** 2 * forwardTwo[n]!);
    kept += numbers[n]! * one;
    if (n === 2) both = numbers[n]! * two;
    else pairs += numbers[n]! * two;
    stopped += numbers[n]! * (1 - one - two);
  }
  // Two stands for two and more: the ledger does not ask how many.
  handsOverSome(pulse, kept, 1, 2, keptGuess(pulse), out);
  handsOverSome(pulse, pairs, 2, 2, keptGuess(pulse), out);
  handsOverSome(pulse, both, 2, 2, 0.5, out);
  blocks(pulse, stopped, out, 2, keptGuess(pulse));
}
