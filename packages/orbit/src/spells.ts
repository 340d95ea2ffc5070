/**
 * The stretches of time in which a quantity is positive, when all that is known of it is how fast it can change. A step
 * is taken only where that rate proves that the sign stays; every end is a root.
 */
import { root } from './root.ts';

/** A quantity that depends on time, and the grid on which it is looked at. */
export interface Course {
  readonly value: (utcMs: number) => number;
  /** Bound on how fast the value changes, per ms. */
  readonly ratePerMs: number;
  readonly originMs: number;
  readonly cellMs: number;
  /** How far outside the interval the ends of a stretch are looked for, ms. */
  readonly reachMs: number;
}

/** From `startMs` to `endMs` the value is positive; infinite where an end lies beyond the reach. */
export interface Spell {
  readonly startMs: number;
  readonly endMs: number;
}

/** Roots are found to this, ms. */
const TOLERANCE_MS = 0.01;
/** Spells and gaps shorter than this may be passed over, ms. */
export const SHORTEST_MS = 50;

/** All spells that overlap the interval, whole as far as the reach goes, in order. */
export function spells(course: Course, fromMs: number, toMs: number): Spell[] {
  const { value, ratePerMs, originMs, cellMs, reachMs } = course;
  const timeMs = (k: number) => originMs + k * cellMs;

  /** Adds the sign changes between `a` and `b` to `into`. */
  const changes = (a: number, b: number, va: number, vb: number, into: number[]): number[] => {
    const same = va > 0 === vb > 0;
    if (same && Math.abs(va) + Math.abs(vb) >= ratePerMs * (b - a)) return into;
    if (b - a <= SHORTEST_MS) {
      if (!same) into.push(root(value, a, b, va, vb, TOLERANCE_MS));
      return into;
    }
    const middle = (a + b) / 2;
    const vm = value(middle);
    changes(a, middle, va, vm, into);
    return changes(middle, b, vm, vb, into);
  };

  let k = Math.floor((fromMs - originMs) / cellMs);
  let here = value(timeMs(k));
  while (here > 0 && timeMs(k) > fromMs - reachMs) here = value(timeMs(--k));

  const found: Spell[] = [];
  let startMs: number | null = here > 0 ? Number.NEGATIVE_INFINITY : null;
  while (timeMs(k) <= (startMs !== null && startMs <= toMs ? toMs + reachMs : toMs)) {
    const still = Math.floor(Math.abs(here) / ratePerMs / cellMs);
    if (still > 0) {
      k += still;
      here = value(timeMs(k));
      continue;
    }
    const next = value(timeMs(k + 1));
    for (const atMs of changes(timeMs(k), timeMs(k + 1), here, next, [])) {
      if (startMs === null) {
        startMs = atMs;
      } else {
        if (atMs >= fromMs && startMs <= toMs) found.push({ startMs, endMs: atMs });
        startMs = null;
      }
    }
    here = next;
    k++;
  }
  if (startMs !== null && startMs <= toMs) found.push({ startMs, endMs: Number.POSITIVE_INFINITY });
  return found;
}
