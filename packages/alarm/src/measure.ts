import { ARRIVAL_CELLS, MONITORS, type Observation, stateAngleRad } from '@skykey/photons';
import { AlarmError } from './error.ts';
import { createFloor } from './floor.ts';
import type { AlarmLink } from './link.ts';
import { darkClasses, litClasses, statisticsOf } from './statistics.ts';

/** Columns of a row of `measure`; see `Statistic`. */
export const COLUMN = {
  /** What was counted or read. */
  x: 0,
  /** Part of the expectation that needs no learned level. */
  offset: 1,
  /** What the level multiplies. */
  n: 2,
  /** n times the covariate. */
  nc: 3,
  /** Variance of x - m beside the shot noise of a count: that of the offset, or all of it for a mean. */
  v: 4,
  /** Variance of n; times the square of the level it joins v. */
  nv: 5,
  /** How far the offset may be wrong for reasons other than chance. */
  slack: 6,
} as const;
export const COLUMNS = 7;

/** Share of the errors explained by a rotation that may be wrong: purity and curvature are taken as 1 there. Assumed. */
const ROTATION_SLACK = 0.05;
/** Variance of sin 2 theta from which on a bin says nothing of the rotation: some twenty clicks. Errors are fewer then. */
const LEAST_KNOWN_ROTATION = 0.05;

/** Share of the clicks that light makes outside that may be otherwise: after-pulses drift. Assumed. */
const LIGHT_OUTSIDE_SLACK = 0.25;
/** Clicks outside the gate from which on their root is their uncertainty. */
const ENOUGH_OUTSIDE = 100;
/** Standard deviations by which noise among few clicks is thought more, which widens arrivals. Declared, not tuned. */
const NOISE_SURE = 4;
/** Clicks up to which a variance is not taken from the sample but that of an even spread. */
const FEW = 30;
/** Clicks of a detector below which the width of its arrivals is not looked at: a sum of so few squares is not Gaussian. */
const LEAST_FOR_WIDTH = 200;

/** Counts of noise among `n` clicks, at most: with what chance and the estimate of its mean may add to it. */
const mostNoise = (mean: number, variance: number, n: number): number =>
  Math.min(n, mean + NOISE_SURE * Math.sqrt(mean + variance));

/** Writes the rows of one bin into `out`, `COLUMNS` numbers for each statistic of `statisticsOf(link.source)`. */
export type Measure = (observation: Observation, out: Float64Array) => void;

/** Sign of a click of detector d, given state s of the other basis, in the sum that grows with the rotation of frames. */
const rotationSign = stateAngleRad.map((prepared) =>
  stateAngleRad.map((looking) => Math.round(-Math.sin(2 * (prepared - looking)))),
);

export function createMeasure(link: AlarmLink): Measure {
  const { source, receiver } = link;
  const classes = source.intensities.length;
  const lit = litClasses(source);
  const dark = darkClasses(source);
  const rows = statisticsOf(source).length;
  const share = source.intensities.map(({ probability }) => probability);
  const basisShare = [source.basisXProbability, 1 - source.basisXProbability];
  const meanPhotons = source.intensities.reduce((sum, { meanPhotons: m, probability }) => sum + m * probability, 0);
  const gatePs = 1000 * receiver.gateNs;
  /** Second moment of what is spread evenly over the gate, ps^2. */
  const flat = gatePs ** 2 / 12;
  /** The same of one photon, ps^2. */
  const ofOne = receiver.jitterPs ** 2 + (source.flaws?.pulseWidthPs ?? 0) ** 2;
  const cellPs = gatePs / ARRIVAL_CELLS;
  const beacon = MONITORS.indexOf('beacon-power');

  const cell = new Float64Array(classes * 16);
  const noiseFloor = createFloor(link);
  const {
    inGate: floor,
    variance: floorVariance,
    slack: floorSlack,
    tail,
    tailDrift,
    share: outsideShare,
    ofLight,
  } = noiseFloor;
  const byDetector = new Float64Array(4);
  const byState = new Float64Array(classes * 4);
  const square = new Float64Array(4);
  const fourth = new Float64Array(4);
  const binned = new Float64Array(4);

  return (o, out) => {
    if (o.single.length !== classes * 16) {
      throw new AlarmError(
        'alarm/observation',
        `bin ${o.bin}: single has ${o.single.length} cells; a source of ${classes} classes has ${classes * 16}`,
      );
    }
    let at = 0;
    const row = (x: number, offset: number, n: number, c: number, v: number, nv: number, slack: number): void => {
      out[at] = x;
      out[at + 1] = offset;
      out[at + 2] = n;
      out[at + 3] = n * c;
      out[at + 4] = v;
      out[at + 5] = nv;
      out[at + 6] = slack;
      at += COLUMNS;
    };
    const { single, outside } = o;
    cell.set(single);
    byDetector.fill(0);
    byState.fill(0);
    for (let ks = 0; ks < classes * 4; ks++) {
      for (let d = 0; d < 4; d++) {
        const clicks = cell[ks * 4 + d]!;
        byState[ks]! += clicks;
        byDetector[d]! += clicks;
      }
    }
    let clicks = 0;
    let floorSum = 0;
    let floorSumVariance = 0;
    let floorSumSlack = 0;
    let outsideSum = 0;
    const bright = noiseFloor.take(o, byDetector);
    for (let d = 0; d < 4; d++) {
      clicks += byDetector[d]!;
      outsideSum += outside[d]!;
      floorSum += floor[d]!;
      floorSumVariance += floorVariance[d]!;
      floorSumSlack += floorSlack[d]!;
    }
    const light = Math.max(0, clicks - floorSum);
    /** Mclicks/s of the gate: what dead time, walk and after-pulses go by. */
    const rate = clicks / o.durationS / 1e6;

    // T1. Noise is wrong half of the time. A rotation by theta shows as sin 2 theta where bases differ, and as
    // sin^2 theta among the errors; a tap that measures and resends does the second only.
    let turned = 0;
    let mismatched = 0;
    for (let ks = 0; ks < classes * 4; ks++) {
      const s = ks & 3;
      const other = s < 2 ? 2 : 0;
      for (let d = other; d < other + 2; d++) {
        turned += rotationSign[s]![d]! * cell[ks * 4 + d]!;
        mismatched += cell[ks * 4 + d]!;
      }
    }
    const mismatchedFloor = (floor[0]! + floor[1]!) * basisShare[1]! + (floor[2]! + floor[3]!) * basisShare[0]!;
    const straight = Math.max(0, mismatched - mismatchedFloor);
    const a = straight > 0 ? turned / straight : 0;
    const noiseOfSquare = straight > 0 ? mismatched / (straight * straight) : 0;
    const sine = a * a - noiseOfSquare;
    const known = straight > 0 && noiseOfSquare < LEAST_KNOWN_ROTATION;
    const rotated = !known ? 0 : sine <= 0 ? sine / 4 : (1 - Math.sqrt(1 - Math.min(1, sine))) / 2;
    const rotatedVariance = known ? (4 * a * a * noiseOfSquare + 2 * noiseOfSquare ** 2) / 16 : 0;
    for (const k of lit) {
      for (let b = 0; b < 2; b++) {
        const i = k * 16 + b * 10;
        const wrong = cell[i + 1]! + cell[i + 4]!;
        const matched = wrong + cell[i]! + cell[i + 5]!;
        const sent = share[k]! * basisShare[b]!;
        const noise = sent * (floor[2 * b]! + floor[2 * b + 1]!);
        const n = Math.max(0, matched - noise);
        const v = (0.5 * sent) ** 2 * (floorVariance[2 * b]! + floorVariance[2 * b + 1]!) + n * n * rotatedVariance;
        const slack =
          0.5 * sent * (floorSlack[2 * b]! + floorSlack[2 * b + 1]!) + ROTATION_SLACK * Math.max(0, rotated) * n;
        if (bright) row(wrong, 0.5 * noise + rotated * n, n, 0, v, 0, slack);
        else row(0, 0, 0, 0, 0, 0, 0);
      }
    }
    row(turned, 0, straight, 0, mismatched, 0, 0);
    row(turned, 0, straight, 0, mismatched, 0, 0);

    // T2.
    let signal = 0;
    let signalVariance = 0;
    for (let i = 0; i < lit.length; i++) {
      const k = lit[i]!;
      const sum = byState[k * 4]! + byState[k * 4 + 1]! + byState[k * 4 + 2]! + byState[k * 4 + 3]!;
      const noise = share[k]! * floorSum;
      const noiseVariance = share[k]! ** 2 * floorSumVariance;
      if (i === 0) {
        signal = Math.max(0, sum - noise);
        signalVariance = sum + noiseVariance;
      } else if (bright) row(sum, noise, signal, 0, noiseVariance, signalVariance, share[k]! * floorSumSlack);
      else row(0, 0, 0, 0, 0, 0, 0);
    }
    for (const k of dark) {
      const sum = byState[k * 4]! + byState[k * 4 + 1]! + byState[k * 4 + 2]! + byState[k * 4 + 3]!;
      const noise = share[k]! * floorSum;
      // Where much counts outside and not as much inside, somebody places clicks: light need not outshine the floor for that.
      if (bright || outsideSum >= ENOUGH_OUTSIDE)
        row(sum, noise, signal, 0, share[k]! ** 2 * floorSumVariance, 0, share[k]! * floorSumSlack);
      else row(0, 0, 0, 0, 0, 0, 0);
    }

    // T4. Noise lies evenly in the gate, so that its mean is the centre.
    let pooled = 0;
    let pooledVariance = 0;
    for (let d = 0; d < 4; d++) {
      let n = 0;
      let first = 0;
      let second = 0;
      for (let i = 0; i < ARRIVAL_CELLS; i++) {
        const count = o.arrival[d * ARRIVAL_CELLS + i]!;
        const ps = (i - (ARRIVAL_CELLS - 1) / 2) * cellPs;
        n += count;
        first += count * ps;
        second += count * ps * ps;
      }
      const mean = n > 0 ? first / n : 0;
      let spread = 0;
      for (let i = 0; i < ARRIVAL_CELLS; i++) {
        const ps = (i - (ARRIVAL_CELLS - 1) / 2) * cellPs - mean;
        spread += o.arrival[d * ARRIVAL_CELLS + i]! * ps * ps * ps * ps;
      }
      binned[d] = n;
      square[d] = n > 1 ? ((second - n * mean * mean) * n) / (n - 1) : 0;
      fourth[d] = spread;
      if (n > 0) {
        pooled += byDetector[d]! * o.arrivalMeanPs[d]!;
        pooledVariance += byDetector[d]! * variancePs2(d);
      }
    }
    row(pooled, 0, light, rate, pooledVariance, 0, 0);
    row(pooled, 0, light, rate, pooledVariance, 0, 0);
    for (let d = 0; d < 4; d++) {
      const n = byDetector[d]!;
      const others = clicks - n;
      if (n === 0 || others === 0) row(0, 0, 0, 0, 0, 0, 0);
      else {
        const own = n * o.arrivalMeanPs[d]!;
        const ownVariance = n * variancePs2(d);
        const ratio = n / others;
        row(own - (pooled - own) * ratio, 0, n, rate, ownVariance + (pooledVariance - ownVariance) * ratio ** 2, 0, 0);
      }
    }
    for (let d = 0; d < 4; d++) {
      const n = binned[d]!;
      const noise = floor[d]!;
      if (n < LEAST_FOR_WIDTH) {
        row(0, 0, 0, 0, 0, 0, 0);
        continue;
      }
      // The sample's own fourth moment; a Gaussian of the jitter stands in where the sample is too small to have one.
      const v =
        Math.max(n > 0 ? fourth[d]! - square[d]! ** 2 / n : 0, 2 * n * receiver.jitterPs ** 4) +
        floorVariance[d]! * flat ** 2;
      row(square[d]!, noise * flat, Math.max(0, n - noise), rate, v, 0, floorSlack[d]! * flat);
    }
    // The dim classes hold more noise than their share of the light, which draws their means to the centre.
    const meanOfLight = light > 0 ? pooled / light : 0;
    const varianceAll = clicks > 0 ? pooledVariance / clicks : 0;
    for (const k of lit) {
      for (let s = 0; s < 4; s++) {
        const n = byState[k * 4 + s]!;
        const mean = o.diodeMeanPs[k * 4 + s]!;
        const sent = 0.5 * share[k]! * basisShare[s >> 1]!;
        const noise = sent * floorSum;
        const own = n - noise;
        if (!bright || own <= 0 || Number.isNaN(mean)) row(0, 0, 0, 0, 0, 0, 0);
        else {
          const most = mostNoise(noise, sent * sent * floorSumVariance, n);
          const v = n > FEW ? (n - most) * varianceAll + most * flat : n * flat;
          row(n * mean - own * meanOfLight, 0, own, 0, v, 0, 0);
        }
      }
    }

    // T5.
    for (let d = 0; d < 4; d++) {
      row(byDetector[d]!, floor[d]!, light, rate, floorVariance[d]!, floorSumVariance, floorSlack[d]!);
    }
    const floorX = floor[0]! + floor[1]!;
    const vX = floorVariance[0]! + floorVariance[1]!;
    const slackX = floorSlack[0]! + floorSlack[1]!;
    row(byDetector[0]! + byDetector[1]!, floorX, light, rate, vX, floorSumVariance, slackX);
    // Of the bits that were sent in a basis, those detected in the other one: there its own detectors do not matter.
    for (const k of lit) {
      for (let b = 0; b < 2; b++) {
        const i = k * 16 + b * 8;
        const other = b === 0 ? 2 : 0;
        const zeros = cell[i + other]! + cell[i + other + 1]!;
        const ones = cell[i + 4 + other]! + cell[i + 5 + other]!;
        const sent = 0.5 * share[k]! * basisShare[b]!;
        const noise = sent * (floor[other]! + floor[other + 1]!);
        const v = sent ** 2 * (floorVariance[other]! + floorVariance[other + 1]!);
        const slack = sent * (floorSlack[other]! + floorSlack[other + 1]!);
        row(zeros, noise, Math.max(0, zeros + ones - 2 * noise), 0, v, 0, slack);
      }
    }

    // T6. What independent detectors would do together. Wrong clicks are few: where none was counted, one might have been.
    let sameExpected = 0;
    let crossExpected = 0;
    let sameSlack = 0;
    let crossSlack = 0;
    let same = 0;
    let cross = 0;
    for (let k = 0; k < classes; k++) {
      same += o.double[k * 2]!;
      cross += o.double[k * 2 + 1]!;
      for (let s = 0; s < 4; s++) {
        const pulses = o.pulses * share[k]! * basisShare[s >> 1]! * 0.5;
        if (!(pulses > 0)) continue;
        const i = (k * 4 + s) * 4;
        const x = cell[i]! + cell[i + 1]!;
        const z = cell[i + 2]! + cell[i + 3]!;
        sameExpected += (cell[i]! * cell[i + 1]! + cell[i + 2]! * cell[i + 3]!) / pulses;
        crossExpected += (x * z) / pulses;
        // (a + 1)(b + 1) - ab
        sameSlack += (x + z + 2) / pulses;
        crossSlack += (x + z + 1) / pulses;
      }
    }
    row(same, 0, sameExpected, 0, 0, 0, sameSlack);
    row(cross, 0, crossExpected, 0, 0, 0, crossSlack);

    // T7.
    // What light itself puts outside comes and goes with the clouds.
    const lightOutside = ofLight * clicks;
    const wander = LIGHT_OUTSIDE_SLACK * lightOutside + tailDrift * clicks;
    row(outsideSum, lightOutside, o.durationS, rate, 0, 0, wander);
    row(outsideSum, lightOutside, o.durationS, rate, 0, 0, wander);
    for (let d = 0; d < 4; d++) {
      // Light that jitter throws out of the gate is no floor. A detector may be hotter by all the noise that the twin
      // gives it: dark counts of each go their own way. Few counts are uncertain by more than their root, hence the one.
      const own = tail * byDetector[d]!;
      const theirs = (outsideSum - outside[d]!) / 3;
      const others = Math.max(0, theirs - (tail * (clicks - byDetector[d]!)) / 3) + 1 / 3;
      const hotter = link.noiseHz[d]! * outsideShare * o.durationS;
      const slack = tailDrift * (byDetector[d]! + (clicks - byDetector[d]!) / 3) + hotter;
      row(outside[d]!, own, others, 0, 0, theirs + 1, slack);
    }

    // T8.
    for (let d = 0; d < 4; d++) {
      row(o.soon[d]!, 0, o.clicks[d]!, o.clicks[d]! / o.durationS / 1e6, 0, 0, 0);
    }

    // T9. The beacon carries the clouds. Below its noise a reading may be negative, and stays so: cut at 0 it would have a
    // bias. `nv` is for a reading of unit noise.
    const reading = o.monitors[beacon]!;
    const twin = o.pulses * meanPhotons * (link.channelTransmittance[o.bin] ?? 0) * link.receiverTransmittance;
    if (Number.isNaN(reading)) row(0, 0, 0, 0, 0, 0, 0);
    else {
      const v = clicks + floorSumVariance;
      row(clicks, floorSum, twin * reading, 0, v, twin * twin, floorSumSlack);
    }
    for (let i = 0; i < MONITORS.length; i++) {
      const value = o.monitors[i]!;
      if (Number.isNaN(value)) row(0, 0, 0, 0, 0, 0, 0);
      else row(value, 0, 1, 0, 1, 0, 0);
    }
    if (at !== rows * COLUMNS) throw new Error('statistics and rows have come apart');

    /** Variance of one arrival at a detector, ps^2: as binned, and no less than that of light and the most noise. */
    function variancePs2(d: number): number {
      const n = binned[d]!;
      if (n <= FEW) return flat;
      const noise = mostNoise(floor[d]!, floorVariance[d]!, n);
      return Math.max(((n - noise) * ofOne + noise * flat) / n, square[d]! / n);
    }
  };
}
