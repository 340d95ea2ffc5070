/** The strength of an attack from which on there is no key: just below it the bound is put to its hardest test. */
import type { Baseline } from '@skykey/alarm';
import { attackNamed } from '@skykey/photons';
import type { LabLink } from './link.ts';
import { playPass } from './play.ts';
import type { Study } from './study.ts';

/** Strengths are searched for down to this part of the greatest. */
const DEPTH = 1e-5;
/** Halvings of that on a logarithmic scale: 5 % are left. */
const STEPS = 8;

/**
 * The greatest strength up to that of `study` at which its first pass has a key, from below and to 5 %; null where it has one
 * at that strength, or at none. Where a key comes and goes more than once, one of the borders.
 */
export function edgeOf(link: LabLink, baselineOf: (study: Study) => Baseline, study: Study): number | null {
  const attack = attackNamed(study.attack);
  const { low } = attack.strength;
  const hasKey = (strength: number): boolean => {
    const baseline = baselineOf({ ...study, strength });
    return playPass({ ...study, attack, link, baseline, strength, pass: 0 }).secretBits > 0;
  };
  let [above, below] = [study.strength, Math.max(low, DEPTH * study.strength)];
  if (hasKey(above) || !hasKey(below)) return null;
  for (let step = 0; step < STEPS; step++) {
    const middle = Math.sqrt(above * below);
    if (hasKey(middle)) below = middle;
    else above = middle;
  }
  return below;
}
