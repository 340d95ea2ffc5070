import { PhotonsError } from '../error.ts';
import type { FlightTime } from '../link.ts';
import { AFTER_PULSE, Detectors } from './detectors.ts';
import { Electrons } from './electrons.ts';
import { CERTAIN_GUESS, type EventBin, type PassInput } from './sampler.ts';
import { Stream, streamOf } from './streams.ts';
import { type BinTable, createTables, type Tables } from './table.ts';
import { Uniforms } from './uniforms.ts';

/**
 * Detectors are rested at the start of every bin whose number is a multiple of this. A pass that is shared out among
 * workers by whole shares is therefore the same, bit for bit, whatever their number; what is lost is the dead time and the
 * after-pulses of the last click before the border.
 */
export const BINS_PER_SHARE = 64;

/** What caused a click. */
export const Cause = { photon: 0, noise: 1, adversary: 2, afterPulse: 3 } as const;

/** `EventTruth.guess` of somebody who knows nothing. */
const coin = 32767;

/** A pass that advances bin by bin. */
export interface EventPass {
  /** Number of bins in all, and of those still to come. */
  readonly bins: number;
  readonly remaining: number;
  /** Plays the next bin. Throws `photons/range` after the last one. */
  next(): EventBin;
}

/**
 * A pass, click by click: distributed as a loop over every pulse would be, at the cost of its clicks alone. Bin b is drawn
 * from stream b of the seed. A pass cut in two at a bin gives the same rows but for what the last clicks before the cut
 * do to the first after it, since detectors begin rested; cut at a multiple of `BINS_PER_SHARE` it gives just the same.
 *
 * Approximations, all of them:
 * - Pulses are drawn from the kinds of the table independently: that of a slot knows the class before it, but not that
 *   what it takes for that class is what the slot before it was.
 * - Photons of a pulse arrive independently of each other. Light of an adversary does not fade within a bin.
 * - Light that a wrong time moves by n slots leaves the last n slots of its bin, where no gate has it, and the first n empty.
 * - Noise, dead times and after-pulses live on Alice's clock as it arrives: a Doppler factor of 1e-5 on nanoseconds.
 * - Jitter of Bob's clock is drawn with that of the detector, so that dead times feel it; noise needs none.
 * - What Alice sent in a slot without a photo-electron is drawn from the posterior at the bin's mean gain; in a slot that
 *   is not of the bin, where jitter or a wrong clock put a click of it, from the prior.
 * - A pulse of an adversary's that does not tell its photon number has one that is independent of what she sent.
 * - Whether somebody holds a photon that was lost on the way, and how many photons there were at the exit, are drawn each
 *   by itself: each is right, but not that they belong together.
 * - Probabilities of guessing are rounded to 1/65535 (`EventTruth`).
 *
 * Throws PhotonsError for input that is out of range, as `createTables` does.
 */
export function createEvents(input: PassInput): EventPass {
  return new PlayedPass(input);
}

/** All bins of `createEvents`, in order. */
export function* events(input: PassInput): Generator<EventBin> {
  const pass = createEvents(input);
  while (pass.remaining > 0) yield pass.next();
}

class PlayedPass implements EventPass {
  readonly bins: number;
  readonly #input: PassInput;
  readonly #tables: Tables;
  readonly #slotPs: number;
  readonly #random = new Uniforms();
  readonly #noise = new Uniforms();
  readonly #electrons: Electrons;
  readonly #detectors: Detectors;
  readonly #end: number;
  #bin: number;
  /** By row of the responses: class, state and attacked, a byte each from the lowest. */
  #told = new Int32Array(0);
  /** By row: how well she guesses Alice's bit of a click of its light, and of any other in its slot. */
  #toldGuess = new Uint16Array(0);
  #toldStray = new Uint16Array(0);

  constructor(input: PassInput) {
    this.#tables = createTables(input);
    this.#input = input;
    this.#slotPs = 1e12 / input.source.pulseRateHz;
    this.#electrons = new Electrons(this.#random, input.source.pulseRateHz);
    this.#detectors = new Detectors(input.receiver, this.#random, this.#noise);
    this.#bin = this.#tables.firstBin;
    this.bins = this.#tables.bins;
    this.#end = this.#bin + this.bins;
  }

  get remaining(): number {
    return this.#end - this.#bin;
  }

  next(): EventBin {
    const bin = this.#bin;
    if (bin >= this.#end) {
      throw new PhotonsError('photons/range', `the pass has no bin ${bin}; it ended after ${this.bins} bins`);
    }
    const { seed, receiver } = this.#input;
    const table = this.#tables.next(bin);
    const { conditions, pulses } = table;
    this.#bin++;
    this.#random.start(seed, bin);
    this.#noise.start(seed, streamOf(Stream.noise, bin));
    if (bin % BINS_PER_SHARE === 0) this.#detectors.rest();
    this.#electrons.draw(table, Math.hypot(table.responses.spreadPs, table.clock.jitterPs));
    const afterPulses = (receiver.flaws?.afterPulse?.probability ?? 0) * conditions.afterPulseScale;
    if (afterPulses > 1) {
      const rule = 'it must be at most 1';
      throw new PhotonsError(
        'photons/receiver',
        `the after-pulse probability of bin ${bin} is ${afterPulses}; ${rule}`,
      );
    }
    this.#detectors.play(
      this.#electrons,
      afterPulses * (1 - conditions.blindedShare),
      (pulses - 0.5) * this.#slotPs,
      pulses * this.#slotPs,
      table.noiseHz,
    );
    return this.#columns(table);
  }

  /** Times, slots and truth of the clicks. */
  #columns(table: BinTable): EventBin {
    const { conditions, pulses, firstSlot } = table;
    const rows = new EventRows(this.#detectors.clicks);
    const reckoning = reckoningOf(this.#input.trace.flight, table, pulses * this.#slotPs);
    this.#tell(table);
    for (let from = 0; from < rows.length; from += 2048) {
      this.#fill(rows, table, reckoning, from, Math.min(rows.length, from + 2048));
    }
    if (conditions.backFlashCaught) this.#flash(rows, firstSlot);
    const { timePs, detector, slot, offsetPs, intensity, state, cause, photons, attacked, guess } = rows;
    return {
      bin: conditions.bin,
      startS: conditions.startS,
      firstSlot,
      pulses,
      tags: { timePs, detector },
      slot,
      offsetPs,
      intensity,
      state,
      truth: { cause, photons, attacked, guess },
      monitors: table.monitors,
    };
  }

  /** A stretch of clicks, few enough for the loop to be compiled as a function. */
  #fill(rows: EventRows, table: BinTable, reckoning: Reckoning, from: number, to: number): void {
    const { firstSlot } = table;
    const { startPs, restPs, ratePerPs, curvaturePerPs2, clockPs, clockPerPs } = reckoning;
    const { timePs, detector, slot, offsetPs, intensity, state, cause, photons, attacked, guess } = rows;
    const { slot: slotOf, row: rowOf, photons: photonsOf } = this.#electrons;
    const { timePs: clickPs, pulse, detector: clickIn } = this.#detectors;
    const told = this.#told;
    const toldGuess = this.#toldGuess;
    const slotPs = this.#slotPs;
    const perSlot = 1 / slotPs;
    for (let i = from; i < to; i++) {
      const t = clickPs[i]!;
      const late = clockPs + clockPerPs * t;
      timePs[i] = startPs + Math.floor(restPs + t * (1 + ratePerPs + 0.5 * curvaturePerPs2 * t) + late + 0.5);
      // Bob takes his clock for Alice's, and undoes the flight time; what he is late by is squeezed with it.
      const reckoned = t + late * (1 - ratePerPs - curvaturePerPs2 * t);
      const at = Math.floor(reckoned * perSlot + 0.5);
      const offset = Math.floor(reckoned - at * slotPs + 0.5);
      slot[i] = firstSlot + at;
      offsetPs[i] = offset >= -32768 && offset <= 32767 ? offset : -32768;
      detector[i] = clickIn[i]!;
      const by = pulse[i]!;
      if (by >= 0 && slotOf[by] === at) {
        const row = rowOf[by]!;
        const word = told[row]!;
        intensity[i] = word;
        state[i] = word >> 8;
        attacked[i] = (word >> 16) & 1;
        cause[i] = (word >> 15) & 2;
        guess[i] = toldGuess[row]!;
        photons[i] = photonsOf[by]!;
      } else this.#stray(rows, table, i, at, by);
    }
  }

  /**
   * A row of noise, of an after-pulse, or of light that was reckoned into a wrong slot. Alice sent something in its slot all
   * the same, of which somebody may know.
   */
  #stray(rows: EventRows, table: BinTable, i: number, at: number, by: number): void {
    const { branches, kinds, pulses, conditions } = table;
    const electrons = this.#electrons;
    const told = this.#told;
    rows.cause[i] =
      by >= 0 ? (told[electrons.row[by]!]! >> 15) & 2 : by === AFTER_PULSE ? Cause.afterPulse : Cause.noise;
    const found = electrons.find(at);
    if (found >= 0) {
      const word = told[electrons.row[found]!]!;
      rows.intensity[i] = word;
      rows.state[i] = word >> 8;
      rows.attacked[i] = (word >> 16) & 1;
      rows.photons[i] = electrons.photons[found]!;
      rows.guess[i] = this.#toldStray[electrons.row[found]!]!;
    } else if (i > 0 && rows.slot[i - 1] === rows.slot[i]) {
      rows.intensity[i] = rows.intensity[i - 1]!;
      rows.state[i] = rows.state[i - 1]!;
      rows.attacked[i] = rows.attacked[i - 1]!;
      rows.photons[i] = rows.photons[i - 1]!;
      rows.guess[i] = rows.guess[i - 1]!;
    } else {
      const branch = electrons.silentBranch(at >= 0 && at < pulses);
      rows.intensity[i] = kinds.intensity[branches.kind[branch]!]!;
      rows.state[i] = kinds.state[branches.kind[branch]!]!;
      rows.attacked[i] = branches.attacked[branch]!;
      rows.photons[i] = electrons.silentPhotons(branch);
      rows.guess[i] = guessWord(Math.max(branches.guess[branch]!, conditions.sideChannelGuess));
    }
  }

  /** A back-flash that she catches tells her the detector, and with it the bit, if Alice's light was what clicked. */
  #flash(rows: EventRows, firstSlot: number): void {
    const detectors = this.#input.receiver.flaws?.detectors ?? [];
    const { slot } = this.#electrons;
    const { pulse } = this.#detectors;
    for (let i = 0; i < rows.length; i++) {
      const by = pulse[i]!;
      if (by < 0 || firstSlot + slot[by]! !== rows.slot[i]) continue;
      const { backFlash = 0 } = detectors[rows.detector[i]!] ?? {};
      if (backFlash > 0 && this.#random.uniform() < backFlash) rows.guess[i] = CERTAIN_GUESS;
    }
  }

  #tell(table: BinTable): void {
    const { conditions, kinds, branches, responses } = table;
    if (this.#told.length < responses.count) {
      this.#told = new Int32Array(2 * responses.count);
      this.#toldGuess = new Uint16Array(2 * responses.count);
      this.#toldStray = new Uint16Array(2 * responses.count);
    }
    const told = this.#told;
    for (let row = 0; row < responses.count; row++) {
      const branch = responses.branch[row]!;
      const kind = branches.kind[branch]!;
      this.#toldGuess[row] = guessWord(Math.max(branches.clickGuess[branch]!, conditions.sideChannelGuess));
      this.#toldStray[row] = guessWord(Math.max(branches.guess[branch]!, conditions.sideChannelGuess));
      told[row] = kinds.intensity[kind]! | (kinds.state[kind]! << 8) | (branches.attacked[branch]! << 16);
    }
  }
}

/** The columns of a bin in one block of memory, 26 bytes a row. */
class EventRows {
  readonly length: number;
  readonly timePs: Float64Array;
  readonly slot: Float64Array;
  readonly offsetPs: Int16Array;
  readonly detector: Uint8Array;
  readonly intensity: Uint8Array;
  readonly state: Uint8Array;
  readonly cause: Uint8Array;
  readonly photons: Uint8Array;
  readonly attacked: Uint8Array;
  readonly guess: Uint16Array;

  constructor(length: number) {
    const block = new ArrayBuffer(26 * length);
    const bytes = (column: number): Uint8Array => new Uint8Array(block, (20 + column) * length, length);
    this.length = length;
    this.timePs = new Float64Array(block, 0, length);
    this.slot = new Float64Array(block, 8 * length, length);
    this.offsetPs = new Int16Array(block, 16 * length, length);
    this.detector = bytes(0);
    this.intensity = bytes(1);
    this.state = bytes(2);
    this.cause = bytes(3);
    this.photons = bytes(4);
    this.attacked = bytes(5);
    this.guess = new Uint16Array(block, 18 * length, length);
  }
}

function guessWord(guess: number): number {
  // One half lies between two words, and rounding of it must not become knowledge.
  return guess * CERTAIN_GUESS < coin + 1 ? coin : Math.round(guess * CERTAIN_GUESS);
}

/**
 * Tag of a count that comes t ps after the centre of the bin's first slot arrives: `startPs + restPs + t (1 + rate +
 * curvature t / 2) + clock`, `startPs` a whole number, so that nothing of t is lost in a long pass.
 */
interface Reckoning {
  readonly startPs: number;
  readonly restPs: number;
  readonly ratePerPs: number;
  readonly curvaturePerPs2: number;
  /** Bob's clock less Alice's: at the start of the bin, and its growth. */
  readonly clockPs: number;
  readonly clockPerPs: number;
}

function reckoningOf(flight: FlightTime | undefined, table: BinTable, binPs: number): Reckoning {
  const { bin } = table.conditions;
  const exactPs = bin * binPs + (flight?.atStartPs[bin] ?? 0);
  const startPs = Math.floor(exactPs);
  return {
    startPs,
    restPs: exactPs - startPs,
    ratePerPs: (flight?.ratePsPerS[bin] ?? 0) * 1e-12,
    curvaturePerPs2: (flight?.curvaturePsPerS2[bin] ?? 0) * 1e-24,
    clockPs: table.clock.fromPs,
    clockPerPs: (table.clock.toPs - table.clock.fromPs) / binPs,
  };
}
