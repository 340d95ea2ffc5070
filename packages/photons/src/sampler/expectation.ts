import { ARRIVAL_CELLS } from '../observe/observation.ts';
import { CountLaw, type Responses } from '../receiver/response.ts';
import { addUniform, addWrapped, type Cells, cellEdges, emptyCells } from './arrival.ts';
import { ArrivalGroups } from './arrival-groups.ts';
import { type Aftermath, aftermathOf, emptyRenewal, type Renewal, renew } from './dead-time.ts';
import { DoubleClick, type Expectation, emptyExpectation, type OpenExpectation } from './expected-numbers.ts';
import { emptyPattern, heldPattern, independentPattern, onePhotonPattern, photonPattern } from './patterns.ts';
import type { BinTable } from './table.ts';

export type { Expectation } from './expected-numbers.ts';

/**
 * The expectation of a bin, in closed form, from the same table that the samplers draw from.
 *
 * Exact in the click patterns of a slot. What is approximate, and by how much:
 * - Dead times, recovery and after-pulses as in `renew`; recovery and dead time see one count a slot and detector (relative
 *   error of the clicks: the share of pulses with several counts, times that of clicks in recovery).
 * - Detectors are dead independently of each other (relative error: dead share times share of slots with several clicks),
 *   or all at once with `deadTogether`, where the first of several counts in a slot is any of them, whatever their delays.
 * - The first of several counts of a detector in a slot comes as the first of two does. With a dead time shorter than the
 *   gate, several clicks of a detector in a gate are one in `clicks` too.
 * - Fading inside the bin enters through its mean only: not its square, in double clicks and dead time, nor what it has to
 *   do with a clock that drifts in the bin.
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
  readonly #pattern = emptyPattern();
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
    const driftPs = clock.toPs - clock.fromPs;
    const spreadPs = Math.sqrt(responses.spreadPs ** 2 + clock.jitterPs ** 2 + driftPs ** 2 / 12);

    const anyLight = this.#countRows(table, together);
    this.#renew(table, together, anyLight, slotPs, spreadPs, after);
    const time = { clockPs: (clock.fromPs + clock.toPs) / 2, spreadPs, slotPs };
    this.#groups.place(time, this.#edges, conditions.receiver.flaws?.walk, after, this.#rates);
    this.#reckonStray(table, slotPs, after);
    this.#reckonSlots(table);
    this.#reckonArrivals();
    this.#finish();
    return out;
  }

  /** Probabilities of counts; returns that of any light in a slot. */
  #countRows(table: BinTable, together: boolean): number {
    const { responses, branches, kinds } = table;
    const { law, amount, share, photons, probability, arrivalPs, count } = responses;
    const groups = this.#groups;
    if (this.#counts.length < 4 * count) this.#counts = new Float64Array(8 * count);
    const counts = this.#counts;
    groups.begin(count, table.conditions.receiver.flaws?.detectors);
    const diodes = 4 * this.#out!.classes;
    if (this.#rest.length !== diodes) {
      this.#rest = new Float64Array(diodes);
      this.#diodes = new Float64Array(6 * diodes);
    }
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
      const share = one.rate > 0 ? this.#rates[d]!.rate / one.rate : 0;
      // Of detectors that are dead together, each is on its own in its recovery.
      this.#live[d] = together ? one.live + one.clicksPerPs * one.recoveryPs * (inSame - share) : one.live;
      out.dispersion[d] = one.dispersion;
      out.soonShare[d] = share * one.soonByCount + one.soonByAfterPulse;
    }
  }

  /** Noise, after-pulses and light from other slots in the gate; and all that falls outside. */
  #reckonStray(table: BinTable, slotPs: number, after: Aftermath): void {
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
      out.outside[d] = outside;
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
  }

  /** What happens in the gate of a slot, row by row, and then in slots of which no row says anything. */
  #reckonSlots(table: BinTable): void {
    const { responses, branches, kinds, conditions } = table;
    const { law, amount, share, photons, probability, count } = responses;
    const { single, doubleSent, crossShare, insight, together } = this.#out!;
    const { gate, mean, square, singles, firsts, ofRow, earlierPs } = this.#groups;
    const counts = this.#counts;
    const live = this.#live;
    const stray = this.#stray;
    const diodes = this.#diodes;
    const pattern = this.#pattern;
    const clicks = this.#clicks;
    const ofLight = this.#ofLight;
    const ofStray = this.#ofStray;
    single.fill(0);
    doubleSent.fill(0);
    crossShare.fill(0);
    diodes.fill(0);
    insight.begin(conditions);
    for (let row = 0; row < count + this.#rest.length; row++) {
      const silent = row >= count;
      const w = silent ? this.#rest[row - count]! : probability[row]!;
      // Where every pulse has its row, rounding is all that is left.
      if (silent ? w <= 1e-12 : w === 0) continue;
      const kind = silent ? 0 : branches.kind[responses.branch[row]!]!;
      const diode = silent ? row - count : 4 * kinds.intensity[kind]! + kinds.state[kind]!;
      const group = silent ? 0 : 4 * ofRow[row]!;
      const photonByPhoton = !silent && !together && law[row] === CountLaw.binomial && photons[row]! > 1;
      for (let d = 0; d < 4; d++) {
        const heard = photonByPhoton ? amount[row]! * share[4 * row + d]! : counts[4 * row + d]!;
        clicks[d] = silent ? 0 : heard * live[d]! * gate[group + d]!;
      }
      if (together) heldPattern(clicks, stray, pattern);
      else if (photonByPhoton) photonPattern(photons[row]!, clicks, stray, pattern);
      else if (!silent && law[row] === CountLaw.binomial) onePhotonPattern(clicks, stray, pattern);
      else independentPattern(clicks, stray, pattern);

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
      if (silent) insight.addSilent(diode >> 2, ofStray, settled);
      else insight.add(table, row, ofLight, ofStray, counts, settled, w * pattern.ownDouble);
    }
  }

  #reckonArrivals(): void {
    const out = this.#out!;
    for (let d = 0; d < 4; d++) {
      const cells = this.#single[d]!;
      const stray = this.#background[d]!;
      const strayShare = stray.share.reduce((sum, share) => sum + share, 0);
      const scale = strayShare > 0 ? this.#straySingles[d]! / strayShare : 0;
      for (let i = 0; i < ARRIVAL_CELLS; i++) {
        cells.share[i] = scale * stray.share[i]!;
        cells.momentPs[i] = scale * stray.momentPs[i]!;
      }
      this.#groups.addSingles(d, cells);
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
    for (let diode = 0; diode < 4 * out.classes; diode++) {
      const at = 6 * diode;
      const light = this.#diodes[at]!;
      const all = light + this.#diodes[at + 3]!;
      const mean = (this.#diodes[at + 1]! + this.#diodes[at + 4]!) / all;
      const square = (this.#diodes[at + 2]! + this.#diodes[at + 5]!) / all;
      const lightMean = light > 0 ? this.#diodes[at + 1]! / light : 0;
      const lightSquare = light > 0 ? this.#diodes[at + 2]! / light : 0;
      out.diodeMeanPs[diode] = all > 0 ? mean : Number.NaN;
      out.diodeSpreadPs[diode] = all > 0 ? Math.sqrt(Math.max(0, square - mean * mean)) : 0;
      out.diodeLightMeanPs[diode] = lightMean;
      out.diodeLightSpreadPs[diode] = Math.sqrt(Math.max(0, lightSquare - lightMean * lightMean));
      out.diodeLightShare[diode] = all > 0 ? light / all : 0;
    }
  }

  /** Probabilities of a slot become numbers of a bin. */
  #finish(): void {
    const out = this.#out!;
    const { single, double, doubleSent, crossShare, outside, clicks, soon, pulses, classes } = out;
    for (let i = 0; i < single.length; i++) single[i]! *= pulses;
    let [bothX, bothZ, cross] = [0, 0, 0];
    let sifted = 0;
    for (let k = 0; k < classes; k++) {
      double[2 * k] = double[2 * k + 1] = 0;
      for (let basis = 0; basis < 2; basis++) {
        const at = 3 * (2 * k + basis);
        for (let i = 0; i < 3; i++) doubleSent[at + i]! *= pulses;
        double[2 * k]! += doubleSent[at]! + doubleSent[at + 1]!;
        double[2 * k + 1]! += doubleSent[at + 2]!;
        bothX += doubleSent[at]!;
        bothZ += doubleSent[at + 1]!;
        cross += doubleSent[at + 2]!;
      }
      sifted += doubleSent[6 * k]! + doubleSent[6 * k + 2]! / 2;
      for (let state = 0; state < 2; state++) sifted += single[16 * k + 4 * state]! + single[16 * k + 4 * state + 1]!;
    }
    for (let d = 0; d < 4; d++) crossShare[d] = cross > 0 ? (pulses * crossShare[d]!) / cross : 0;
    for (let d = 0; d < 4; d++) {
      let sum = (d < 2 ? bothX : bothZ) + cross * crossShare[d]!;
      for (let diode = 0; diode < 4 * classes; diode++) sum += single[4 * diode + d]!;
      outside[d]! *= pulses;
      clicks[d] = sum + outside[d]!;
      soon[d] = clicks[d]! * out.soonShare[d]!;
    }
    out.sifted = sifted;
    Object.assign(out, out.insight.sum(sifted));
  }
}

/** 1 - e^-mean; the series keeps a relative error below 2e-9 for the means of weak light. */
function atLeastOne(mean: number): number {
  return mean < 0.02 ? mean * (1 - mean * (1 / 2 - mean * (1 / 6 - mean / 24))) : -Math.expm1(-mean);
}

/** Of the pulses of a row that count in a detector, the share of those with several counts there. */
function shareOfSeveral(responses: Responses, row: number, d: number, counts: Float64Array): number {
  const law = responses.law[row]!;
  if (law === CountLaw.poisson) return counts[4 * row + d]! / 2;
  const photons = responses.photons[row]!;
  if (law === CountLaw.pattern || photons < 2) return 0;
  const each = responses.amount[row]! * responses.share[4 * row + d]!;
  return 1 - (photons * each * (1 - each) ** (photons - 1)) / counts[4 * row + d]!;
}

function binomialAtLeastOne(trials: number, probability: number): number {
  return probability >= 1 ? Math.min(1, trials) : -Math.expm1(trials * Math.log1p(-probability));
}
