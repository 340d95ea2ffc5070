import { Statistics } from '../light/branches.ts';
import { poisson, positivePoisson } from '../poisson.ts';
import { CountLaw } from '../receiver/response.ts';
import { longer } from './columns.ts';
import { NUMBERS, Proposals, UNUSUAL } from './proposals.ts';
import type { BinTable } from './table.ts';
import type { Uniforms } from './uniforms.ts';
import { exponential, exponentialEdge, exponentialX, normal, normalEdge, normalX } from './ziggurat.ts';

const steadyLight = Float64Array.of(1);

/** Above this probability of a proposal in a slot every slot is looked at instead. */
const densest = 0.9;

/** Proposals drawn at a stretch: few enough for the loop to be compiled as a function, not while it runs. */
const stretch = 1000;

/** Uniform numbers that the usual proposal takes. */
const usualNumbers = 5;

/**
 * The photo-electrons of one bin in order of time, before any detector is dead. Only
 * slots for which something is proposed are visited, at geometric distances; the result is distributed as that of a loop
 * over every pulse (and where more than `densest` of the slots would be visited, it is one).
 */
export class Electrons {
  /** Slots with a photo-electron, counted from the first slot of the bin, rising; row of the responses; photons at the exit. */
  slots = 0;
  slot = new Float64Array(0);
  row = new Uint16Array(0);
  photons = new Uint8Array(0);

  /** Counts, rising in time, ps since the centre of the first slot as Bob reckons it; index of their slot. */
  counts = 0;
  timePs = new Float64Array(0);
  pulse = new Int32Array(0);
  detector = new Uint8Array(0);

  readonly #proposals = new Proposals();
  readonly #random: Uniforms;
  readonly #slotPs: number;
  #table!: BinTable;
  #spreadPs = 0;
  #mostGain = 1;
  /** The first slot that is not settled, and how much exponential waiting is left from there. */
  #at = 0;
  #wait = 0;

  constructor(random: Uniforms, pulseRateHz: number) {
    this.#random = random;
    this.#slotPs = 1e12 / pulseRateHz;
  }

  /**
   * Draws the bin of a table. `spreadPs` is the standard deviation of a count in time. Throws `photons/trace` where fading
   * makes the light brighter than what left Alice.
   */
  draw(table: BinTable, spreadPs: number): void {
    const random = this.#random;
    const proposals = this.#proposals;
    const { pulses } = table;
    const gains = table.fading ?? steadyLight;
    this.#table = table;
    this.#spreadPs = spreadPs;
    this.slots = 0;
    this.counts = 0;
    this.#mostGain = 0;
    for (let i = 0; i < gains.length; i++) this.#mostGain = Math.max(this.#mostGain, gains[i]!);
    proposals.build(table, this.#mostGain);

    this.#at = 0;
    this.#wait = exponential(random);
    for (let step = 0; step < gains.length; step++) {
      const end = step === gains.length - 1 ? pulses : Math.floor(((step + 1) * pulses) / gains.length);
      const gain = gains[step]!;
      const own = proposals.own.total * gain;
      const proposed = own + proposals.other.total;
      if (proposed > densest) this.#everySlot(end, gain);
      else if (proposed > 0) {
        const hazard = -Math.log1p(-proposed);
        while (this.#at < end) this.#stretch(end, hazard, own / proposed, gain);
      }
      this.#at = end;
    }
  }

  /**
   * A branch for a slot of the bin in which no photo-electron was: what Alice sent there, drawn from the posterior of
   * that. Any slot's branch where nothing is `known` of it.
   */
  silentBranch(known: boolean): number {
    const { branches } = this.#table;
    if (known && this.#proposals.silent.total > 0) return this.#proposals.silent.draw(this.#random);
    let rest = this.#random.uniform();
    let branch = 0;
    while (branch < branches.count - 1 && rest >= branches.probability[branch]!)
      rest -= branches.probability[branch++]!;
    return branch;
  }

  /** Photons at the exit of a pulse of this branch that had no photo-electron. */
  silentPhotons(branch: number): number {
    const { branches, kinds } = this.#table;
    if (branches.photons[branch] !== 255) return branches.photons[branch]!;
    const mean = kinds.meanPhotons[branches.kind[branch]!]!;
    const own = branches.statistics[branch] === Statistics.coherent;
    return Math.min(255, poisson(this.#random, own ? Math.max(0, mean - this.#proposals.seen[branch]!) : mean));
  }

  /** Index among `slots` of a slot, or -1. */
  find(slot: number): number {
    let low = 0;
    let high = this.slots;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.slot[middle]! < slot) low = middle + 1;
      else high = middle;
    }
    return low < this.slots && this.slot[low] === slot ? low : -1;
  }

  /**
   * Some proposals on the way to `end`. The usual case is written out here with its random numbers; whatever is rare is
   * done by methods.
   */
  #stretch(end: number, hazard: number, ownShare: number, gain: number): void {
    const random = this.#random;
    const { block } = random;
    const perHazard = 1 / hazard;
    const [slotPs, spreadPs] = [this.#slotPs, this.#spreadPs];
    const { own, other, photons, lostEdge, lostPair } = this.#proposals;
    const { arrivalPs } = this.#table.responses;
    let alias = ownShare > 0 ? own : other;
    if (this.slots + stretch > this.slot.length) this.#growSlots();
    const [slots, rows, numbers] = [this.slot, this.row, this.photons];
    let at = this.#at;
    let wait = this.#wait;
    // Numbers that are left of a block when there are fewer than a proposal may take are dropped.
    let next = random.at;
    const last = block.length - usualNumbers;
    for (let i = 0; i < stretch; i++) {
      const slot = at + Math.floor(wait * perHazard);
      if (slot >= end) {
        wait = Math.max(0, wait - (end - at) * hazard);
        at = end;
        break;
      }
      at = slot + 1;

      if (next > last) {
        random.refill();
        next = 0;
      }
      let u = block[next++]! * 256;
      let layer = u | 0;
      wait = (u - layer) * exponentialX[layer]!;
      if (wait >= exponentialX[layer + 1]!) {
        random.at = next;
        wait = exponentialEdge(random, layer, wait);
        random.reserve(usualNumbers);
        next = random.at;
      }
      if (ownShare > 0 && ownShare < 1) {
        alias = block[next++]! < ownShare ? own : other;
      }
      u = block[next++]! * alias.columns;
      let column = u | 0;
      // Without a branch, which would be guessed wrong half of the time: the whole part is 1 in the column's own part, 2 beyond.
      const outcome = alias.pair[2 * column - 1 + ((u - alias.edge[column]! + 2) | 0)]!;
      const row = outcome >>> 3;
      const detector = outcome & 7;
      if (detector === UNUSUAL) {
        random.at = next;
        this.#unusual(slot, row, gain);
        next = random.at;
        continue;
      }

      u = block[next++]! * NUMBERS;
      column = row * NUMBERS + (u | 0);
      let n = lostPair[2 * column - 1 + ((u - lostEdge[column]! + 2) | 0)]!;
      if (n === NUMBERS - 1) {
        random.at = next;
        n = this.#manyLost(row);
        random.reserve(usualNumbers);
        next = random.at;
      }
      n += photons[row]!;

      u = block[next++]! * 256;
      layer = u | 0;
      let deviate = (2 * (u - layer) - 1) * normalX[layer]!;
      if (deviate >= normalX[layer + 1]! || deviate <= -normalX[layer + 1]!) {
        random.at = next;
        deviate = normalEdge(random, layer, deviate);
        next = random.at;
      }

      const pulse = this.slots++;
      slots[pulse] = slot;
      rows[pulse] = row;
      numbers[pulse] = n > 255 ? 255 : n;
      const timePs = slot * slotPs + arrivalPs[row * 4 + detector]! + spreadPs * deviate;
      this.#put(timePs, pulse, detector);
    }
    random.at = next;
    this.#at = at;
    this.#wait = wait;
  }

  /** Photons that were lost, of a row that lost at least `NUMBERS - 1`. */
  #manyLost(row: number): number {
    const { lost, noneLost } = this.#proposals;
    const mean = lost[row]!;
    let p = noneLost[row]!;
    let before = 0;
    for (let n = 0; n < NUMBERS - 1; p *= mean / ++n) before += p;
    let rest = this.#random.uniform() * (1 - before);
    let n = NUMBERS - 1;
    while (rest >= p && (n <= mean || p > 1e-18 * (1 - before))) {
      rest -= p;
      p *= mean / ++n;
    }
    return n;
  }

  /** A proposal that is not one count. */
  #unusual(slot: number, row: number, gain: number): void {
    const random = this.#random;
    const { responses } = this.#table;
    const { isOwn, usual } = this.#proposals;
    const law = responses.law[row]!;
    if (law === CountLaw.pattern) {
      this.#pattern(slot, row, true);
      return;
    }
    const amount = responses.amount[row]!;
    // Uniform on what the usual outcome leaves.
    let rest = usual[row]! + random.uniform() * (1 - usual[row]!);
    let n = 1;
    let added = 0;
    if (isOwn[row] === 1) {
      const mean = amount * gain;
      const spare = amount * this.#mostGain - mean;
      let p = Math.exp(-mean);
      if (rest < p) added = spare > 0 ? positivePoisson(random, spare) : 0;
      else {
        added = poisson(random, spare);
        do {
          rest -= p;
          p *= mean / ++n;
          // What is beyond the last term is refused.
          if (n > mean && p < 1e-18) return;
        } while (rest >= p);
      }
    } else {
      const photons = responses.photons[row]!;
      const odds = amount / (1 - amount);
      let p = usual[row]!;
      if (law === CountLaw.binomial && amount === 1) n = photons;
      else {
        do {
          rest -= p;
          p *= law === CountLaw.poisson ? amount / (n + 1) : ((photons - n) / (n + 1)) * odds;
          if (p === 0 || (n > amount && p < 1e-18)) break;
          n++;
        } while (rest >= p);
      }
    }
    this.#counts(slot, row, n, added);
  }

  /** A bright pulse: each detector by itself; with `some`, given that one of them clicks. */
  #pattern(slot: number, row: number, some: boolean): void {
    const random = this.#random;
    const { share } = this.#table.responses;
    // Probability that none clicks from here on: as long as none has, a detector's own chance is larger by that.
    let none = 1;
    for (let d = 0; d < 4; d++) none *= 1 - share[row * 4 + d]!;
    let opened = false;
    for (let d = 0; d < 4; d++) {
      const p = share[row * 4 + d]!;
      const clicks = random.uniform() * (some && !opened ? 1 - none : 1) < p;
      none /= 1 - p;
      if (!clicks) continue;
      if (!opened) this.#open(slot, row, 0);
      opened = true;
      this.#count(slot, row, d);
    }
  }

  /** A loop over every pulse, for bright light. */
  #everySlot(end: number, gain: number): void {
    const random = this.#random;
    const { responses } = this.#table;
    const { isOwn, heard } = this.#proposals;
    for (let slot = this.#at; slot < end; slot++) {
      let rest = random.uniform();
      if (rest >= heard) continue;
      let row = 0;
      while (row < responses.count - 1 && rest >= responses.probability[row]!) rest -= responses.probability[row++]!;
      const amount = responses.amount[row]!;
      if (responses.law[row] === CountLaw.pattern) {
        this.#pattern(slot, row, false);
        continue;
      }
      let n = 0;
      let added = 0;
      if (responses.law[row] === CountLaw.binomial) {
        for (let photon = responses.photons[row]!; photon > 0; photon--) if (random.uniform() < amount) n++;
      } else if (isOwn[row] === 1) {
        n = poisson(random, amount * gain);
        added = poisson(random, amount * (this.#mostGain - gain));
      } else n = poisson(random, amount);
      if (n > 0) this.#counts(slot, row, n, added);
    }
  }

  /** A slot with `n` counts, wherever they go; `added` photons were lost beyond those of `Proposals.lost`. */
  #counts(slot: number, row: number, n: number, added: number): void {
    const { share } = this.#table.responses;
    this.#open(slot, row, this.#proposals.counted[row] === 1 ? n - 1 + added : 0);
    for (let i = 0; i < n; i++) {
      let rest = this.#random.uniform();
      let detector = 0;
      for (let d = 0; d < 4; d++) {
        const p = share[row * 4 + d]!;
        if (p > 0) detector = d;
        if (rest < p) break;
        rest -= p;
      }
      this.#count(slot, row, detector);
    }
  }

  #open(slot: number, row: number, more: number): void {
    if (this.slots === this.slot.length) this.#growSlots();
    const { photons, lost, noneLost } = this.#proposals;
    const pulse = this.slots++;
    this.slot[pulse] = slot;
    this.row[pulse] = row;
    this.photons[pulse] = Math.min(255, photons[row]! + more + poisson(this.#random, lost[row]!, noneLost[row]!));
  }

  /** A count of the slot that was opened last. */
  #count(slot: number, row: number, detector: number): void {
    const meanPs = slot * this.#slotPs + this.#table.responses.arrivalPs[row * 4 + detector]!;
    const timePs = meanPs + this.#spreadPs * normal(this.#random);
    this.#put(timePs, this.slots - 1, detector);
  }

  #put(timePs: number, pulse: number, detector: number): void {
    if (this.counts === this.timePs.length) this.#growCounts();
    const { timePs: times, pulse: pulses, detector: detectors } = this;
    let i = this.counts++;
    while (i > 0 && times[i - 1]! > timePs) {
      times[i] = times[i - 1]!;
      pulses[i] = pulses[i - 1]!;
      detectors[i] = detectors[i - 1]!;
      i--;
    }
    times[i] = timePs;
    pulses[i] = pulse;
    detectors[i] = detector;
  }

  #growSlots(): void {
    const room = 2 * (this.slot.length + stretch);
    this.slot = longer(this.slot, new Float64Array(room));
    this.row = longer(this.row, new Uint16Array(room));
    this.photons = longer(this.photons, new Uint8Array(room));
  }

  #growCounts(): void {
    const room = Math.max(4096, 2 * this.timePs.length);
    this.timePs = longer(this.timePs, new Float64Array(room));
    this.pulse = longer(this.pulse, new Int32Array(room));
    this.detector = longer(this.detector, new Uint8Array(room));
  }
}
