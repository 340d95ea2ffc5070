import { normalCdf } from './normal.ts';

/**
 * How far two kinds of pulse may be treated differently by somebody who can tell them apart only so well: if an event
 * (a detection, an error) happens to the one with probability y, it happens to the other with at most U(y). U is concave
 * and increasing. It is kept as lines `slope * y + rise`, each of which lies nowhere below U, so that whatever is computed
 * from them errs on the safe side only. Lines stand in falling order of slope; the first is the tangent at y near 0, the
 * last is the horizontal 1. The relation goes both ways: all of it holds with the two kinds exchanged.
 */
export interface TradeOff {
  readonly slope: Float64Array;
  readonly rise: Float64Array;
}

function fromLines(lines: readonly (readonly [slope: number, rise: number])[]): TradeOff {
  return {
    slope: Float64Array.from(lines, ([slope]) => slope),
    rise: Float64Array.from(lines, ([, rise]) => rise),
  };
}

/** Kinds that cannot be told apart: U(y) = y. */
export const indistinguishable: TradeOff = fromLines([
  [1, 0],
  [0, 1],
]);

/**
 * Kinds that differ in the mean of a Gaussian quantity by `distance` standard deviations and in nothing else. By Neyman and
 * Pearson (Phil. Trans. R. Soc. A 231, 289 (1933)) a threshold is the best test: U(y) = Phi(Phi^-1(y) + distance). Tangents
 * at y = Phi(x), of slope e^(-x distance - distance^2 / 2).
 */
export function gaussianTradeOff(distance: number): TradeOff {
  if (distance === 0) return indistinguishable;
  const lines: [number, number][] = [];
  for (let x = -9; x <= 6; x += 0.05) {
    const slope = Math.exp(-x * distance - (distance * distance) / 2);
    lines.push([slope, Math.max(0, normalCdf(x + distance) - slope * normalCdf(x))]);
  }
  lines.push([0, 1]);
  return fromLines(lines);
}

/**
 * Pure states of overlap |<a|b>|: U(y) = sin^2(asin(sqrt y) + acos(overlap)), 1 where the angle passes a right one. It is the
 * Cauchy-Schwarz constraint that Zapatero et al., Quantum 5, 602 (2021), arXiv:2105.11165, put on yields, and it holds for
 * mixed states too with the root of their fidelity (Uhlmann).
 */
export function pureTradeOff(overlap: number): TradeOff {
  if (overlap >= 1) return indistinguishable;
  const angle = Math.acos(Math.max(0, overlap));
  const lines: [number, number][] = [];
  const right = Math.PI / 2;
  for (let theta = 1e-7; theta + angle < right; theta *= 1.04) {
    const slope = Math.sin(2 * (theta + angle)) / Math.sin(2 * theta);
    lines.push([slope, Math.sin(theta + angle) ** 2 - slope * Math.sin(theta) ** 2]);
  }
  lines.push([0, 1]);
  return fromLines(lines);
}

/** States of trace distance at most `distance`: U(y) = min(1, y + distance), by what a trace distance means. */
export function traceTradeOff(distance: number): TradeOff {
  if (distance === 0) return indistinguishable;
  return fromLines([
    [1, Math.min(1, distance)],
    [0, 1],
  ]);
}

/**
 * Kinds that change the mean of a Poisson number by at most the relative `deviation` around some mean up to `mean`: the
 * photons of later pulses, whose intensities remember the setting of this one. For every m, with N that number,
 *   P1(E) <= P1(E, N <= m) + P1(N > m) <= r_m P0(E) + P(N > m at the highest mean),
 * r_m the largest likelihood ratio of N <= m in either direction: ((1 + deviation) / (1 - deviation))^m or
 * e^(2 deviation mean). The first has a factor e^(-2 deviation mean) that is left out, since the mean may be smaller.
 */
export function poissonTradeOff(mean: number, deviation: number): TradeOff {
  if (deviation === 0 || mean === 0) return indistinguishable;
  const high = mean * (1 + deviation);
  const ratio = (1 + deviation) / (1 - deviation);
  const fewer = Math.exp(2 * deviation * mean);
  const lines: [number, number][] = [];
  let last = Math.ceil(high + 12 * Math.sqrt(high) + 24);
  let beyond = poissonTail(last, high);
  for (; last >= 0; last--) {
    lines.push([Math.max(ratio ** last, fewer), beyond]);
    beyond += poissonProbability(last, high);
  }
  lines.push([0, 1]);
  return envelope(lines);
}

/** Two side channels at once, one after the other: U(y) = U_second(U_first(y)). */
export function compose(first: TradeOff, second: TradeOff): TradeOff {
  if (first === indistinguishable) return second;
  if (second === indistinguishable) return first;
  const lines: [number, number][] = [];
  // Any two lines make a valid one. For each joint of the first, those of the second that are lowest there.
  for (let i = 0; i < first.slope.length; i++) {
    const slope = first.slope[i]!;
    const rise = first.rise[i]!;
    const next = first.slope[i + 1] ?? 0;
    const nextRise = first.rise[i + 1] ?? 1;
    const joint = slope > next ? Math.min(1, Math.max(0, (nextRise - rise) / (slope - next))) : 1;
    const j = lowestAt(second, slope * joint + rise);
    lines.push([second.slope[j]! * slope, second.slope[j]! * rise + second.rise[j]!]);
  }
  for (let j = 0; j < second.slope.length; j++) {
    const i = lowestAt(first, lower(second, second.slope[j]! + second.rise[j]!));
    lines.push([second.slope[j]! * first.slope[i]!, second.slope[j]! * first.rise[i]! + second.rise[j]!]);
  }
  return envelope(lines);
}

/** U(y), at most 1. */
export function upper({ slope, rise }: TradeOff, y: number): number {
  let best = 1;
  for (let m = 0; m < slope.length; m++) best = Math.min(best, slope[m]! * y + rise[m]!);
  return best;
}

/** The least probability of the other kind: the inverse of U, at least 0. */
export function lower({ slope, rise }: TradeOff, y: number): number {
  let best = 0;
  for (let m = 0; m < slope.length; m++) if (slope[m]! > 0) best = Math.max(best, (y - rise[m]!) / slope[m]!);
  return Math.min(best, y);
}

/** Slope of U at y: that of the line that is lowest there. */
export function slopeAt(tradeOff: TradeOff, y: number): number {
  return tradeOff.slope[lowestAt(tradeOff, y)]!;
}

/** The least of `a y - b U(y)` over 0 <= y <= 1, for a, b >= 0 and U as the lines have it. */
export function dip({ slope, rise }: TradeOff, a: number, b: number): number {
  if (b === 0) return 0;
  // The last line is horizontal, so that one of slope a / b or less is always found.
  let low = 0;
  let high = slope.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (b * slope[middle]! <= a) high = middle;
    else low = middle + 1;
  }
  if (low === 0) return -b * rise[0]!;
  // A mixture of two lines is a line above U too; the one of slope a / b makes the minimum flat.
  const steep = slope[low - 1]!;
  const share = (a / b - slope[low]!) / (steep - slope[low]!);
  return -b * (share * rise[low - 1]! + (1 - share) * rise[low]!);
}

function lowestAt({ slope, rise }: TradeOff, y: number): number {
  let best = 0;
  for (let m = 1; m < slope.length; m++) {
    if (slope[m]! * y + rise[m]! < slope[best]! * y + rise[best]!) best = m;
  }
  return best;
}

/** Lines that are lowest somewhere in [0, 1], in falling order of slope. */
function envelope(lines: [number, number][]): TradeOff {
  lines.sort((p, q) => q[0] - p[0] || p[1] - q[1]);
  const kept: [number, number][] = [];
  for (const line of lines) {
    // A line is of use where it is below the flatter ones before y = 1, and above none of the steeper ones at 0.
    while (kept.length > 0) {
      const [slope, rise] = kept[kept.length - 1]!;
      if (line[1] <= rise) {
        kept.pop();
        continue;
      }
      const before = kept[kept.length - 2];
      const meets = slope > line[0] ? (line[1] - rise) / (slope - line[0]) : Number.POSITIVE_INFINITY;
      if (before !== undefined && meets <= (rise - before[1]) / (before[0] - slope)) {
        kept.pop();
        continue;
      }
      break;
    }
    const [slope, rise] = kept[kept.length - 1] ?? [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    if (line[0] < slope && line[1] > rise) kept.push(line);
  }
  return fromLines(kept);
}

function poissonProbability(n: number, mean: number): number {
  let log = n * Math.log(mean) - mean;
  for (let k = 2; k <= n; k++) log -= Math.log(k);
  return Math.exp(log);
}

/** P(N > n), summed from above where it is small. */
function poissonTail(n: number, mean: number): number {
  let sum = 0;
  for (let k = n + 200; k > n; k--) sum += poissonProbability(k, mean);
  return sum;
}
