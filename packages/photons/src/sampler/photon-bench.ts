import { attackNamed } from '../adversary/catalogue.ts';
import type { LinkTrace, Receiver, Source } from '../link.ts';
import { seededRandom } from '../random.ts';
import { events } from './events.ts';
import { perPulse } from './per-pulse.ts';
import type { PassInput } from './sampler.ts';
import { createTables } from './table.ts';

/** The link of the figures: 1 GHz, three intensities, jitter of 100 ps, and nothing wrong with it. */
const idealSource: Source = {
  pulseRateHz: 1e9,
  intensities: [
    { name: 'signal', meanPhotons: 0.8, probability: 0.5 },
    { name: 'decoy', meanPhotons: 0.1, probability: 0.25 },
    { name: 'vacuum', meanPhotons: 0, probability: 0.25 },
  ],
  basisXProbability: 0.5,
};
const idealReceiver: Receiver = { basisXProbability: 0.5, misalignment: 0, deadTimeNs: 0, jitterPs: 100, gateNs: 0.8 };

/** Every flaw that the engine knows, at sizes that are assumed: they are there to be paid for. */
const flawedSource: Source = {
  ...idealSource,
  flaws: {
    fluctuation: 0.03,
    correlation: [
      [0, 0.01, 0.02],
      [-0.02, 0, 0.01],
      [0, 0, 0],
    ],
    diodeOffsetPs: [0, 12, -8, 5, 3, -4, 9, -11, 0, 0, 0, 0],
    pulseWidthPs: 50,
    leakage: 1e-4,
    polarisationLeakage: 1e-3,
  },
};
const flawedReceiver: Receiver = {
  ...idealReceiver,
  misalignment: 0.005,
  deadTimeNs: 50,
  flaws: {
    afterPulse: { probability: 0.01, timeConstantNs: 80 },
    recoveryNs: 20,
    walk: { latePs: 60, decayNs: 40 },
    detectors: [1, 0.97, 0.95, 0.99].map((efficiency, d) => ({
      efficiency,
      delayPs: [10, -15, 20, 0][d]!,
      timeResponse: { centrePs: [20, -20, 10, 0][d]!, widthPs: 400 },
      linearMode: { neverJ: 1e-15, alwaysJ: 2e-15 },
      backFlash: 1e-3,
    })),
  },
};

const binS = 0.5;

/** A link of `lossDb` up to the receiver, whose detectors have half of what is left. */
function traceOf(seconds: number, lossDb: number, flawed: boolean): LinkTrace {
  const bins = Math.round(seconds / binS);
  const each = (value: (bin: number) => number): Float64Array =>
    Float64Array.from({ length: bins }, (_, bin) => value(bin));
  const ideal: LinkTrace = {
    binS,
    channelTransmittance: each(() => 10 ** (-lossDb / 10)),
    receiverTransmittance: 0.5,
    noisePerGate: each(() => (flawed ? 4e-7 : 0)),
  };
  if (!flawed) return ideal;
  const stepsPerBin = 500;
  return {
    ...ideal,
    // A scintillating beam: slow waves of 30 % in steps of a millisecond.
    fading: {
      stepsPerBin,
      gain: Float32Array.from(
        { length: bins * stepsPerBin },
        (_, i) => 1 + 0.3 * Math.sin(i / 3) + 0.2 * Math.sin(i / 17),
      ),
    },
    frameRad: each((bin) => 0.02 * Math.sin(bin / 40)),
    flight: {
      atStartPs: each((bin) => 2e9 + 1e7 * bin * binS),
      ratePsPerS: each(() => 1e7),
      curvaturePsPerS2: each(() => 3e5),
    },
    clock: { offsetPs: each((bin) => 30 * Math.sin(bin / 20)), jitterPs: 15 },
  };
}
function passOf(seconds: number, lossDb: number, flawed: boolean): PassInput {
  return {
    trace: traceOf(seconds, lossDb, flawed),
    source: flawed ? flawedSource : idealSource,
    receiver: flawed ? flawedReceiver : idealReceiver,
    seed: 1,
  };
}

/** Detections per second of processor time on one core, median of the rounds. */
export interface DetectionSpeed {
  readonly name: string;
  /** Clicks of a round, and slots that its light went through. */
  readonly detections: number;
  readonly pulses: number;
  readonly cpuS: number;
  readonly detectionsPerCpuS: number;
}

export interface PhotonBench {
  readonly rounds: number;
  /** Links of 30 dB; the first ideal, the second with every imperfection, then adversaries on the second. */
  readonly links: readonly DetectionSpeed[];
  /** 300 s at 1 GHz and 40 dB with every imperfection. */
  readonly pass: DetectionSpeed;
  /** A plain loop over every pulse of that link. */
  readonly perPulse: { readonly pulses: number; readonly cpuS: number; readonly pulsesPerCpuS: number };
  /** Pulses per second of the pass over those of the loop. */
  readonly ratio: number;
}

/** Attacks that are timed, each at full strength: the largest tables and the most unlike light. */
const timed = ['intercept-resend', 'pns', 'blinding', 'time-shift'] as const;

/**
 * Measures the event sampler. `cpuS` tells processor seconds used so far; `progress` is told each name before it is timed.
 * Takes about half a minute with the usual five rounds.
 */
export function photonBench(cpuS: () => number, progress: (name: string) => void = () => {}, rounds = 5): PhotonBench {
  const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1]!;
  const speed = (name: string, pass: PassInput): DetectionSpeed => {
    progress(name);
    const times: number[] = [];
    let detections = 0;
    let pulses = 0;
    // The first round is for the compiler.
    for (let round = 0; round <= rounds; round++) {
      detections = pulses = 0;
      const before = cpuS();
      for (const bin of events({ ...pass, seed: round })) {
        detections += bin.slot.length;
        pulses += bin.pulses;
      }
      if (round > 0) times.push(cpuS() - before);
    }
    const took = median(times);
    return { name, detections, pulses, cpuS: took, detectionsPerCpuS: detections / took };
  };

  const flawed = passOf(20, 30, true);
  const links = [speed('ideal link', passOf(20, 30, false)), speed('every imperfection', flawed)];
  for (const name of timed) {
    const attack = attackNamed(name);
    links.push(speed(`${name}, strength ${attack.strength.high}`, withAttack(flawed, name)));
  }
  const pass = speed('300 s at 1 GHz and 40 dB', passOf(300, 40, true));

  progress('loop over every pulse');
  const pulses = 10_000_000;
  const times = Array.from({ length: Math.min(3, rounds) }, (_, round) => {
    const table = createTables(passOf(1, 40, true)).next(0);
    const before = cpuS();
    perPulse(table, pulses, seededRandom(round));
    return cpuS() - before;
  });
  const took = median(times);
  return {
    rounds,
    links,
    pass,
    perPulse: { pulses, cpuS: took, pulsesPerCpuS: pulses / took },
    ratio: pass.pulses / pass.cpuS / (pulses / took),
  };
}

function withAttack(pass: PassInput, name: string): PassInput {
  const attack = attackNamed(name);
  return { ...pass, disturbances: [attack.create(attack.strength.high)] };
}
