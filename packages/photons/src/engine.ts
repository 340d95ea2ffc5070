import { checkReceiver, checkSource, checkTrace } from './check.ts';
import { PhotonsError } from './error.ts';
import { type Gate, gateOf } from './gate.ts';
import { arrivedPhotons, type Odds, oddsOf, ports } from './odds.ts';
import { poisson, positivePoisson } from './poisson.ts';
import { type Random, seededRandom } from './random.ts';
import { Rows } from './rows.ts';
import {
  type Adversary,
  type Basis,
  Cause,
  Knowledge,
  type LinkTrace,
  type PhotonBin,
  type Receiver,
  type Source,
} from './types.ts';

export interface PassInput {
  readonly trace: LinkTrace;
  readonly source: Source;
  readonly receiver: Receiver;
  /** A whole number from 0 to 2^53 - 1. Bin `b` is drawn from stream `b` of this seed. */
  readonly seed: number;
  /** First bin to simulate, 0 by default. Detectors are rested when it begins. */
  readonly firstBin?: number;
  /** How many bins to simulate, by default all from `firstBin` to the end of the trace. */
  readonly bins?: number;
}

/** A pass that advances bin by bin. */
export interface PhotonPass {
  /** Number of bins that the pass has in all. */
  readonly bins: number;
  /** How many of them are still to come. */
  readonly remaining: number;
  /**
   * Simulates the next bin, with the adversary acting in it or with none. Throws `photons/range` after the last bin and
   * `photons/adversary` for one whose probabilities are impossible or contradict each other.
   */
  next(adversary?: Adversary): PhotonBin;
}

/**
 * A pass, photon by photon. Only slots that click are drawn, at geometric distances, and what happened in each of them
 * from the exact posterior given the click, so that 3e10 pulses cost what their detections cost: the result is
 * distributed as that of a loop over every pulse.
 *
 * A slot whose clicks all fell outside the gate or into a dead time has no row anywhere.
 *
 * Not in the model: after-pulses, and detectors of unequal efficiency. Throws PhotonsError for input that is out of range.
 */
export function createPass(input: PassInput): PhotonPass {
  return new SimulatedPass(input);
}

/** All bins of `createPass`, in order; the adversary may differ from bin to bin. */
export function* simulate(
  input: PassInput & { readonly adversary?: Adversary | ((bin: number) => Adversary | undefined) },
): Generator<PhotonBin> {
  const { adversary, firstBin = 0 } = input;
  const pass = createPass(input);
  for (let i = 0; i < pass.bins; i++) {
    yield pass.next(typeof adversary === 'function' ? adversary(firstBin + i) : adversary);
  }
}

const none = 0x7fff_ffff;

/** A draw of 0 to 3, whose probabilities' running sums begin at `row`. */
function oneOfFour(random: Random, cumulative: Float64Array, row: number): number {
  const u = random.uniform();
  if (u < cumulative[row + 1]!) return u < cumulative[row]! ? 0 : 1;
  return u < cumulative[row + 2]! ? 2 : 3;
}

class SimulatedPass implements PhotonPass {
  readonly bins: number;
  readonly #input: PassInput;
  readonly #pulses: number;
  readonly #gate: Gate;
  /** Running sums of the probabilities of Alice's four states `basis * 2 + bit`. */
  readonly #states: Float64Array;
  readonly #ports: Float64Array;
  readonly #slotPs: number;
  readonly #deadPs: number;
  readonly #end: number;
  #bin: number;
  readonly #rows = new Rows();
  /** By detector: absolute time of its last click, whatever the bin. */
  readonly #lastClickPs = new Float64Array(4).fill(-Infinity);
  /** By detector: the earliest count of the slot at hand, and what made it. */
  readonly #offsetPs = new Int32Array(4).fill(none);
  readonly #cause = new Uint8Array(4);

  constructor(input: PassInput) {
    const { trace, source, receiver, seed, firstBin = 0 } = input;
    checkSource(source);
    checkReceiver(receiver, source.pulseRateHz);
    this.#pulses = checkTrace(trace, source.pulseRateHz);
    const inTrace = trace.channelTransmittance.length;
    if (!Number.isInteger(firstBin) || firstBin < 0 || firstBin > inTrace) {
      throw new PhotonsError(
        'photons/range',
        `firstBin is ${firstBin}; it must be a whole number from 0 to ${inTrace}`,
      );
    }
    const { bins = inTrace - firstBin } = input;
    if (!Number.isInteger(bins) || bins < 0 || firstBin + bins > inTrace) {
      const rule = `it must be a whole number from 0 to ${inTrace - firstBin}, the bins from ${firstBin} on`;
      throw new PhotonsError('photons/range', `bins is ${bins}; ${rule}`);
    }
    // Refuses a bad seed now, not at the first bin.
    seededRandom(seed);
    this.#input = input;
    this.#gate = gateOf(receiver);
    const x = source.basisXProbability;
    this.#states = Float64Array.of(x / 2, x, (1 + x) / 2, 1);
    this.#ports = ports(receiver);
    this.#slotPs = 1e12 / source.pulseRateHz;
    this.#deadPs = receiver.deadTimeNs * 1000;
    this.#bin = firstBin;
    this.#end = firstBin + bins;
    this.bins = bins;
  }

  get remaining(): number {
    return this.#end - this.#bin;
  }

  next(adversary?: Adversary): PhotonBin {
    if (this.remaining === 0) {
      throw new PhotonsError('photons/range', `the pass has no bin ${this.#bin}; it ended after ${this.bins} bins`);
    }
    const { trace, source, seed } = this.#input;
    const bin = this.#bin;
    const noisePerGate = trace.noisePerGate[bin]!;
    const odds = oddsOf(
      source,
      {
        channelTransmittance: trace.channelTransmittance[bin]!,
        receiverTransmittance: trace.receiverTransmittance,
        gateTransmission: this.#gate.transmission,
        noisePerGate,
      },
      adversary,
    );
    this.#bin++;
    const firstSlot = bin * this.#pulses;
    this.#rows.clear();
    if (odds.click > 0) this.#draw(seededRandom(seed, bin), odds, 4 * noisePerGate, firstSlot, adversary);
    return { bin, firstSlot, pulses: this.#pulses, ...this.#rows.cut() };
  }

  /** Draws the slots that click from `firstSlot` to the end of the bin into the rows. */
  #draw(random: Random, odds: Odds, noise: number, firstSlot: number, adversary: Adversary | undefined): void {
    const { click, cumulative, lastKind, detected, silent, heard, lost, noneLost } = odds;
    const end = firstSlot + this.#pulses;
    const logMiss = Math.log1p(-click);
    let slot = firstSlot - 1;
    for (;;) {
      slot += 1 + Math.floor(Math.log(1 - random.uniform()) / logMiss);
      if (slot >= end) return;

      const pick = random.uniform() * click;
      let kind = 0;
      while (kind < lastKind && pick >= cumulative[kind]!) kind++;
      const intensity = kind >> 1;
      // Alice's setting is independent of the click: it decides where counts go, not how many there are.
      const state = oneOfFour(random, this.#states, 0);
      let photons = 0;
      let knowledge: number = Knowledge.none;
      const attacked = kind & 1;
      if (attacked === 0) {
        const mean = detected[intensity]!;
        const sum = mean + noise;
        let fromPhotons = 0;
        for (let counts = positivePoisson(random, sum, silent[intensity], heard[intensity]); counts > 0; counts--) {
          if (random.uniform() * sum < mean) {
            fromPhotons++;
            this.#photon(random, slot, state, Cause.photon);
          } else {
            this.#noise(random, slot);
          }
        }
        photons = fromPhotons + poisson(random, lost[intensity]!, noneLost[intensity]);
      } else {
        const alice = { basis: (state >> 1) as Basis, bit: (state & 1) as 0 | 1 };
        const response = odds.response[intensity]!;
        // P(answered | click) = response / P(click), and then noise counts are free; otherwise there is at least one.
        const answered = noise === 0 || random.uniform() * (response - (1 - response) * Math.expm1(-noise)) < response;
        const arrived = this.#arrived(random, odds, intensity, answered, adversary!);
        if (answered || arrived > 0) {
          const resent = adversary!.resend(alice, random, arrived);
          knowledge = resent.knowledge;
          if (answered) this.#photon(random, slot, resent.basis * 2 + resent.bit, Cause.adversary);
        }
        for (let n = answered ? poisson(random, noise) : positivePoisson(random, noise); n > 0; n--) {
          this.#noise(random, slot);
        }
        photons = arrived + poisson(random, odds.strayed[intensity]!);
      }
      this.#record(slot, intensity, state, Math.min(photons, 255), attacked, knowledge);
    }
  }

  #arrived(random: Random, odds: Odds, intensity: number, answered: boolean, adversary: Adversary): number {
    const response = odds.response[intensity]!;
    const { receiverTransmittance } = this.#input.trace;
    const { transmission } = this.#gate;
    return arrivedPhotons(
      random,
      odds.arriving[intensity]!,
      answered ? response : 1 - response,
      answered,
      (photons) => adversary.responseGivenPhotons(photons, receiverTransmittance) * transmission,
    );
  }

  /** A photo-electron in the gate, from a photon in `state`. */
  #photon(random: Random, slot: number, state: number, cause: number): void {
    this.#count(slot, oneOfFour(random, this.#ports, 4 * state), this.#gate.photonOffsetPs(random), cause);
  }

  #noise(random: Random, slot: number): void {
    this.#count(slot, random.uint32() >>> 30, this.#gate.noiseOffsetPs(random), Cause.noise);
  }

  /** Keeps the earliest count of each detector that is not dead. */
  #count(slot: number, detector: number, offsetPs: number, cause: number): void {
    if (offsetPs >= this.#offsetPs[detector]!) return;
    if (slot * this.#slotPs + offsetPs - this.#lastClickPs[detector]! < this.#deadPs) return;
    this.#offsetPs[detector] = offsetPs;
    this.#cause[detector] = cause;
  }

  #record(slot: number, intensity: number, state: number, photons: number, attacked: number, knowledge: number): void {
    let opened = false;
    for (let detector = 0; detector < 4; detector++) {
      const offsetPs = this.#offsetPs[detector]!;
      if (offsetPs === none) continue;
      if (!opened) this.#rows.sent(slot, intensity, state >> 1, state & 1);
      opened = true;
      this.#rows.click(slot, detector, offsetPs, this.#cause[detector]!, photons, attacked, knowledge);
      this.#lastClickPs[detector] = slot * this.#slotPs + offsetPs;
      this.#offsetPs[detector] = none;
    }
  }
}
