import { PhotonsError } from '../error.ts';
import type { BinConditions } from '../light/conditions.ts';
import type { StrengthScale } from './adversary.ts';

/** When an adversary acts, s of pass time. */
export interface ActingTime {
  readonly fromS: number;
  readonly toS: number;
}

/** The strength itself. Throws `photons/strength` unless it lies on the scale of the attack that is named. */
export function checkedStrength(name: string, scale: StrengthScale, strength: number): number {
  const { low, high, meaning, unit } = scale;
  if (!(strength >= low && strength <= high)) {
    const range = `it must be from ${low} to ${high}${unit === '' ? '' : ` ${unit}`}`;
    throw new PhotonsError('photons/strength', `strength of ${name} is ${strength}; ${range} (${meaning})`);
  }
  return strength;
}

/**
 * Whether she acts in a bin: always when no time is given, otherwise in every bin that begins in it. She begins and ends
 * with a bin, so that all pulses of one are alike.
 */
export function actsIn(conditions: Pick<BinConditions, 'startS'>, time: ActingTime | undefined): boolean {
  return time === undefined || (conditions.startS >= time.fromS && conditions.startS < time.toS);
}
