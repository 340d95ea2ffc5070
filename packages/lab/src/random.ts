/** Random numbers of a study: which seed a pass has, and the laws that its weather is drawn from. */
import { type Random, seededRandom } from '@skykey/photons';

/** What of a pass is drawn from a seed. */
export type Purpose = 'photons' | 'weather' | 'onset' | 'settlement';

const MOST_PASSES = 2 ** 20;

/**
 * The seed of one purpose of pass `index` of a series (an attack's name, or `training`): a whole number below 2^53. It does
 * not depend on the strength, so that a curve over strengths is drawn under the same skies.
 */
export function passSeed(seed: number, series: string, index: number, purpose: Purpose): number {
  const random = seededRandom(seed, fnv1a(`${series} ${purpose}`) * MOST_PASSES + index);
  return Math.floor(random.uniform() * Number.MAX_SAFE_INTEGER);
}

/** 32 bits of FNV-1a (Fowler, Noll, Vo; RFC 9923) of a text in ASCII. */
export function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** Standard normal numbers (Box and Muller 1958), in pairs. */
export function normals(random: Random): () => number {
  let spare = Number.NaN;
  return () => {
    if (!Number.isNaN(spare)) {
      const value = spare;
      spare = Number.NaN;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log1p(-random.uniform()));
    const angle = 2 * Math.PI * random.uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
}

/** A stationary Ornstein-Uhlenbeck process of mean 0 at the begins of equal bins. */
export function wandering(
  normal: () => number,
  { sd, timeS }: { readonly sd: number; readonly timeS: number },
  { bins, binS }: { readonly bins: number; readonly binS: number },
): Float64Array {
  const keep = Math.exp(-binS / timeS);
  const kick = sd * Math.sqrt(-Math.expm1((-2 * binS) / timeS));
  const path = new Float64Array(bins);
  let value = sd * normal();
  for (let bin = 0; bin < bins; bin++) {
    path[bin] = value;
    value = keep * value + kick * normal();
  }
  return path;
}
