/**
 * How the clicks of one slot fall over four detectors. `clicks` and `stray` are, by detector, the probabilities that the
 * slot's own light, and that anything else, makes a click in the gate; stray clicks are independent of all.
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
  /** How often two clicks of light are in `bothX` and half of `cross`, to leading order. */
  ownDouble: number;
}

export function emptyPattern(): Pattern {
  return { single: new Float64Array(4), any: new Float64Array(4), bothX: 0, bothZ: 0, cross: 0, ownDouble: 0 };
}

/** Detectors that click independently: coherent light, bright pulses, or no light at all. */
export function independentPattern(clicks: Float64Array, stray: Float64Array, out: Pattern): void {
  const [c0, c1, c2, c3] = [clicks[0]!, clicks[1]!, clicks[2]!, clicks[3]!];
  const b0 = c0 + stray[0]! * (1 - c0);
  const b1 = c1 + stray[1]! * (1 - c1);
  const b2 = c2 + stray[2]! * (1 - c2);
  const b3 = c3 + stray[3]! * (1 - c3);
  out.any[0] = b0;
  out.any[1] = b1;
  out.any[2] = b2;
  out.any[3] = b3;
  const x = b0 + b1 * (1 - b0);
  const z = b2 + b3 * (1 - b2);
  out.single[0] = b0 * (1 - b1) * (1 - z);
  out.single[1] = b1 * (1 - b0) * (1 - z);
  out.single[2] = b2 * (1 - b3) * (1 - x);
  out.single[3] = b3 * (1 - b2) * (1 - x);
  out.bothX = b0 * b1 * (1 - z);
  out.bothZ = b2 * b3 * (1 - x);
  out.cross = x * z;
  out.ownDouble = c0 * c1 + ((c0 + c1) * (c2 + c3)) / 2;
}

/** At most one photon, which makes a click in detector d with probability `clicks[d]`. */
export function onePhotonPattern(clicks: Float64Array, stray: Float64Array, out: Pattern): void {
  const [c0, c1, c2, c3] = [clicks[0]!, clicks[1]!, clicks[2]!, clicks[3]!];
  const [n0, n1, n2, n3] = [stray[0]!, stray[1]!, stray[2]!, stray[3]!];
  const none = 1 - c0 - c1 - c2 - c3;
  const strayX = n0 + n1 * (1 - n0);
  const strayZ = n2 + n3 * (1 - n2);
  const { single } = out;
  for (let d = 0; d < 4; d++) out.any[d] = clicks[d]! + (1 - clicks[d]!) * stray[d]!;
  single[0] = (c0 + none * n0) * (1 - n1) * (1 - strayZ);
  single[1] = (c1 + none * n1) * (1 - n0) * (1 - strayZ);
  single[2] = (c2 + none * n2) * (1 - n3) * (1 - strayX);
  single[3] = (c3 + none * n3) * (1 - n2) * (1 - strayX);
  out.bothX = (c0 * n1 + c1 * n0 + none * n0 * n1) * (1 - strayZ);
  out.bothZ = (c2 * n3 + c3 * n2 + none * n2 * n3) * (1 - strayX);
  out.cross = (c0 + c1) * strayZ + (c2 + c3) * strayX + none * strayX * strayZ;
  out.ownDouble = 0;
}

/**
 * Two photons or more, each of which makes a click in detector d with probability `clicks[d]`: the probability that
 * a set of detectors is silent has a closed form, and patterns are its differences.
 */
export function photonPattern(photons: number, clicks: Float64Array, stray: Float64Array, out: Pattern): void {
  const [c0, c1, c2, c3] = [clicks[0]!, clicks[1]!, clicks[2]!, clicks[3]!];
  const [n0, n1, n2, n3] = [stray[0]!, stray[1]!, stray[2]!, stray[3]!];
  const quietX = (1 - n0) * (1 - n1);
  const quietZ = (1 - n2) * (1 - n3);
  const none = 1 - c0 - c1 - c2 - c3;
  const { single } = out;
  for (let d = 0; d < 4; d++) out.any[d] = 1 - (1 - clicks[d]!) ** photons * (1 - stray[d]!);
  const silent = none ** photons * quietX * quietZ;
  const onlyX = (none + c0 + c1) ** photons * quietZ - silent;
  const onlyZ = (none + c2 + c3) ** photons * quietX - silent;
  single[0] = (none + c0) ** photons * (1 - n1) * quietZ - silent;
  single[1] = (none + c1) ** photons * (1 - n0) * quietZ - silent;
  single[2] = (none + c2) ** photons * (1 - n3) * quietX - silent;
  single[3] = (none + c3) ** photons * (1 - n2) * quietX - silent;
  out.bothX = Math.max(0, onlyX - single[0]! - single[1]!);
  out.bothZ = Math.max(0, onlyZ - single[2]! - single[3]!);
  out.cross = Math.max(0, 1 - silent - onlyX - onlyZ);
  out.ownDouble = (photons * (photons - 1) * (2 * c0 * c1 + (c0 + c1) * (c2 + c3))) / 2;
}

/** Detectors that are all dead after any click: `clicks` are those of the first count, and there is no second. */
export function heldPattern(clicks: Float64Array, stray: Float64Array, out: Pattern): void {
  const none = 1 - clicks[0]! - clicks[1]! - clicks[2]! - clicks[3]!;
  for (let d = 0; d < 4; d++) out.any[d] = out.single[d] = clicks[d]! + stray[d]! * none;
  out.bothX = out.bothZ = out.cross = out.ownDouble = 0;
}
