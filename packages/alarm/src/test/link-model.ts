/**
 * A link of its own for the tests of this package: expected counts of a bin in closed form, to first order in the light,
 * and Poisson draws about them. It shares no code with the engine.
 */
import {
  ARRIVAL_CELLS,
  emptyObservation,
  MONITORS,
  type MonitorName,
  type Observation,
  type Random,
  seededRandom,
  stateAngleRad,
} from '@skykey/photons';
import type { AlarmLink } from '../link.ts';

/** What is true of a bin. */
export interface Truth {
  /** Detections of Alice's light per second. */
  lightHz: number;
  /** Beacon, and light with it. */
  sky: number;
  /** Counts per second of each detector in all of time that are not light. */
  noiseHz: number[];
  efficiency: number[];
  frameRad: number;
  /** Intrinsic error. */
  misalignment: number;
  /** Share of pulses that are measured and resent. */
  resent: number;
  /** Factor on the gain of each class. */
  gain: number[];
  /** Factor on the light of each state of the signal. */
  stateGain: number[];
  arrivalPs: number;
  detectorPs: number[];
  jitterPs: number;
  /** Factor on the doubles that independent detectors would make. */
  doubles: number;
  /** Probability of an after-pulse. */
  afterPulse: number;
  /** Share of clicks put on the late edge of the gate, half of them outside. */
  lateEdge: number;
  monitors: Record<MonitorName, number>;
}

const MONITOR_NOISE: Record<MonitorName, number> = {
  'bright-light': 2e-12,
  'injected-power': 1e-9,
  'out-of-band': 20,
  'source-power': 0.01,
  clock: 30,
  range: 0.5,
  'beacon-power': 0.02,
  'beacon-pointing': 0.3,
  'self-test': 0.005,
};

export function modelLink(bins: number, binS = 0.5): AlarmLink {
  return {
    source: {
      pulseRateHz: 1e9,
      intensities: [
        { name: 'signal', meanPhotons: 0.8, probability: 0.5 },
        { name: 'decoy', meanPhotons: 0.1, probability: 0.25 },
        { name: 'vacuum', meanPhotons: 0, probability: 0.25 },
      ],
      basisXProbability: 0.5,
    },
    receiver: { basisXProbability: 0.5, misalignment: 0.005, deadTimeNs: 50, jitterPs: 100, gateNs: 0.8 },
    binS,
    bins,
    channelTransmittance: new Float64Array(bins).fill(1e-3),
    receiverTransmittance: 0.3,
    noiseHz: new Float64Array(4).fill(200),
  };
}

export function cleanTruth(lightHz: number): Truth {
  return {
    lightHz,
    sky: 1,
    noiseHz: [200, 200, 200, 200],
    efficiency: [1, 0.97, 0.98, 0.96],
    frameRad: 0,
    misalignment: 0.005,
    resent: 0,
    gain: [1, 1, 1],
    stateGain: [1, 1, 1, 1],
    arrivalPs: 0,
    detectorPs: [0, 4, -3, 2],
    jitterPs: 100,
    doubles: 1,
    afterPulse: 0.005,
    lateEdge: 0,
    monitors: {
      'bright-light': 0,
      'injected-power': 0,
      'out-of-band': 0,
      'source-power': 1,
      clock: 0,
      range: 0,
      'beacon-power': 1,
      'beacon-pointing': 0,
      'self-test': 0,
    },
  };
}

/** What changes the truth of a bin that begins at `atS`. */
export type Change = (truth: Truth, atS: number) => void;

export interface PassRequest {
  readonly link: AlarmLink;
  readonly seed: number;
  readonly lightHz?: number;
  readonly drift?: boolean;
  /** Clouds in some passes, as a part of drift. */
  readonly clouds?: boolean;
  readonly change?: Change;
  readonly without?: readonly MonitorName[];
}

/** A pass of `link.bins` bins. */
export function modelPass(request: PassRequest): Observation[] {
  const { link, seed, change, without = [] } = request;
  const random = seededRandom(seed, 1);
  const drifts = request.drift === false ? () => {} : driftOf(link, seed, request.clouds ?? true);
  return Array.from({ length: link.bins }, (_, bin) => {
    const truth = cleanTruth(request.lightHz ?? 100_000);
    drifts(truth, bin * link.binS);
    change?.(truth, bin * link.binS);
    return drawBin(link, bin, truth, random, without);
  });
}

/** Frames, clouds, moonlight, clock, intensities and efficiencies, each drawn anew for a pass. */
function driftOf(link: AlarmLink, seed: number, clouds: boolean): Change {
  const random = seededRandom(seed, 2);
  const wander = (sd: number, timeS: number): Float64Array => {
    const keep = Math.exp(-link.binS / timeS);
    let value = sd * normal(random);
    return Float64Array.from({ length: link.bins }, () => {
      const now = value;
      value = keep * value + sd * Math.sqrt(1 - keep * keep) * normal(random);
      return now;
    });
  };
  const frame = wander(0.0175, 60);
  const clock = wander(10, 100);
  const power = wander(0.005, 120);
  const classes = [wander(0.002, 120), wander(0.002, 120)];
  const efficiencies = [0, 1, 2, 3].map(() => wander(0.01, 200));
  const pointing = wander(0.02, 0.5);
  const moonHz = 30 * 10 ** (2 * random.uniform());
  const cloudAtS = random.uniform() < 0.3 ? random.uniform() * link.bins * link.binS : Number.NEGATIVE_INFINITY;
  const cloudDb = random.uniform() < 0.2 ? 60 : 8 * random.uniform();
  return (truth, atS) => {
    const bin = Math.round(atS / link.binS);
    const away = Math.abs(atS - cloudAtS) / 10;
    const cloud = clouds && away < 1 ? 10 ** ((-cloudDb * (1 + Math.cos(Math.PI * away))) / 20) : 1;
    truth.frameRad += frame[bin]!;
    truth.arrivalPs += clock[bin]!;
    truth.sky *= cloud;
    truth.monitors['beacon-power'] *= cloud;
    truth.monitors['source-power'] *= 1 + power[bin]!;
    truth.lightHz *= (1 + power[bin]!) * (1 + pointing[bin]!);
    for (const k of [0, 1]) truth.gain[k]! *= 1 + classes[k]![bin]!;
    for (let d = 0; d < 4; d++) {
      truth.efficiency[d]! *= 1 + efficiencies[d]![bin]!;
      truth.noiseHz[d]! += moonHz;
    }
  };
}

function drawBin(
  link: AlarmLink,
  bin: number,
  truth: Truth,
  random: Random,
  without: readonly MonitorName[],
): Observation {
  const { source, receiver, binS } = link;
  const pulses = source.pulseRateHz * binS;
  const o = emptyObservation(3, { bin, startS: bin * binS, durationS: binS, pulses });
  const mean = source.intensities.reduce((sum, { meanPhotons, probability }) => sum + meanPhotons * probability, 0);
  const light = truth.lightHz * binS * truth.sky;
  const gate = receiver.gateNs / (1e9 / source.pulseRateHz);
  const noise = truth.noiseHz.map((hz) => hz * binS);
  const visibility = (1 - 2 * truth.misalignment) * (1 - truth.resent / 2);
  const byDetector = [0, 0, 0, 0];
  const lightOf = [0, 0, 0, 0];
  const lightIn = new Float64Array(48);
  for (let k = 0; k < 3; k++) {
    const { meanPhotons, probability } = source.intensities[k]!;
    for (let s = 0; s < 4; s++) {
      const sent = light * ((meanPhotons * probability) / mean) * truth.gain[k]! * 0.25;
      for (let d = 0; d < 4; d++) {
        const angle = 2 * (stateAngleRad[s]! + truth.frameRad - stateAngleRad[d]!);
        const port = 0.5 + (visibility / 2) * Math.cos(angle);
        const own = sent * 0.5 * port * truth.efficiency[d]! * (k === 0 ? truth.stateGain[s]! : 1);
        const dark = (noise[d]! + truth.afterPulse * o.clicks[d]!) * gate * probability * 0.25;
        const after = truth.afterPulse * light * 0.25 * gate * probability * 0.25;
        const drawn = poisson(random, own * (1 - truth.lateEdge / 2) + dark + after);
        o.single[(k * 4 + s) * 4 + d]! = drawn;
        byDetector[d]! += drawn;
        lightOf[d]! += own;
        lightIn[(k * 4 + s) * 4 + d] = own > 0 ? own / (own + dark + after) : 0;
      }
    }
  }
  for (let k = 0; k < 3; k++) {
    const expected = [0, 0];
    for (let s = 0; s < 4; s++) {
      const q = [0, 1, 2, 3].map((d) => o.single[(k * 4 + s) * 4 + d]!);
      const slots = pulses * source.intensities[k]!.probability * 0.25;
      expected[0]! += (q[0]! * q[1]! + q[2]! * q[3]!) / slots;
      expected[1]! += ((q[0]! + q[1]!) * (q[2]! + q[3]!)) / slots;
    }
    for (let pair = 0; pair < 2; pair++) o.double[k * 2 + pair] = poisson(random, truth.doubles * expected[pair]!);
  }
  const gatePs = 1000 * receiver.gateNs;
  for (let d = 0; d < 4; d++) {
    o.outside[d] = poisson(
      random,
      (noise[d]! + truth.afterPulse * byDetector[d]!) * (1 - gate) + (lightOf[d]! * truth.lateEdge) / 2,
    );
    o.clicks[d] = o.outside[d]! + byDetector[d]!;
    o.soon[d] = poisson(random, o.clicks[d]! * (o.clicks[d]! / binS) * 50e-9 + 0.6 * truth.afterPulse * o.clicks[d]!);
    arrivals(o, d, byDetector[d]!, Math.min(byDetector[d]!, noise[d]! * gate), truth, gatePs, random);
  }
  diodes(o, truth, lightIn, gatePs, random);
  for (const [i, name] of MONITORS.entries()) {
    const reading = truth.monitors[name] + MONITOR_NOISE[name] * normal(random);
    o.monitors[i] = without.includes(name) ? Number.NaN : reading;
  }
  return o;
}

/** Cell by cell: a Gaussian about the mean of the detector and an even floor, plus what sits on the late edge. */
function arrivals(
  o: Observation,
  d: number,
  clicks: number,
  noise: number,
  truth: Truth,
  gatePs: number,
  random: Random,
): void {
  const cellPs = gatePs / ARRIVAL_CELLS;
  const centre = truth.arrivalPs + truth.detectorPs[d]!;
  const weights = Array.from({ length: ARRIVAL_CELLS }, (_, i) => {
    const ps = (i + 0.5) * cellPs - gatePs / 2;
    const bell = Math.exp(-0.5 * ((ps - centre) / truth.jitterPs) ** 2);
    return (bell * cellPs) / (truth.jitterPs * Math.sqrt(2 * Math.PI));
  });
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let n = 0;
  let sum = 0;
  for (let i = 0; i < ARRIVAL_CELLS; i++) {
    const edge = i >= ARRIVAL_CELLS - 4 ? truth.lateEdge / 8 : 0;
    const own = (clicks - noise) * ((weights[i]! / total) * (1 - truth.lateEdge / 2) + edge);
    const count = poisson(random, own + noise / ARRIVAL_CELLS);
    o.arrival[d * ARRIVAL_CELLS + i] = count;
    n += count;
    sum += count * ((i + 0.5) * cellPs - gatePs / 2);
  }
  o.arrivalMeanPs[d] = n > 0 ? sum / n : Number.NaN;
}

/** Each cell has the light and the even floor that `lightIn` says, the light arriving as at its detector. */
function diodes(o: Observation, truth: Truth, lightIn: Float64Array, gatePs: number, random: Random): void {
  const lightAt = [0, 1, 2, 3].map((d) => {
    let clicks = 0;
    let light = 0;
    for (let ks = 0; ks < 12; ks++) {
      clicks += o.single[ks * 4 + d]!;
      light += o.single[ks * 4 + d]! * lightIn[ks * 4 + d]!;
    }
    return clicks > 0 ? light / clicks : 1;
  });
  for (let ks = 0; ks < 8; ks++) {
    let n = 0;
    let sum = 0;
    let light = 0;
    for (let d = 0; d < 4; d++) {
      const clicks = o.single[ks * 4 + d]!;
      if (clicks === 0) continue;
      const own = clicks * lightIn[ks * 4 + d]!;
      n += clicks;
      light += own;
      if (lightAt[d]! > 0) sum += (own / lightAt[d]!) * (o.arrivalMeanPs[d] || 0);
    }
    const variance = light * truth.jitterPs ** 2 + ((n - light) * gatePs ** 2) / 12;
    if (n > 0) o.diodeMeanPs[ks] = (sum + Math.sqrt(variance) * normal(random)) / n;
  }
}

/** Box and Muller. */
export function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform());
}

/** Exact below 1000 by sums of exponentials in parts of at most 30; beyond that a rounded normal deviate. */
export function poisson(random: Random, mean: number): number {
  if (mean > 1000) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal(random)));
  let count = 0;
  for (let left = mean; left > 0; left -= 30) {
    const stop = Math.exp(-Math.min(30, left));
    for (let product = random.uniform(); product > stop; product *= random.uniform()) count++;
  }
  return count;
}
