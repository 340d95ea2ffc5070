/**
 * What a faint copy of the modulator's setting tells of the class of a pulse. The copies of the signal's setting and of any
 * other are two pure states; which of the two it is can be asked in many ways, of which each takes some of the signal at
 * the price of some of the others. The best of them lie on a curve (Neyman and Pearson's, for states: Helstrom, Quantum
 * Detection and Estimation Theory, 1976, chapter IV): with overlap cos t it goes through (cos^2 x, cos^2(x - t)) for x from
 * 90 degrees down to t, and straight on to its ends, where she is never wrong.
 *
 * A plane curve of that kind is also that of some ordinary reading, whose values come the likelier from the signal the
 * earlier on the curve they are. She asks but one question of each pulse, and so may be taken to have that reading.
 */
export interface ClassReadings {
  /** Probability of each reading of a pulse of the signal. */
  readonly signal: readonly number[];
  /** Of a pulse of any other class. */
  readonly others: readonly number[];
}

/**
 * Where the curve is divided, as parts of the way from one of its ends to the other: the closer to an end the finer, since
 * on a lossy way she needs but the few pulses of which she is surest.
 */
const halvings = Array.from({ length: 10 }, (_, i) => 2 ** (i - 10));
const divisions = [
  0,
  ...halvings,
  ...halvings
    .map((part) => 1 - part)
    .reverse()
    .slice(1),
  1,
];

/** `overlap`: modulus of the scalar product of the two states, 0..1. Null where they cannot be told apart. */
export function classReadings(overlap: number): ClassReadings | null {
  // To this the linear programme of what she does with it is exact.
  if (!(1 - overlap ** 2 > 1e-12)) return null;
  const apart = Math.acos(overlap);
  const signal = [Math.sin(apart) ** 2];
  const others = [0];
  for (const [i, part] of divisions.slice(1).entries()) {
    const from = Math.PI / 2 + (apart - Math.PI / 2) * divisions[i]!;
    const to = Math.PI / 2 + (apart - Math.PI / 2) * part;
    signal.push(Math.cos(to - apart) ** 2 - Math.cos(from - apart) ** 2);
    others.push(Math.cos(to) ** 2 - Math.cos(from) ** 2);
  }
  signal.push(0);
  others.push(Math.sin(apart) ** 2);
  return { signal, others };
}
