import type { DetectorFlaws, ReceiverFlaws } from '../link.ts';
import { ARRIVAL_CELLS } from '../observe/observation.ts';
import { addGaussian, type Cells, emptyWalk, type WalkMixture, walkMixture } from './arrival.ts';
import type { Aftermath, Renewal } from './dead-time.ts';
import { type NormalPoint, normalCumulative, normalLaw } from './normal-law.ts';

/** Standard deviation of the smaller of two equal Gaussian numbers over theirs; its mean is lower by 1 / sqrt(pi). */
const FIRST_SPREAD = Math.sqrt(1 - 1 / Math.PI);

/**
 * The rows of a table by the time at which their light arrives: most rows share theirs with many others, and what falls
 * in which gate has to be reckoned once for each time. Arrays of `count * 4`, by group and detector.
 */
export class ArrivalGroups {
  count = 0;
  /** Group of each row. */
  ofRow = new Uint16Array(0);
  /** Share of clicks in the gate of the pulse's own slot; mean and mean square of their times, ps and ps². */
  gate: Float64Array = new Float64Array(0);
  mean: Float64Array = new Float64Array(0);
  square: Float64Array = new Float64Array(0);
  /** Single clicks of light, a slot, as they are reckoned, and those of them that are the first of several counts. */
  singles: Float64Array = new Float64Array(0);
  firsts: Float64Array = new Float64Array(0);
  /** Counts of light, a slot. */
  #light: Float64Array = new Float64Array(0);
  /** By group: mean arrival at detector 0, on Alice's clock. */
  #basePs: Float64Array = new Float64Array(0);
  /** By how much the first of two counts comes before the mean, ps. */
  earlierPs = 0;
  readonly #delayPs: Float64Array = new Float64Array(4);
  readonly #walks: readonly WalkMixture[] = [0, 1, 2, 3].map(() => emptyWalk());
  readonly #strata = new Uint8Array(4);
  /** By slot, counted from the pulse's own: clicks of light there in the gate, by detector, a slot. */
  readonly spilled = new Map<number, Float64Array>();
  #clockPs = 0;
  #spreadPs = 0;
  #slotPs = 0;
  #edges: Float64Array = new Float64Array(0);
  #elsewhere: Float64Array = new Float64Array(0);
  #last = 0;

  begin(rows: number, detectors: readonly DetectorFlaws[] | undefined): void {
    this.count = 0;
    this.#last = 0;
    if (this.ofRow.length < rows) this.ofRow = new Uint16Array(2 * rows);
    for (let d = 0; d < 4; d++) this.#delayPs[d] = (detectors?.[d]?.delayPs ?? 0) - (detectors?.[0]?.delayPs ?? 0);
  }

  /** A row of this arrival and weight, with its counts by detector from `counts[at]` on. */
  add(row: number, basePs: number, weight: number, counts: Float64Array, at: number): void {
    const bases = this.#basePs;
    let group = this.#last;
    if (group >= this.count || bases[group] !== basePs) {
      for (group = 0; group < this.count && bases[group] !== basePs; group++);
      if (group === this.count) this.#open(basePs);
    }
    this.#last = group;
    this.ofRow[row] = group;
    const light = this.#light;
    for (let d = 0; d < 4; d++) light[4 * group + d]! += weight * counts[at + d]!;
  }

  /** By detector: counts of light, a slot. */
  sumLight(out: Float64Array): void {
    out.fill(0);
    for (let i = 0; i < 4 * this.count; i++) out[i & 3]! += this.#light[i]!;
  }

  /** Finds what falls into the gates of the pulses' own slots. */
  place(
    time: { readonly clockPs: number; readonly spreadPs: number; readonly slotPs: number },
    edges: Float64Array,
    walk: ReceiverFlaws['walk'],
    after: Aftermath,
    rates: readonly Pick<Renewal, 'rate'>[],
  ): void {
    this.#clockPs = time.clockPs;
    this.#spreadPs = Math.max(1e-3, time.spreadPs);
    this.spilled.clear();
    this.earlierPs = this.#spreadPs / Math.sqrt(Math.PI);
    this.#slotPs = time.slotPs;
    this.#edges = edges;
    for (let d = 0; d < 4; d++) {
      this.#strata[d] = walkMixture(walk, rates[d]!.rate, after.deadPs, after.recoveryPs, this.#walks[d]!);
    }
    const [from, to] = [edges[0]!, edges[ARRIVAL_CELLS]!];
    const spread = this.#spreadPs;
    for (let i = 0; i < 4 * this.count; i++) {
      this.singles[i] = this.firsts[i] = 0;
      const d = i & 3;
      const { share, latePs } = this.#walks[d]!;
      let gate = 0;
      let sum = 0;
      let square = 0;
      for (let s = 0; s < this.#strata[d]!; s++) {
        const m = this.#meanPs(i >> 2, d) + latePs[s]!;
        const [a, b] = [(from - m) / spread, (to - m) / spread];
        normalLaw(a, point);
        const { below, density: atA } = point;
        normalLaw(b, point);
        const inGate = point.below - below;
        const atB = point.density;
        if (inGate < 1e-9) continue;
        gate += share[s]! * inGate;
        sum += share[s]! * (m * inGate + spread * (atA - atB));
        square +=
          share[s]! *
          ((m * m + spread * spread) * inGate + 2 * m * spread * (atA - atB) + spread * spread * (a * atA - b * atB));
      }
      this.gate[i] = gate;
      this.mean[i] = gate > 0 ? sum / gate : 0;
      this.square[i] = gate > 0 ? square / gate : 0;
    }
  }

  /** Clicks of light in the gates of other slots than their pulse's, a slot: adds them to the cells, returns their sum. */
  spill(d: number, cells: Cells, live: number): number {
    const edges = this.#edges;
    const reach = 6 * this.#spreadPs;
    const { share, latePs } = this.#walks[d]!;
    let sum = 0;
    for (let group = 0; group < this.count; group++) {
      const clicks = this.#light[4 * group + d]! * live;
      if (clicks === 0) continue;
      for (let s = 0; s < this.#strata[d]!; s++) {
        const m = this.#meanPs(group, d) + latePs[s]!;
        const first = Math.ceil((m - reach - edges[ARRIVAL_CELLS]!) / this.#slotPs);
        const last = Math.floor((m + reach - edges[0]!) / this.#slotPs);
        for (let slot = first; slot <= last; slot++) {
          if (slot === 0) continue;
          const seen = addGaussian(cells, edges, clicks * share[s]!, m - slot * this.#slotPs, this.#spreadPs);
          if (seen === 0) continue;
          let inSlot = this.spilled.get(slot);
          if (inSlot === undefined) this.spilled.set(slot, (inSlot = new Float64Array(4)));
          inSlot[d]! += seen;
          sum += seen;
        }
      }
    }
    return sum;
  }

  /** As `gate`, for the gate of another slot. */
  gateIn(slot: number): Float64Array {
    if (this.#elsewhere.length < 4 * this.count) this.#elsewhere = new Float64Array(this.gate.length);
    const [from, to] = [this.#edges[0]!, this.#edges[ARRIVAL_CELLS]!];
    for (let i = 0; i < 4 * this.count; i++) {
      const { share, latePs } = this.#walks[i & 3]!;
      let gate = 0;
      for (let s = 0; s < this.#strata[i & 3]!; s++) {
        const m = this.#meanPs(i >> 2, i & 3) + latePs[s]! - slot * this.#slotPs;
        gate +=
          share[s]! * (normalCumulative((to - m) / this.#spreadPs) - normalCumulative((from - m) / this.#spreadPs));
      }
      this.#elsewhere[i] = gate;
    }
    return this.#elsewhere;
  }

  /** Clicks of light in the gates of their own slots, a slot. */
  inOwnGate(d: number, live: number): number {
    let sum = 0;
    for (let i = d; i < 4 * this.count; i += 4) sum += this.#light[i]! * this.gate[i]!;
    return sum * live;
  }

  /** Mean arrival of light at a detector, ps; 0 without light. */
  meanArrivalPs(d: number): number {
    let sum = 0;
    let weight = 0;
    for (let group = 0; group < this.count; group++) {
      const light = this.#light[4 * group + d]!;
      weight += light;
      sum += light * this.#meanPs(group, d);
    }
    return weight > 0 ? sum / weight : 0;
  }

  /** Adds the single clicks of a detector to its cells. */
  addSingles(d: number, cells: Cells): void {
    const { share, latePs } = this.#walks[d]!;
    for (let group = 0; group < this.count; group++) {
      const i = 4 * group + d;
      if (this.singles[i] === 0) continue;
      const firsts = this.firsts[i]! > 1e-4 * this.singles[i]! ? this.firsts[i]! : 0;
      const weight = (this.singles[i]! - firsts) / this.gate[i]!;
      const firstWeight = firsts / this.gate[i]!;
      for (let s = 0; s < this.#strata[d]!; s++) {
        const m = this.#meanPs(group, d) + latePs[s]!;
        addGaussian(cells, this.#edges, weight * share[s]!, m, this.#spreadPs);
        if (firsts === 0) continue;
        addGaussian(cells, this.#edges, firstWeight * share[s]!, m - this.earlierPs, FIRST_SPREAD * this.#spreadPs);
      }
    }
  }

  #meanPs(group: number, d: number): number {
    return this.#basePs[group]! + this.#delayPs[d]! + this.#clockPs;
  }

  #open(basePs: number): void {
    const group = this.count++;
    if (group === this.#basePs.length) {
      const room = Math.max(32, 2 * group);
      const longer = (old: Float64Array, length: number): Float64Array => {
        const array = new Float64Array(length);
        array.set(old);
        return array;
      };
      this.#basePs = longer(this.#basePs, room);
      this.#light = longer(this.#light, 4 * room);
      this.gate = new Float64Array(4 * room);
      this.mean = new Float64Array(4 * room);
      this.square = new Float64Array(4 * room);
      this.singles = new Float64Array(4 * room);
      this.firsts = new Float64Array(4 * room);
    }
    this.#basePs[group] = basePs;
    for (let d = 0; d < 4; d++) this.#light[4 * group + d] = 0;
  }
}

const point: NormalPoint = { below: 0, density: 0 };
