import { PhotonsError } from '../error.ts';
import { type Random, seededRandom } from '../random.ts';
import { Cause } from '../sampler/events.ts';
import { exponential } from '../sampler/ziggurat.ts';
import { Arrivals } from './arrivals.ts';
import { checkPairs, checkSource } from './check.ts';
import type { PairBin, PairInput, PairPass, PairSource, PairState, PairStation } from './pairs.ts';
import { StationClicks } from './station.ts';

/** `PairTruth.guess` of somebody who knows nothing. */
const COIN = 32767;

/**
 * Pairs to two stations, click by click: BBM92 (Bennett, Brassard and Mermin 1992, Phys. Rev. Lett. 68, 557) and CHSH.
 * Only pairs of which something is detected are drawn, as three kinds of one Poisson process, so that the many that are
 * lost cost nothing; the result is distributed as that of a loop over every pair. Bins are played in order, and detectors
 * carry over from one to the next. Memory is that of a bin.
 *
 * In the model: visibility, pairs that meet by chance, passive choice of basis, misalignment, unequal detectors, dead time,
 * after-pulses, jitter, cable delays, clocks, flight times, noise. Not in it: gates, detectors that depend on time,
 * wavelength or angle, bright light. Throws PhotonsError `photons/pairs`, `photons/seed`.
 */
export function createPairs(input: PairInput): PairPass {
  return new PlayedPairs(input);
}

/** All bins of `createPairs`, in order. */
export function* pairs(input: PairInput): Generator<PairBin> {
  const pass = createPairs(input);
  while (pass.remaining > 0) yield pass.next();
}

/** One station as the light sees it. */
class Analyser {
  readonly basisX: number;
  readonly angleRad: readonly [number, number];
  /** What misalignment leaves of a correlation. */
  readonly contrast: number;
  readonly efficiency: Float64Array | null;

  constructor({ receiver, analyserRad = [Math.PI / 4, 0] }: PairStation) {
    this.basisX = receiver.basisXProbability;
    this.angleRad = analyserRad;
    this.contrast = 1 - 2 * receiver.misalignment;
    const efficiency = Float64Array.from({ length: 4 }, (_, d) => receiver.flaws?.detectors?.[d]?.efficiency ?? 1);
    this.efficiency = efficiency.every((one) => one === 1) ? null : efficiency;
  }
}

class PlayedPairs implements PairPass {
  readonly bins: number;
  readonly #input: PairInput;
  readonly #source: PairSource;
  readonly #binPs: number;
  readonly #analysers: readonly [Analyser, Analyser];
  readonly #arrivals = [new Arrivals(), new Arrivals()] as const;
  readonly #clicks: readonly [StationClicks, StationClicks];
  /** cos 2(a - b) of the two analysers, `basis of one * 2 + basis of the other`. */
  readonly #overlap: Float64Array;
  readonly #state: PairState = {
    entangled: true,
    visibility: 0,
    angleRad: new Float64Array(2),
    purity: new Float64Array(2),
    known: false,
    attacked: false,
  };
  #bin = 0;
  #pairs = 0;

  constructor(input: PairInput) {
    this.bins = checkPairs(input);
    this.#input = input;
    this.#source = input.adversary?.source?.(input.source) ?? input.source;
    checkSource(this.#source);
    seededRandom(input.seed);
    this.#binPs = Math.round(input.binS * 1e12);
    const [a, b] = input.stations;
    this.#analysers = [new Analyser(a), new Analyser(b)];
    this.#clicks = [new StationClicks(a, this.#binPs), new StationClicks(b, this.#binPs)];
    this.#overlap = Float64Array.from({ length: 4 }, (_, i) => {
      const [one, other] = this.#analysers;
      return Math.cos(2 * (one.angleRad[i >> 1]! - other.angleRad[i & 1]!));
    });
  }

  get remaining(): number {
    return this.bins - this.#bin;
  }

  next(): PairBin {
    if (this.remaining <= 0) throw new PhotonsError('photons/range', `all ${this.bins} bins have been played`);
    const bin = this.#bin++;
    const random = seededRandom(this.#input.seed, 2 * bin);
    this.#light(bin, random);
    const last = this.remaining === 0;
    for (const [i, clicks] of this.#clicks.entries()) clicks.click(this.#arrivals[i]!, bin, random);
    const [a, b] = this.#clicks;
    const untilPs = last ? Number.POSITIVE_INFINITY : Math.min(a.completePs(bin), b.completePs(bin));
    return {
      bin,
      startS: bin * this.#input.binS,
      completePs: bin * this.#binPs + untilPs,
      stations: [a.take(bin, untilPs), b.take(bin, untilPs)],
    };
  }

  /** Photo-electrons of the bin, from pairs and from noise, in order of time: one Poisson process of all of them. */
  #light(bin: number, random: Random): void {
    const [a, b] = this.#input.stations;
    const [forA, forB] = this.#arrivals;
    forA.count = 0;
    forB.count = 0;
    const atA = a.transmittance[bin]!;
    const atB = b.transmittance[bin]!;
    const both = atA * atB;
    const some = atA + atB - both;
    const double = this.#source.doubleProbability ?? 0;
    // A pair and its double, if there is one: something of them is seen.
    const first = some > 0 ? some / (some + (1 - some) * double * some) : 0;
    const pairHz = this.#source.pairRateHz * (some + (1 - some) * double * some);
    const noiseA = 4 * a.noiseHz[bin]!;
    const noiseB = 4 * b.noiseHz[bin]!;
    const totalHz = pairHz + noiseA + noiseB;
    if (totalHz === 0) return;
    const eve = this.#input.adversary?.act ? seededRandom(this.#input.seed, 2 * bin + 1) : null;
    const gapPs = 1e12 / totalHz;
    for (let t = gapPs * exponential(random); t < this.#binPs; t += gapPs * exponential(random)) {
      const u = random.uniform() * totalHz;
      if (u < pairHz) {
        const seen = double === 0 || random.uniform() < first;
        // What is left of the number that chose a pair chooses which of its photons are seen.
        if (seen) this.#pair(t, (u / pairHz) * some, atA, both, random, eve);
        if (double > 0 && (!seen || random.uniform() < double * some)) {
          this.#pair(t, random.uniform() * some, atA, both, random, eve);
        }
      } else if (u < pairHz + noiseA) forA.add(t, Math.floor(random.uniform() * 4), Cause.noise, -1, COIN);
      else forB.add(t, Math.floor(random.uniform() * 4), Cause.noise, -1, COIN);
    }
  }

  /** A pair of which one photon or both are seen: both below `both`, the first below `atA`, else the second. */
  #pair(t: number, u: number, atA: number, both: number, random: Random, eve: Random | null): void {
    const state = this.#state;
    state.entangled = true;
    state.visibility = this.#source.visibility;
    state.known = false;
    state.attacked = false;
    if (eve) this.#input.adversary!.act!(state, eve);
    const cause = state.attacked ? Cause.adversary : Cause.photon;
    const pair = this.#pairs++;
    const [a, b] = this.#analysers;
    const seenA = u < atA;
    const seenB = u < both || !seenA;
    let basisA = 0;
    let bitA = 0;
    if (seenA) {
      basisA = random.uniform() < a.basisX ? 0 : 1;
      const lean = state.entangled ? 0 : this.#lean(state, 0, basisA);
      bitA = random.uniform() < 0.5 + lean / 2 ? 0 : 1;
      this.#count(0, t, basisA * 2 + bitA, cause, pair, lean, random);
    }
    if (seenB) {
      const basisB = random.uniform() < b.basisX ? 0 : 1;
      let lean = 0;
      if (!state.entangled) lean = this.#lean(state, 1, basisB);
      else if (seenA) {
        const agree = state.visibility * a.contrast * b.contrast * this.#overlap[basisA * 2 + basisB]!;
        lean = bitA === 0 ? agree : -agree;
      }
      const bitB = random.uniform() < 0.5 + lean / 2 ? 0 : 1;
      this.#count(1, t, basisB * 2 + bitB, cause, pair, state.entangled ? 0 : lean, random);
    }
  }

  /** By how much a photon of its own polarisation leans towards bit 0, -1..1. */
  #lean({ angleRad, purity }: PairState, station: 0 | 1, basis: number): number {
    const { angleRad: analyser, contrast } = this.#analysers[station];
    return purity[station]! * contrast * Math.cos(2 * (angleRad[station]! - analyser[basis]!));
  }

  #count(station: 0 | 1, t: number, detector: number, cause: number, pair: number, lean: number, random: Random): void {
    const { efficiency } = this.#analysers[station];
    if (efficiency && random.uniform() >= efficiency[detector]!) return;
    const guess = this.#state.known ? Math.max(COIN, Math.round(65535 * (0.5 + Math.abs(lean) / 2))) : COIN;
    this.#arrivals[station].add(t, detector, cause, pair, guess);
  }
}
