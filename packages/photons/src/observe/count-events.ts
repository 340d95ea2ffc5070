import type { Receiver, Source } from '../link.ts';
import type { Random } from '../random.ts';
import { CERTAIN_GUESS, type EventBin } from '../sampler/sampler.ts';
import type { Detections, Emissions } from './detections.ts';
import { ARRIVAL_CELLS, emptyObservation, type ObservedBin } from './observation.ts';

/**
 * What the two parties count of a bin, and the truth beside it. A click is in the gate when its offset, a whole number of
 * picoseconds, is no more than half the gate; several of one detector in one gate are one, at the earliest of them. Slots
 * that are not of the bin (`slot` of its first and last clicks) have clicks, but never in a gate.
 *
 * `soon` does not look back beyond the start of the bin. `random` settles slots with several detectors: clicks in both
 * bases, one basis by chance; both detectors of the basis, one of the two; the row that is kept counts in the ledger.
 */
export function countEvents(
  bin: EventBin,
  link: { readonly source: Source; readonly receiver: Receiver },
  random: Random,
): ObservedBin {
  const { source, receiver } = link;
  const observation = emptyObservation(source.intensities.length, {
    bin: bin.bin,
    startS: bin.startS,
    durationS: bin.pulses / source.pulseRateHz,
    pulses: bin.pulses,
  });
  const { single, double, outside, arrival, arrivalMeanPs, diodeMeanPs, soon, clicks } = observation;
  const { slot, offsetPs, intensity, state, truth } = bin;
  const { detector, timePs } = bin.tags;
  const halfPs = receiver.gateNs * 500;
  const soonPs = receiver.deadTimeNs * 2000;
  const endSlot = bin.firstSlot + bin.pulses;
  const lastPs = new Float64Array(4).fill(-Infinity);
  const detectorSumPs = new Float64Array(4);
  const detectorCount = new Float64Array(4);
  const diodeSumPs = new Float64Array(diodeMeanPs.length);
  const diodeCount = new Float64Array(diodeMeanPs.length);
  const ledger = { sifted: 0, knownBits: 0, siftedSingles: 0, siftedVacuum: 0 };
  const kept = new Int32Array(4);

  const rows = slot.length;
  for (let i = 0; i < rows; ) {
    const at = slot[i]!;
    const valid = at >= bin.firstSlot && at < endSlot;
    let pattern = 0;
    for (; i < rows && slot[i] === at; i++) {
      const d = detector[i]!;
      clicks[d]!++;
      if (timePs[i]! - lastPs[d]! < soonPs) soon[d]!++;
      lastPs[d] = timePs[i]!;
      if (!valid || Math.abs(offsetPs[i]!) > halfPs) outside[d]!++;
      else if ((pattern >> d) & 1) continue;
      else {
        pattern |= 1 << d;
        kept[d] = i;
      }
    }
    if (pattern === 0) continue;
    let row: number;
    let basis: number;
    if ((pattern & (pattern - 1)) === 0) {
      const d = 31 - Math.clz32(pattern);
      row = kept[d]!;
      basis = d >> 1;
      const diode = intensity[row]! * 4 + state[row]!;
      const offset = offsetPs[row]!;
      single[diode * 4 + d]!++;
      const cell = Math.floor(((offset + halfPs) / (2 * halfPs)) * ARRIVAL_CELLS);
      arrival[d * ARRIVAL_CELLS + Math.min(ARRIVAL_CELLS - 1, cell)]!++;
      detectorSumPs[d]! += offset;
      detectorCount[d]!++;
      diodeSumPs[diode]! += offset;
      diodeCount[diode]!++;
    } else {
      const both = (pattern & 3) > 0 && pattern > 3;
      basis = both ? random.uint32() >>> 31 : pattern > 3 ? 1 : 0;
      const inBasis = (pattern >> (2 * basis)) & 3;
      const bit = inBasis === 3 ? random.uint32() >>> 31 : inBasis - 1;
      row = kept[2 * basis + bit]!;
      double[intensity[row]! * 2 + (both ? 1 : 0)]!++;
    }
    if (basis !== 0 || state[row]! >> 1 !== 0) continue;
    ledger.sifted++;
    ledger.knownBits += knowledge(truth.guess[row]!);
    if (truth.photons[row] === 1) ledger.siftedSingles++;
    else if (truth.photons[row] === 0) ledger.siftedVacuum++;
  }
  for (let d = 0; d < 4; d++) if (detectorCount[d]! > 0) arrivalMeanPs[d] = detectorSumPs[d]! / detectorCount[d]!;
  for (let diode = 0; diode < diodeCount.length; diode++) {
    if (diodeCount[diode]! > 0) diodeMeanPs[diode] = diodeSumPs[diode]! / diodeCount[diode]!;
  }
  observation.monitors.set(bin.monitors);
  return { observation, ledger };
}

/** Bits that she knows by `EventTruth.guess`: 1 - h(guess), none up to one half. */
function knowledge(guess: number): number {
  const p = guess / CERTAIN_GUESS;
  if (p <= 0.5) return 0;
  return p === 1 ? 1 : 1 + p * Math.log2(p) + (1 - p) * Math.log2(1 - p);
}

/**
 * The clicks of a bin that fell in the gate, as a receiver reports them and a transmitter is asked for: in order of slot,
 * then of detector, the earliest click of a detector in a gate; one emission for each slot. Clicks that were reckoned
 * into a slot of another bin are left out.
 */
export interface GatedDetections {
  readonly detections: Detections;
  readonly emissions: Emissions;
  /** One row a detection; `cause` as in `EventTruth`, `eveKnows` 1 where she knows Alice's bit for sure. */
  readonly truth: {
    readonly photons: Uint8Array;
    readonly cause: Uint8Array;
    readonly attacked: Uint8Array;
    readonly eveKnows: Uint8Array;
  };
}

/** Cuts the gate, full width in ns, around the slot centre. */
export function gatedDetections(bin: EventBin, gateNs: number): GatedDetections {
  const { slot, offsetPs, intensity, state, truth } = bin;
  const { detector } = bin.tags;
  const halfPs = gateNs * 500;
  const endSlot = bin.firstSlot + bin.pulses;
  const rows = slot.length;
  const kept = new Int32Array(rows);
  const sent = new Int32Array(rows);
  const byDetector = new Int32Array(4);
  let clicks = 0;
  let slots = 0;
  for (let i = 0; i < rows; ) {
    const at = slot[i]!;
    const valid = at >= bin.firstSlot && at < endSlot;
    byDetector.fill(-1);
    for (; i < rows && slot[i] === at; i++) {
      if (valid && Math.abs(offsetPs[i]!) <= halfPs && byDetector[detector[i]!] === -1) byDetector[detector[i]!] = i;
    }
    const before = clicks;
    for (let d = 0; d < 4; d++) if (byDetector[d]! >= 0) kept[clicks++] = byDetector[d]!;
    if (clicks > before) sent[slots++] = kept[before]!;
  }
  const pick = <T extends Float64Array | Int16Array | Uint16Array | Uint8Array>(
    column: T,
    which: Int32Array,
    out: T,
  ): T => {
    for (let i = 0; i < out.length; i++) out[i] = column[which[i]!]!;
    return out;
  };
  const states = pick(state, sent, new Uint8Array(slots));
  return {
    detections: {
      slot: pick(slot, kept, new Float64Array(clicks)),
      detector: pick(detector, kept, new Uint8Array(clicks)),
      offsetPs: pick(offsetPs, kept, new Int16Array(clicks)),
    },
    emissions: {
      slot: pick(slot, sent, new Float64Array(slots)),
      intensity: pick(intensity, sent, new Uint8Array(slots)),
      basis: states.map((s) => s >> 1),
      bit: states.map((s) => s & 1),
    },
    truth: {
      photons: pick(truth.photons, kept, new Uint8Array(clicks)),
      cause: pick(truth.cause, kept, new Uint8Array(clicks)),
      attacked: pick(truth.attacked, kept, new Uint8Array(clicks)),
      eveKnows: Uint8Array.from(pick(truth.guess, kept, new Uint16Array(clicks)), (guess) =>
        guess === CERTAIN_GUESS ? 1 : 0,
      ),
    },
  };
}
