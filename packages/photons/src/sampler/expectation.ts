import { ARRIVAL_CELLS } from '../observe/observation.ts';
import { CountLaw, type Responses } from '../receiver/response.ts';
import { addUniform, addWrapped, type Cells, cellEdges, driftParts, emptyCells } from './arrival.ts';
import { ArrivalGroups } from './arrival-groups.ts';
import { atLeastOne, binomialAtLeastOne, shareOfSeveral } from './count-probability.ts';
import { type Aftermath, aftermathOf, emptyRenewal, type Renewal, renew } from './dead-time.ts';
import {
  DoubleClick,
  type Expectation,
  emptyExpectation,
  type OpenExpectation,
  toDiodes,
  toNumbers,
} from './expected-numbers.ts';
import { GainTable, gainNodes } from './fading.ts';
import { byPhotons, emptyClicking, emptyPattern, heldPattern, independently, join, patternOf } from './patterns.ts';
import type { BinTable } from './table.ts';

/** Light of a slot that spills over in a smaller share than this makes no double clicks there that would count. */
const jointShare = 1e-3;

export type { Expectation } from './expected-numbers.ts';

/**
 * The expectation of a bin, in closed form, from the same table that the samplers draw from.
 *
 * Exact in the click patterns of a slot. What is approximate, and by how much:
 * - Dead times, recovery and after-pulses as in `renew`; recovery and dead time see one count a slot and detector (relative
 *   error of the clicks: the share of pulses with several counts, times that of clicks in recovery).
 * - Detectors are dead independently of each other (relative error: dead share times share of slots with several clicks; an
 *   adversary who lives on it has `level: 'event'` and is refused), or all at once with `deadTogether`, where the first of
 *   several counts in a slot is any of them, whatever their delays.
 * - The first of several counts of a detector in a slot comes as the first of two does. With a dead time shorter than the
 *   gate, several clicks of a detector in a gate are one in `clicks` too.
 * - Fading inside the bin is a mixture of three steady gains (`gainNodes`), slow against dead times; a clock that drifts by
 *   more than the spread of a click in the bin cuts it into parts (`driftParts`), each with a mixture of its own.
 */
export function expectedObservation(table: BinTable): Expectation {
  return new Expectations().of(table);
}

/** `expectedObservation` bin after bin, each written over the one before. */
export class Expectations {
  readonly #groups = new ArrivalGroups();
  /** By row * 4 + detector: probability of a count. */
  #counts: Float64Array = new Float64Array(0);
  readonly #renewals: readonly Renewal[] = [0, 1, 2, 3].map(() => emptyRenewal());
  /** By detector: its own raw counts, 1/ps. */
  readonly #rates = [0, 1, 2, 3].map(() => ({ rate: 0 }));
  readonly #background: readonly Cells[] = [0, 1, 2, 3].map(() => emptyCells());
  readonly #single: readonly Cells[] = [0, 1, 2, 3].map(() => emptyCells());
  /** By detector: count of light in a slot, and share of raw counts that click. */
  readonly #light: Float64Array = new Float64Array(4);
  readonly #live: Float64Array = new Float64Array(4);
  /** By detector, a slot: clicks in the gate that no pulse of the slot made; its mean and mean square, ps and ps². */
  readonly #stray: Float64Array = new Float64Array(4);
  readonly #strayMean: Float64Array = new Float64Array(4);
  readonly #straySquare: Float64Array = new Float64Array(4);
  readonly #straySingles: Float64Array = new Float64Array(4);
  readonly #strayClicking = emptyClicking();
  readonly #spilledClicking = emptyClicking();
  readonly #lightClicking = emptyClicking();
  readonly #pattern = emptyPattern();
  readonly #atGain = new GainTable();
  /** By detector: clicks of all parts of a bin, 1/ps, that their dispersions are weighed with. */
  readonly #rateSums: Float64Array = new Float64Array(4);
  /** By detector, of the row at hand: clicks of its light in its gate; its single clicks, of light and of others. */
  readonly #clicks: Float64Array = new Float64Array(4);
  readonly #ofLight: Float64Array = new Float64Array(4);
  readonly #ofStray: Float64Array = new Float64Array(4);
  /** By diode: what is left of its probability when all rows are counted; sums over the arrivals of light and of others. */
  #rest: Float64Array = new Float64Array(0);
  #diodes: Float64Array = new Float64Array(0);
  #edges: Float64Array = new Float64Array(0);
  #gateNs = 0;
  #out: OpenExpectation | undefined;

  /** The expectation of the bin; valid until the next call. */
  of(table: BinTable): Expectation {
    const { conditions, pulses } = table;
    const classes = conditions.source.intensities.length;
    const together = conditions.receiver.flaws?.deadTogether === true && conditions.receiver.deadTimeNs > 0;
    if (this.#out === undefined || this.#out.classes !== classes) this.#out = emptyExpectation(classes);
    const out = this.#out;
    if (this.#gateNs !== conditions.receiver.gateNs) {
      this.#gateNs = conditions.receiver.gateNs;
      this.#edges = cellEdges(this.#gateNs);
    }
    out.gatePs = [this.#edges[0]!, this.#edges[ARRIVAL_CELLS]!];
    out.pulses = pulses;
    out.together = together;
    const slotPs = 1e12 / conditions.source.pulseRateHz;
    const after = aftermathOf(conditions);
    const { clock, responses } = table;
    const spreadPs = Math.hypot(responses.spreadPs, clock.jitterPs);
    const driftPs = clock.toPs - clock.fromPs;
    const parts = driftParts(driftPs, spreadPs, this.#edges[1]! - this.#edges[0]!);
    const arrivalSpreadPs = Math.hypot(spreadPs, driftPs / parts / Math.sqrt(12));

    this.#begin(table);
    for (let part = 0; part < parts; part++) {
      const clockPs = clock.fromPs + ((part + 0.5) / parts) * driftPs;
      for (const { gain, share } of gainNodes(table.fading, part / parts, (part + 1) / parts)) {
        const steady = this.#atGain.of(table, gain);
        const anyLight = this.#countRows(steady, together);
        this.#renew(steady, together, anyLight, slotPs, spreadPs, after, share / parts);
        const time = { clockPs, spreadPs: arrivalSpreadPs, slotPs };
        this.#groups.place(time, this.#edges, conditions.receiver.flaws?.walk, after, this.#rates);
        this.#reckonStray(steady, slotPs, after, share / parts);
        this.#reckonSlots(steady, share / parts);
        this.#addArrivals();
      }
    }
    this.#finishArrivals();
    this.#weighRenewals();
    toNumbers(out);
    return out;
  }

  /** Everything that parts of a bin add to. */
  #begin({ conditions }: BinTable): void {
    const { single, doubleSent, crossShare, outside, dispersion, soonShare, strayArrival, insight } = this.#out!;
    for (const sums of [single, doubleSent, crossShare, outside, dispersion, soonShare, strayArrival]) sums.fill(0);
    const diodes = 4 * this.#out!.classes;
    if (this.#rest.length !== diodes) {
      this.#rest = new Float64Array(diodes);
      this.#diodes = new Float64Array(6 * diodes);
    }
    this.#diodes.fill(0);
    this.#rateSums.fill(0);
    for (const cells of this.#single) {
      cells.share.fill(0);
      cells.momentPs.fill(0);
    }
    insight.begin(conditions);
  }

  /** Probabilities of counts; returns that of any light in a slot. */
  #countRows(table: BinTable, together: boolean): number {
    const { responses, branches, kinds } = table;
    const { law, amount, share, photons, probability, arrivalPs, count } = responses;
    const groups = this.#groups;
    if (this.#counts.length < 4 * count) this.#counts = new Float64Array(8 * count);
    const counts = this.#counts;
    groups.begin(count, table.conditions.receiver.flaws?.detectors);
    this.#rest.fill(0);
    for (let k = 0; k < kinds.count; k++)
      this.#rest[4 * kinds.intensity[k]! + kinds.state[k]!]! += kinds.probability[k]!;
    let any = 0;
    for (let row = 0; row < count; row++) {
      const at = 4 * row;
      const w = probability[row]!;
      const kind = branches.kind[responses.branch[row]!]!;
      this.#rest[4 * kinds.intensity[kind]! + kinds.state[kind]!]! -= w;
      const mean = amount[row]!;
      const rowLaw = law[row]!;
      for (let d = 0; d < 4; d++) {
        const part = share[at + d]!;
        counts[at + d] =
          rowLaw === CountLaw.poisson
            ? atLeastOne(mean * part)
            : rowLaw === CountLaw.pattern
              ? part
              : photons[row] === 1
                ? mean * part
                : binomialAtLeastOne(photons[row]!, mean * part);
      }
      const rowAny = responses.click[row]!;
      any += w * rowAny;
      if (together) {
        // One click of all that a slot holds, in one of the detectors that counted.
        const sum = counts[at]! + counts[at + 1]! + counts[at + 2]! + counts[at + 3]!;
        if (sum > 0) for (let d = 0; d < 4; d++) counts[at + d]! *= rowAny / sum;
      }
      groups.add(row, arrivalPs[at]!, w, counts, at);
    }
    return any;
  }

  #renew(
    table: BinTable,
    together: boolean,
    anyLight: number,
    slotPs: number,
    spreadPs: number,
    after: Aftermath,
    share: number,
  ): void {
    const { noiseHz } = table;
    const light = this.#light;
    const out = this.#out!;
    this.#groups.sumLight(light);
    const noisePerPs = (noiseHz[0]! + noiseHz[1]! + noiseHz[2]! + noiseHz[3]!) * 1e-12;
    const allPerPs = anyLight / slotPs + noisePerPs;
    let inSame = 0;
    for (let d = 0; d < 4; d++) {
      this.#rates[d]!.rate = light[d]! / slotPs + noiseHz[d]! * 1e-12;
      if (allPerPs > 0) inSame += (this.#rates[d]!.rate / allPerPs) ** 2;
    }
    for (let d = 0; d < 4; d++) {
      const own = { perSlot: light[d]!, noisePerPs: noiseHz[d]! * 1e-12, inSame: 1 };
      const one = renew(
        { slotPs, spreadPs, ...(together ? { perSlot: anyLight, noisePerPs, inSame } : own) },
        after,
        this.#renewals[d]!,
      );
      const inThis = one.rate > 0 ? this.#rates[d]!.rate / one.rate : 0;
      // Of detectors that are dead together, each is on its own in its recovery.
      this.#live[d] = together ? one.live + one.clicksPerPs * one.recoveryPs * (inSame - inThis) : one.live;
      const clicks = share * inThis * one.clicksPerPs;
      this.#rateSums[d]! += clicks;
      out.dispersion[d]! += clicks * one.dispersion;
      out.soonShare[d]! += clicks * (inThis * one.soonByCount + one.soonByAfterPulse);
    }
  }

  /** Dispersion and `soonShare` are means over the clicks of all parts. */
  #weighRenewals(): void {
    const { dispersion, soonShare } = this.#out!;
    for (let d = 0; d < 4; d++) {
      const rate = this.#rateSums[d]!;
      dispersion[d] = rate > 0 ? dispersion[d]! / rate : 1;
      soonShare[d] = rate > 0 ? soonShare[d]! / rate : 0;
    }
  }

  /** Noise, after-pulses and light from other slots in the gate; and all that falls outside. */
  #reckonStray(table: BinTable, slotPs: number, after: Aftermath, share: number): void {
    const { noiseHz } = table;
    const edges = this.#edges;
    const out = this.#out!;
    const { together } = out;
    const gatePs = Math.min(slotPs, edges[ARRIVAL_CELLS]! - edges[0]!);
    for (let d = 0; d < 4; d++) {
      const cells = this.#background[d]!;
      cells.share.fill(0);
      cells.momentPs.fill(0);
      const live = this.#live[d]!;
      const one = this.#renewals[d]!;
      const noise = noiseHz[d]! * 1e-12 * live;
      let inGate = noise * gatePs;
      if (inGate > 0) addUniform(cells, edges, inGate);
      const lightClicks = this.#light[d]! * live;
      const spilled = this.#groups.spill(d, cells, live);
      inGate += spilled;
      let outside = noise * (slotPs - gatePs) + Math.max(0, lightClicks - this.#groups.inOwnGate(d, live) - spilled);

      const counted = lightClicks + noise * slotPs;
      const afterPulses = together
        ? (counted * one.afterShare) / (1 - one.afterShare)
        : one.clicksPerPs * one.afterShare * slotPs;
      if (afterPulses > 0) {
        const ofLight = counted > 0 ? (afterPulses * lightClicks) / counted : 0;
        const fromPs = this.#groups.meanArrivalPs(d) + after.deadPs;
        let seen = ofLight > 0 ? addWrapped(cells, edges, ofLight, fromPs, after.afterPulsePs, slotPs) : 0;
        const uniform = ((afterPulses - ofLight) * gatePs) / slotPs;
        if (uniform > 0) addUniform(cells, edges, uniform);
        seen += uniform;
        inGate += seen;
        outside += Math.max(0, afterPulses - seen);
      }
      // Counts that do not keep each other from clicking may be several in a gate, where one is enough.
      this.#stray[d] = after.deadPs < gatePs ? -Math.expm1(-inGate) : Math.min(1, inGate);
      out.outside[d]! += share * outside;
      let sum = 0;
      let square = 0;
      for (let i = 0; i < ARRIVAL_CELLS; i++) {
        const mean = cells.share[i]! > 0 ? cells.momentPs[i]! / cells.share[i]! : 0;
        sum += cells.momentPs[i]!;
        square += cells.share[i]! * (mean * mean + (edges[i + 1]! - edges[i]!) ** 2 / 12);
      }
      this.#strayMean[d] = inGate > 0 ? sum / inGate : 0;
      this.#straySquare[d] = inGate > 0 ? square / inGate : 0;
      this.#straySingles[d] = 0;
    }
    this.#joinStray(table);
  }

  /**
   * Whatever is in a gate beside its pulse: by detector and independent, but for light of another slot, where it is more than
   * a little. What its pulses do together they do there too.
   */
  #joinStray({ responses }: BinTable): void {
    const groups = this.#groups;
    const stray = this.#strayClicking;
    const live = this.#live;
    const apart = this.#clicks;
    apart.set(this.#stray);
    const joint: number[] = [];
    if (!this.#out!.together) {
      for (const [slot, spilled] of groups.spilled) {
        let some = false;
        for (let d = 0; d < 4; d++) some ||= spilled[d]! > jointShare * this.#light[d]! * live[d]!;
        if (!some) continue;
        joint.push(slot);
        for (let d = 0; d < 4; d++) apart[d] = Math.max(0, apart[d]! - spilled[d]!);
      }
    }
    independently(apart, stray);
    for (const slot of joint) {
      const gate = groups.gateIn(slot);
      const spilled = this.#spilledClicking;
      spilled.fill(0);
      for (let row = 0; row < responses.count; row++) {
        const w = responses.probability[row]!;
        if (w === 0) continue;
        this.#lightOf(responses, row, gate);
        for (let set = 1; set < 16; set++) spilled[set]! += w * this.#lightClicking[set]!;
      }
      join(stray, spilled);
    }
    for (let d = 0; d < 4; d++) this.#stray[d] = stray[1 << d]!;
  }

  /** Finds what the light of a row does in gates that let `gate` of it in; returns of how many photons it is. */
  #lightOf({ law, amount, share, photons }: Responses, row: number, gate: Float64Array): number {
    const clicks = this.#clicks;
    const group = 4 * this.#groups.ofRow[row]!;
    const several = law[row] === CountLaw.binomial && photons[row]! > 1 && !this.#out!.together;
    for (let d = 0; d < 4; d++) {
      const heard = several ? amount[row]! * share[4 * row + d]! : this.#counts[4 * row + d]!;
      clicks[d] = heard * this.#live[d]! * gate[group + d]!;
    }
    if (law[row] !== CountLaw.binomial) {
      independently(clicks, this.#lightClicking);
      return Infinity;
    }
    byPhotons(photons[row]!, clicks, this.#lightClicking);
    return photons[row]!;
  }

  /** What happens in the gate of a slot, row by row, and then in slots of which no row says anything. */
  #reckonSlots(table: BinTable, part: number): void {
    const { responses, branches, kinds } = table;
    const { probability, count } = responses;
    const { single, doubleSent, crossShare, insight, together } = this.#out!;
    const { gate, mean, square, singles, firsts, ofRow, earlierPs } = this.#groups;
    const counts = this.#counts;
    const stray = this.#stray;
    const diodes = this.#diodes;
    const pattern = this.#pattern;
    const clicks = this.#clicks;
    const ofLight = this.#ofLight;
    const ofStray = this.#ofStray;
    for (let row = 0; row < count + this.#rest.length; row++) {
      const silent = row >= count;
      const probable = silent ? this.#rest[row - count]! : probability[row]!;
      // Where every pulse has its row, rounding is all that is left.
      if (silent ? probable <= 1e-12 : probable === 0) continue;
      const w = part * probable;
      const kind = silent ? 0 : branches.kind[responses.branch[row]!]!;
      const diode = silent ? row - count : 4 * kinds.intensity[kind]! + kinds.state[kind]!;
      const group = silent ? 0 : 4 * ofRow[row]!;
      let photons = Infinity;
      if (silent) {
        clicks.fill(0);
        this.#lightClicking.fill(0);
      } else photons = this.#lightOf(responses, row, gate);
      if (together) heldPattern(clicks, stray, pattern);
      else patternOf(this.#lightClicking, photons, clicks, this.#strayClicking, pattern);

      const { bothX, bothZ, cross } = pattern;
      const sent = 3 * (diode >> 1);
      doubleSent[sent + DoubleClick.bothX]! += w * bothX;
      doubleSent[sent + DoubleClick.bothZ]! += w * bothZ;
      doubleSent[sent + DoubleClick.cross]! += w * cross;
      for (let d = 0; d < 4; d++)
        crossShare[d]! += w * (pattern.any[d]! - pattern.single[d]! - (d < 2 ? bothX : bothZ));
      // Single clicks, those that light made and the others apart, and the sums of their times.
      const sums = 6 * diode;
      for (let d = 0; d < 4; d++) {
        const all = w * pattern.single[d]!;
        const light = clicks[d]! > 0 ? (all * clicks[d]!) / (clicks[d]! + stray[d]!) : 0;
        const other = all - light;
        ofLight[d] = light;
        ofStray[d] = other;
        single[4 * diode + d]! += all;
        this.#straySingles[d]! += other;
        diodes[sums + 3]! += other;
        diodes[sums + 4]! += other * this.#strayMean[d]!;
        diodes[sums + 5]! += other * this.#straySquare[d]!;
        if (light === 0) continue;
        const at = group + d;
        const several = light * shareOfSeveral(responses, row, d, counts);
        singles[at]! += light;
        firsts[at]! += several;
        diodes[sums]! += light;
        diodes[sums + 1]! += light * mean[at]! - several * earlierPs;
        diodes[sums + 2]! += light * square[at]!;
      }
      // Alice's X alone makes the key.
      if ((diode & 2) !== 0) continue;
      const settled = w * (bothX + cross / 2);
      if (silent) insight.addSilent(table, diode, probable, ofStray, settled);
      else insight.add(table, row, ofLight, ofStray, counts, settled, w * pattern.ownDouble, w * pattern.strayDouble);
    }
  }

  /** Arrivals of the single clicks that the slots of a part were found to have. */
  #addArrivals(): void {
    const { strayArrival, pulses } = this.#out!;
    for (let d = 0; d < 4; d++) {
      const cells = this.#single[d]!;
      const stray = this.#background[d]!;
      const strayShare = stray.share.reduce((sum, share) => sum + share, 0);
      const scale = strayShare > 0 ? this.#straySingles[d]! / strayShare : 0;
      for (let i = 0; i < ARRIVAL_CELLS; i++) {
        cells.share[i]! += scale * stray.share[i]!;
        cells.momentPs[i]! += scale * stray.momentPs[i]!;
        strayArrival[i]! += pulses * scale * stray.share[i]!;
      }
      this.#groups.addSingles(d, cells);
    }
  }

  #finishArrivals(): void {
    const out = this.#out!;
    for (let d = 0; d < 4; d++) {
      const cells = this.#single[d]!;
      let singles = 0;
      for (let diode = 0; diode < 4 * out.classes; diode++) singles += out.single[4 * diode + d]!;
      let all = 0;
      let moment = 0;
      for (let i = 0; i < ARRIVAL_CELLS; i++) {
        all += cells.share[i]!;
        moment += cells.momentPs[i]!;
      }
      // First counts of several are a little more or less in the gate than others.
      const whole = all > 0 ? (out.pulses * singles) / all : 0;
      for (let i = 0; i < ARRIVAL_CELLS; i++) {
        const share = cells.share[i]!;
        const at = d * ARRIVAL_CELLS + i;
        out.arrival[at] = whole * share;
        out.cellMeanPs[at] = share > 0 ? cells.momentPs[i]! / share : (this.#edges[i]! + this.#edges[i + 1]!) / 2;
      }
      out.arrivalMeanPs[d] = all > 0 ? moment / all : Number.NaN;
    }
    toDiodes(this.#diodes, out);
  }
}
