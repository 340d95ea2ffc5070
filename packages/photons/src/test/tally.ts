import type { GatedDetections } from '../observe/count-events.ts';
import type { Random } from '../random.ts';

/** What Alice and Bob together would count of one intensity, for the tests of this package. */
export interface Tally {
  slots: number;
  doubleClicks: number;
  matched: number;
  errors: number;
}

/**
 * Counts the slots of some bins by intensity. Bob settles double clicks as the protocol does: clicks in both bases, and
 * he takes one of the two at random; both detectors of his basis, and he takes a random bit.
 */
export function tally(
  bins: Iterable<Pick<GatedDetections, 'detections' | 'emissions'>>,
  intensities: number,
  random: Random,
): Tally[] {
  const sums = Array.from({ length: intensities }, () => ({ slots: 0, doubleClicks: 0, matched: 0, errors: 0 }));
  for (const { detections, emissions } of bins) {
    let row = 0;
    for (let i = 0; i < emissions.slot.length; i++) {
      let pattern = 0;
      while (detections.slot[row] === emissions.slot[i]) pattern |= 1 << detections.detector[row++]!;
      if (pattern === 0) throw new Error(`slot ${emissions.slot[i]} was emitted and has no detection`);
      const sum = sums[emissions.intensity[i]!]!;
      sum.slots++;
      if (pattern & (pattern - 1)) sum.doubleClicks++;
      const x = pattern & 3;
      const z = pattern >> 2;
      const basis = x === 0 ? 1 : z === 0 ? 0 : random.uniform() < 0.5 ? 0 : 1;
      const clicks = basis === 0 ? x : z;
      const bit = clicks === 3 ? random.uint32() & 1 : clicks - 1;
      if (basis !== emissions.basis[i]) continue;
      sum.matched++;
      if (bit !== emissions.bit[i]) sum.errors++;
    }
    if (row !== detections.slot.length) throw new Error(`${detections.slot.length - row} detections have no emission`);
  }
  return sums;
}

/** How many standard deviations a count lies from the mean of a binomial distribution. */
export function binomialZ(count: number, trials: number, probability: number): number {
  return (count - trials * probability) / Math.sqrt(trials * probability * (1 - probability));
}
