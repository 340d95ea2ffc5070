import type { Adversary, Disturbance, Pulse } from '../adversary/adversary.ts';
import { keptGuess } from '../adversary/forward.ts';
import { actsIn } from '../adversary/strength.ts';
import { PhotonsError } from '../error.ts';
import { Branches, Statistics } from '../light/branches.ts';
import { type BinConditions, honestConditions } from '../light/conditions.ts';
import { type PulseKinds, pulseKinds } from '../light/kinds.ts';
import { type Basis, stateAngleRad } from '../link.ts';
import { readMonitors, usualMonitors } from '../observe/monitors.ts';
import { MONITORS } from '../observe/observation.ts';
import { type Random, seededRandom } from '../random.ts';
import { buildResponses, emptyResponses, type Responses } from '../receiver/response.ts';
import { checkReceiver, checkSource, checkTrace } from './check.ts';
import { normalDeviate } from './deviates.ts';
import type { PassInput } from './sampler.ts';
import { lazyRandom, Stream, streamOf } from './streams.ts';

/** Everything that a sampler has to know of one bin. The next bin is written over it. */
export interface BinTable {
  readonly conditions: BinConditions;
  readonly kinds: PulseKinds;
  readonly branches: Branches;
  readonly responses: Responses;
  /** Probability that a slot has at least one count from light, dead times aside, at the mean fading of the bin. */
  readonly click: number;
  readonly pulses: number;
  readonly firstSlot: number;
  /** By detector: counts from elsewhere in the whole of time, 1/s, the time in which detectors are blinded taken out. */
  readonly noiseHz: Float64Array;
  /**
   * Gain of each fading step over the bin's mean, which is in `branches` already; null: steady light. Alice's own light
   * fades; what an adversary sends in its place does not.
   */
  readonly fading: Float64Array | null;
  /** Bob's clock less Alice's at the two ends of the bin, and its white jitter, ps. Not in `responses`. */
  readonly clock: { readonly fromPs: number; readonly toPs: number; readonly jitterPs: number };
  /** Readings with their noise, in the order of `MONITORS`; they stay the caller's. */
  readonly monitors: Float64Array;
}

export interface Tables {
  /** First bin, and how many. */
  readonly firstBin: number;
  readonly bins: number;
  readonly pulses: number;
  /**
   * The table of a bin; bins may be left out, not gone back to. Disturbances are told of every bin from the first of the
   * trace on, those before `firstBin` included, so that one that remembers is the same however a pass is divided.
   *
   * Throws `photons/range` for a bin that is not to come, `photons/adversary` for branches that cannot be, naming who
   * made them, and `photons/trace` or `photons/receiver` where disturbances leave what is impossible.
   */
  next(bin: number): BinTable;
}

/** Checks a pass, and prepares its tables. Throws PhotonsError for input that is out of range. */
export function createTables(input: PassInput): Tables {
  return new PassTables(input);
}

/** `Pulse`, to be filled again for each kind. */
type MutablePulse = { -readonly [Key in keyof Pulse]: Pulse[Key] };

class PassTables implements Tables {
  readonly firstBin: number;
  readonly bins: number;
  readonly pulses: number;
  readonly #input: PassInput;
  readonly #disturbances: readonly Disturbance[];
  readonly #adversary: Adversary | undefined;
  readonly #branches = new Branches();
  readonly #responses = emptyResponses();
  readonly #noiseHz = new Float64Array(4);
  readonly #fading: Float64Array | null;
  readonly #pulse: MutablePulse;
  #kinds: PulseKinds;
  /** The next bin that disturbances are told of. */
  #told = 0;

  constructor(input: PassInput) {
    const { trace, source, receiver, seed, firstBin = 0, disturbances = [] } = input;
    checkSource(source);
    checkReceiver(receiver, source.pulseRateHz);
    this.pulses = checkTrace(trace, source.pulseRateHz);
    const inTrace = trace.channelTransmittance.length;
    if (!Number.isInteger(firstBin) || firstBin < 0 || firstBin > inTrace) {
      const rule = `it must be a whole number from 0 to ${inTrace}`;
      throw new PhotonsError('photons/range', `firstBin is ${firstBin}; ${rule}`);
    }
    const { bins = inTrace - firstBin } = input;
    if (!Number.isInteger(bins) || bins < 0 || firstBin + bins > inTrace) {
      const rule = `it must be a whole number from 0 to ${inTrace - firstBin}, the bins from ${firstBin} on`;
      throw new PhotonsError('photons/range', `bins is ${bins}; ${rule}`);
    }
    const { collects } = input;
    if (collects !== undefined && !(collects.fromS <= collects.toS)) {
      const rule = 'fromS must be a number of seconds up to toS';
      throw new PhotonsError('photons/range', `collects is from ${collects.fromS} to ${collects.toS} s; ${rule}`);
    }
    // Refuses a bad seed now, not at the first bin.
    seededRandom(seed);
    const acting = disturbances.filter((one): one is Adversary => 'act' in one && one.act !== undefined);
    if (acting.length > 1) {
      const names = acting.map((one) => one.name).join(' and ');
      throw new PhotonsError('photons/adversary', `${names} both act on pulses; at most one adversary can`);
    }
    this.firstBin = firstBin;
    this.bins = bins;
    this.#input = input;
    this.#disturbances = disturbances;
    this.#adversary = acting[0];
    this.#kinds = pulseKinds(source);
    this.#fading = trace.fading === undefined ? null : new Float64Array(trace.fading.stepsPerBin);
    this.#pulse = {
      kind: 0,
      probability: 0,
      intensity: 0,
      basis: 0,
      bit: 0,
      meanPhotons: 0,
      angleRad: 0,
      purity: 1 - 2 * (source.flaws?.polarisationLeakage ?? 0),
      offsetPs: 0,
    };
  }

  next(bin: number): BinTable {
    const end = this.firstBin + this.bins;
    if (!(Number.isInteger(bin) && bin >= this.#told && bin >= this.firstBin && bin < end)) {
      const rule = `it must be a whole number from ${Math.max(this.#told, this.firstBin)} to ${end - 1}`;
      throw new PhotonsError('photons/range', `bin is ${bin}; ${rule}`);
    }
    while (this.#told < bin) this.#conditions(this.#told);
    const conditions = this.#conditions(bin);
    this.#kinds = pulseKinds(conditions.source, conditions, this.#kinds);
    this.#act(conditions);
    buildResponses(this.#branches, this.#kinds, conditions, this.#responses);
    const { probability, click, count } = this.#responses;
    let clicks = 0;
    for (let row = 0; row < count; row++) clicks += probability[row]! * click[row]!;
    for (let d = 0; d < 4; d++) this.#noiseHz[d] = conditions.noiseHz[d]! * (1 - conditions.blindedShare);
    return {
      conditions,
      kinds: this.#kinds,
      branches: this.#branches,
      responses: this.#responses,
      click: Math.min(1, clicks),
      pulses: this.pulses,
      firstSlot: bin * this.pulses,
      noiseHz: this.#noiseHz,
      fading: this.#fading,
      clock: this.#clock(bin),
      monitors: this.#monitors(conditions),
    };
  }

  /** What the bin is like after everybody had a hand in it. */
  #conditions(bin: number): BinConditions {
    const { trace, source, receiver, seed } = this.#input;
    const noiseHz = trace.noisePerGate[bin]! / (receiver.gateNs * 1e-9);
    const clock = this.#clock(bin);
    const conditions = honestConditions(
      {
        source,
        receiver,
        channelTransmittance: trace.channelTransmittance[bin]! * this.#gain(bin),
        receiverTransmittance: trace.receiverTransmittance,
        noiseHz: [noiseHz, noiseHz, noiseHz, noiseHz],
        clockPs: (clock.fromPs + clock.toPs) / 2,
      },
      { bin, startS: bin * trace.binS, durationS: trace.binS },
    );
    conditions.frameRad = trace.frameRad?.[bin] ?? 0;
    for (let i = 0; i < this.#disturbances.length; i++) {
      const one = this.#disturbances[i]!;
      const random: Random = lazyRandom(seed, streamOf(Stream.disturbance + i, bin));
      one.source?.(conditions, random);
      one.channel?.(conditions, random);
      one.receiverFront?.(conditions, random);
      one.detector?.(conditions, random);
      one.clock?.(conditions, random);
    }
    this.#told = bin + 1;
    checkConditions(conditions);
    return conditions;
  }

  /** Mean fading of the bin; leaves the steps over it in `#fading`. */
  #gain(bin: number): number {
    const { fading } = this.#input.trace;
    const steps = this.#fading;
    if (fading === undefined || steps === null) return 1;
    const first = bin * fading.stepsPerBin;
    let sum = 0;
    for (let i = 0; i < steps.length; i++) sum += steps[i] = fading.gain[first + i]!;
    const mean = sum / steps.length;
    for (let i = 0; i < steps.length; i++) steps[i] = mean > 0 ? steps[i]! / mean : 1;
    return mean;
  }

  #act(conditions: BinConditions): void {
    const branches = this.#branches;
    const kinds = this.#kinds;
    const pulse = this.#pulse;
    const { collects } = this.#input;
    const collecting = collects !== undefined && actsIn(conditions, collects);
    branches.clear();
    for (let kind = 0; kind < kinds.count; kind++) {
      const probability = kinds.probability[kind]!;
      if (!(probability > 0)) continue;
      const state = kinds.state[kind]!;
      pulse.kind = kind;
      pulse.probability = probability;
      pulse.intensity = kinds.intensity[kind]!;
      pulse.basis = (state >> 1) as Basis;
      pulse.bit = (state & 1) as 0 | 1;
      pulse.meanPhotons = kinds.meanPhotons[kind]!;
      pulse.angleRad = stateAngleRad[state]! + conditions.frameRad;
      pulse.offsetPs = kinds.offsetPs[kind]!;
      const first = branches.count;
      const adversary = this.#adversary;
      adversary?.act?.(pulse, conditions, branches);
      if (adversary !== undefined && branches.count > first) checkBranches(adversary.name, pulse, branches, first);
      else addHonest(pulse, conditions, branches);
      if (collecting) collect(pulse, branches, first);
    }
  }

  /** In the last bin the clock goes on as it was. */
  #clock(bin: number): BinTable['clock'] {
    const { clock } = this.#input.trace;
    if (clock === undefined) return noClock;
    const { offsetPs, jitterPs } = clock;
    const fromPs = offsetPs[bin]!;
    const toPs = offsetPs[bin + 1] ?? 2 * fromPs - (offsetPs[bin - 1] ?? fromPs);
    return { fromPs, toPs, jitterPs };
  }

  #monitors(conditions: BinConditions): Float64Array {
    const { monitors = usualMonitors, seed } = this.#input;
    const readings = new Float64Array(MONITORS.length);
    const random = seededRandom(seed, streamOf(Stream.monitors, conditions.bin));
    readMonitors(monitors, conditions.monitors, () => normalDeviate(random), readings);
    return readings;
  }
}

const noClock = { fromPs: 0, toPs: 0, jitterPs: 0 };

/** A pulse of Alice's that nobody touched. */
function addHonest(pulse: Pulse, conditions: BinConditions, out: Branches): void {
  honestLight.amount = pulse.meanPhotons * conditions.channelTransmittance;
  honestLight.angleRad = pulse.angleRad;
  honestLight.purity = pulse.purity;
  out.add(pulse.kind, pulse.probability, honestLight, honestLedger);
}
const honestLight = { statistics: Statistics.coherent, amount: 0, angleRad: 0, purity: 1 };
const honestLedger = { guess: 0.5, attacked: false };

/** Somebody keeps what is missing of Alice's own light. */
function collect(pulse: Pulse, branches: Branches, first: number): void {
  const guess = keptGuess(pulse);
  for (let b = branches.count - 1; b >= first; b--) {
    if (branches.own[b] === 0) continue;
    const lost = Math.max(0, pulse.meanPhotons - branches.amount[b]!);
    branches.divide(b, -Math.expm1(-lost), guess);
  }
}

/** What disturbances may not leave behind, whoever did it. */
function checkConditions(conditions: BinConditions): void {
  const inBin = (name: string, value: number, low: number, high: number): void => {
    if (value >= low && value <= high) return;
    const rule = `it must be from ${low} to ${high}`;
    throw new PhotonsError('photons/trace', `${name} of bin ${conditions.bin} is ${value}; ${rule}`);
  };
  inBin('channelTransmittance, fading included,', conditions.channelTransmittance, 0, 1);
  inBin('blindedShare', conditions.blindedShare, 0, 1);
  inBin('afterPulseScale', conditions.afterPulseScale, 0, Number.MAX_VALUE);
  inBin('sideChannelGuess', conditions.sideChannelGuess, 0.5, 1);
  inBin('frameRad', conditions.frameRad, -Number.MAX_VALUE, Number.MAX_VALUE);
  inBin('arrivalShiftPs', conditions.arrivalShiftPs, -Number.MAX_VALUE, Number.MAX_VALUE);
  for (let d = 0; d < 4; d++) {
    inBin('noiseHz', conditions.noiseHz[d]!, 0, Number.MAX_VALUE);
    inBin('efficiencyScale', conditions.efficiencyScale[d]!, 0, Number.MAX_VALUE);
  }
  for (let k = 0; k < conditions.intensityScale.length; k++) {
    inBin('intensityScale', conditions.intensityScale[k]!, 0, Number.MAX_VALUE);
  }
}

function checkBranches(name: string, pulse: Pulse, branches: Branches, first: number): void {
  const refuse = (what: string): never => {
    throw new PhotonsError('photons/adversary', `a branch of ${name} for kind ${pulse.kind} ${what}`);
  };
  let sum = 0;
  for (let b = first; b < branches.count; b++) {
    if (branches.kind[b] !== pulse.kind) refuse(`is of kind ${branches.kind[b]}; it must be of the pulse's own`);
    sum += branches.probability[b]!;
    const guess = branches.guess[b]!;
    if (!(guess >= 0.5 && guess <= 1)) refuse(`has guess ${guess}; it must be from 0.5 to 1`);
    const clickGuess = branches.clickGuess[b]!;
    if (!(clickGuess <= 1)) refuse(`has clickGuess ${clickGuess}; it must be from 0.5 to 1`);
    const amount = branches.amount[b]!;
    if (!(amount >= 0 && amount < Infinity)) refuse(`has amount ${amount}; it must be finite and not negative`);
    const purity = branches.purity[b]!;
    if (!(purity >= 0 && purity <= 1)) refuse(`has purity ${purity}; it must be from 0 to 1`);
    const statistics = branches.statistics[b]!;
    if (statistics > Statistics.bright) refuse(`has statistics ${statistics}; it must be one of Statistics`);
    if (statistics === Statistics.fock && !(Number.isInteger(amount) && amount <= 255)) {
      refuse(`has ${amount} photons in a Fock state; it must be a whole number from 0 to 255`);
    }
    if (!Number.isFinite(branches.angleRad[b]! + branches.shiftPs[b]! + branches.tiltMicroRad[b]!)) {
      refuse('has an angle, shift or tilt that is not finite');
    }
  }
  if (!(Math.abs(sum - pulse.probability) <= 1e-9 * pulse.probability)) {
    const rule = `${pulse.probability}, the probability of the kind`;
    throw new PhotonsError(
      'photons/adversary',
      `branches of ${name} for kind ${pulse.kind} sum to ${sum}, not ${rule}`,
    );
  }
}
