/**
 * How the clicks of one slot fall over four detectors, from the probabilities that any detector of a set clicks. Sets are
 * numbers whose bit d stands for detector d; X is 3, Z is 12.
 */
export interface Pattern {
  /** By detector: it alone clicks, and it clicks at all. */
  readonly single: Float64Array;
  readonly any: Float64Array;
  /** Both detectors of a basis, and none of the other. */
  bothX: number;
  bothZ: number;
  /** Detectors of both bases. */
  cross: number;
  /**
   * Of `bothX` and half of `cross`: with two clicks of the slot's own light, to leading order, and with none.
   */
  ownDouble: number;
  strayDouble: number;
}

export function emptyPattern(): Pattern {
  return {
    single: new Float64Array(4),
    any: new Float64Array(4),
    bothX: 0,
    bothZ: 0,
    cross: 0,
    ownDouble: 0,
    strayDouble: 0,
  };
}

/** By set of detectors: probability that any of them clicks. */
export type Clicking = Float64Array;

export const emptyClicking = (): Clicking => new Float64Array(16);

/** Detectors that click independently, with these probabilities: coherent light, bright pulses, noise. */
export function independently(clicks: ArrayLike<number>, out: Clicking): void {
  out[0] = 0;
  for (let d = 0; d < 4; d++) {
    const set = 1 << d;
    const click = clicks[d]!;
    for (let below = 0; below < set; below++) out[set + below] = click + out[below]! * (1 - click);
  }
}

/** Photons of which each makes a click in detector d with probability `clicks[d]`, or none. */
export function byPhotons(photons: number, clicks: ArrayLike<number>, out: Clicking): void {
  out[0] = 0;
  for (let d = 0; d < 4; d++) {
    const set = 1 << d;
    for (let below = 0; below < set; below++) out[set + below] = out[below]! + clicks[d]!;
  }
  if (photons === 1) return;
  for (let set = 1; set < 16; set++) out[set] = -Math.expm1(photons * Math.log1p(-Math.min(1, out[set]!)));
}

/** Clicks of two sources that know nothing of each other, into the first. */
export function join(into: Clicking, other: Clicking): void {
  for (let set = 1; set < 16; set++) into[set]! += other[set]! * (1 - into[set]!);
}

const joined = emptyClicking();

/**
 * The pattern of a slot in which light of its own and something else click: `clicks` is what its light does by detector, and
 * it is of so many photons (`Infinity`: coherent).
 */
export function patternOf(
  light: Clicking,
  photons: number,
  clicks: ArrayLike<number>,
  stray: Clicking,
  out: Pattern,
): void {
  joined.set(light);
  join(joined, stray);
  const all = joined[15]!;
  const { single, any } = out;
  for (let d = 0; d < 4; d++) {
    any[d] = joined[1 << d]!;
    single[d] = Math.max(0, all - joined[15 ^ (1 << d)]!);
  }
  // What is left where sets cancel is rounding.
  out.bothX = Math.max(0, all - joined[12]! - single[0]! - single[1]!);
  out.bothZ = Math.max(0, all - joined[3]! - single[2]! - single[3]!);
  out.cross = Math.max(0, joined[12]! + joined[3]! - all);

  out.ownDouble =
    (1 - 1 / photons) * (clicks[0]! * clicks[1]! + ((clicks[0]! + clicks[1]!) * (clicks[2]! + clicks[3]!)) / 2);
  const bothX = stray[13]! + stray[14]! - stray[12]! - stray[15]!;
  const cross = stray[12]! + stray[3]! - stray[15]!;
  out.strayDouble = Math.max(0, (bothX + cross / 2) * (1 - light[15]!));
}

/**
 * Detectors that are all dead after any click: `clicks` are those of the first count, `stray` those that nothing of the slot
 * made, and there is no second.
 */
export function heldPattern(clicks: Float64Array, stray: Float64Array, out: Pattern): void {
  const none = 1 - clicks[0]! - clicks[1]! - clicks[2]! - clicks[3]!;
  for (let d = 0; d < 4; d++) out.any[d] = out.single[d] = clicks[d]! + stray[d]! * none;
  out.bothX = out.bothZ = out.cross = out.ownDouble = out.strayDouble = 0;
}
