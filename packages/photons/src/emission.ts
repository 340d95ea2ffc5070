import { PhotonsError } from './error.ts';
import type { Basis, Source } from './link.ts';
import { seededRandom } from './random.ts';
import { checkSource, mostSlots } from './sampler/check.ts';

/** What the transmitter prepared in one slot. */
export interface Emission {
  /** Index into `Source.intensities`. */
  readonly intensity: number;
  readonly basis: Basis;
  readonly bit: 0 | 1;
}

/**
 * What Alice sent in a slot that nobody detected, so that a transmitter can answer for any slot: drawn from the source's
 * settings, always the same for the same seed and slot. A slot that was detected has its row in `EventBin`
 * (`intensity`, `state`) instead. Given 'no click' the exact distribution differs from this one by factors of 1 minus the
 * gain, 1e-3 and less on a satellite link.
 *
 * Throws `photons/range` unless `slot` is a whole number from 0 to 2^52 - 1, and `photons/source` for a bad source.
 */
export function emissionOf(seed: number, slot: number, source: Source): Emission {
  if (!Number.isInteger(slot) || slot < 0 || slot >= mostSlots) {
    throw new PhotonsError('photons/range', `slot is ${slot}; it must be a whole number from 0 to 2^52 - 1`);
  }
  checkSource(source);
  const random = seededRandom(seed, mostSlots + slot);
  let rest = random.uniform();
  let intensity = -1;
  for (let k = 0; k < source.intensities.length; k++) {
    const { probability } = source.intensities[k]!;
    if (probability === 0) continue;
    intensity = k;
    if (rest < probability) break;
    rest -= probability;
  }
  const basis = random.uniform() < source.basisXProbability ? 0 : 1;
  return { intensity, basis, bit: (random.uint32() >>> 31) as 0 | 1 };
}
