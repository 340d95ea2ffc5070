import { PhotonsError } from '../error.ts';
import {
  ARRIVAL_CELLS,
  emptyObservation,
  type LedgerEntry,
  type Observation,
  type ObservedBin,
} from '../observe/observation.ts';
import { type Random, seededRandom } from '../random.ts';
import { binomialDeviate, normalDeviate, poissonDeviate } from './deviates.ts';
import { Expectations } from './expectation.ts';
import { DoubleClick, type Expectation } from './expected-numbers.ts';
import type { PassInput } from './sampler.ts';
import { Stream, streamOf } from './streams.ts';
import { createTables } from './table.ts';

/** A pass of counts that advances bin by bin. */
export interface CountPass {
  /** Number of bins in all, and of those still to come. */
  readonly bins: number;
  readonly remaining: number;
  /** Draws the next bin. Throws `photons/range` after the last one. */
  next(): ObservedBin;
}

/** Below this number of clicks a total has the law of rare events, whatever its dispersion, and a mean its own clicks. */
const few = 100;
const fewArrivals = 12;

/**
 * A pass as numbers of clicks, for studies of thousands: each bin's `Observation` and `LedgerEntry` are drawn from the
 * expectation of the table that the event sampler plays, without a click.
 *
 * Drawn so that the parts of a bin fit together: clicks of a detector with the dispersion that dead time and after-pulses
 * give them (Gaussian from `few` on, Poisson below), divided multinomially over classes, states and gate; single clicks of
 * a detector over its histogram of arrival; sifted slots over what is known of them and their photon numbers. Means of a
 * detector's arrival follow from its histogram, those of a diode are drawn by themselves (from `fewArrivals` on as
 * Gaussian): they do not know of the histogram. Detectors are as they are in the long run, at the start of a pass too.
 * What `expectedObservation` leaves out is left out here.
 *
 * Bin b is drawn from a stream of its own, so that a pass may be cut at any bin. Throws PhotonsError for input that is out
 * of range, as `createTables` does, and `photons/adversary` for an adversary whose `level` is that of events.
 */
export function createCounts(input: PassInput): CountPass {
  const tables = createTables(input);
  for (const one of input.disturbances ?? []) {
    if (!('level' in one) || one.level !== 'event') continue;
    const rule = 'counts cannot tell which clicks hold which detectors dead; play it with createEvents';
    throw new PhotonsError('photons/adversary', `${one.name} is at the level of events; ${rule}`);
  }
  const expectations = new Expectations();
  const end = tables.firstBin + tables.bins;
  let bin = tables.firstBin;
  return {
    bins: tables.bins,
    get remaining() {
      return end - bin;
    },
    next() {
      if (bin === end) {
        throw new PhotonsError('photons/range', `the pass has no bin ${bin}; it ended after ${tables.bins} bins`);
      }
      const table = tables.next(bin);
      const random = seededRandom(input.seed, streamOf(Stream.counts, bin));
      bin++;
      const { startS, durationS } = table.conditions;
      const at = { bin: table.conditions.bin, startS, durationS, pulses: table.pulses };
      const observation = emptyObservation(input.source.intensities.length, at);
      observation.monitors.set(table.monitors);
      return { observation, ledger: drawBin(random, expectations.of(table), observation) };
    },
  };
}

/** All bins of `createCounts`, in order. */
export function* counts(input: PassInput): Generator<ObservedBin> {
  const pass = createCounts(input);
  while (pass.remaining > 0) yield pass.next();
}

/** Fills in an observation and returns the truth of it. */
function drawBin(random: Random, expected: Expectation, out: Observation): LedgerEntry {
  const settled = drawDoubles(random, expected, out);
  drawSingles(random, expected, out);
  drawArrivals(random, expected, out);
  let sifted = settled;
  for (let diode = 0; diode < 4 * expected.classes; diode++) {
    if ((diode & 2) === 0) sifted += out.single[4 * diode]! + out.single[4 * diode + 1]!;
  }
  return drawLedger(random, expected, sifted);
}

/** Slots with several clicks, their clicks counted in `out.clicks`; returns those of them that are sifted in X. */
function drawDoubles(random: Random, expected: Expectation, out: Observation): number {
  const { doubleSent, crossShare, classes } = expected;
  const { clicks, double } = out;
  let settled = 0;
  let crossing = 0;
  for (let sent = 0; sent < 2 * classes; sent++) {
    const at = 3 * sent;
    const bothX = poissonDeviate(random, doubleSent[at + DoubleClick.bothX]!);
    const bothZ = poissonDeviate(random, doubleSent[at + DoubleClick.bothZ]!);
    const cross = poissonDeviate(random, doubleSent[at + DoubleClick.cross]!);
    const k = sent >> 1;
    double[2 * k]! += bothX + bothZ;
    double[2 * k + 1]! += cross;
    clicks[0]! += bothX;
    clicks[1]! += bothX;
    clicks[2]! += bothZ;
    clicks[3]! += bothZ;
    crossing += cross;
    if ((sent & 1) === 0) settled += bothX + binomialDeviate(random, cross, 0.5);
  }
  for (let d = 0; d < 4; d++) clicks[d]! += binomialDeviate(random, crossing, crossShare[d]!);
  return settled;
}

/** Single clicks and those outside the gate; `out.clicks` and `out.soon`. */
function drawSingles(random: Random, expected: Expectation, out: Observation): void {
  const { single, outside, clicks, dispersion, soonShare, together, classes } = expected;
  const means = [0, 0, 0, 0];
  let all = 0;
  for (let d = 0; d < 4; d++) {
    means[d] = outside[d]!;
    for (let diode = 0; diode < 4 * classes; diode++) means[d]! += single[4 * diode + d]!;
    all += means[d]!;
  }
  // Detectors that are dead together share out one number of clicks.
  let shared = together ? dispersed(random, all, dispersion[0]!) : 0;
  for (let d = 0; d < 4; d++) {
    const mean = means[d]!;
    let left: number;
    if (together) {
      left = binomialDeviate(random, shared, mean / all);
      shared -= left;
      all -= mean;
    } else left = dispersed(random, mean, dispersion[d]!);
    out.clicks[d]! += left;
    let rest = mean - outside[d]!;
    let inGate = binomialDeviate(random, left, rest / mean);
    out.outside[d] = left - inGate;
    for (let diode = 0; diode < 4 * classes && inGate > 0; diode++) {
      const here = binomialDeviate(random, inGate, single[4 * diode + d]! / rest);
      out.single[4 * diode + d] = here;
      inGate -= here;
      rest -= single[4 * diode + d]!;
    }
    // Rounding of `rest` may leave the last cells a probability just below 1: what remains is the last that can be.
    for (let diode = 4 * classes - 1; diode >= 0 && inGate > 0; diode--) {
      if (single[4 * diode + d]! === 0) continue;
      out.single[4 * diode + d]! += inGate;
      inGate = 0;
    }
    out.soon[d] = clicks[d]! > 0 ? binomialDeviate(random, out.clicks[d]!, soonShare[d]!) : 0;
  }
}

/** A number of clicks of this mean, and of a variance that is `dispersion` times it. */
function dispersed(random: Random, mean: number, dispersion: number): number {
  if (mean < few || Math.abs(dispersion - 1) < 1e-3) return poissonDeviate(random, mean);
  return Math.max(0, Math.round(mean + Math.sqrt(mean * dispersion) * normalDeviate(random)));
}

/** Histograms of arrival and the means of detectors and diodes. */
function drawArrivals(random: Random, expected: Expectation, out: Observation): void {
  const { arrival, cellMeanPs, gatePs, classes } = expected;
  const cellPs = (gatePs[1] - gatePs[0]) / ARRIVAL_CELLS;
  for (let d = 0; d < 4; d++) {
    const first = d * ARRIVAL_CELLS;
    let left = 0;
    for (let diode = 0; diode < 4 * classes; diode++) left += out.single[4 * diode + d]!;
    const singles = left;
    let rest = 0;
    for (let i = 0; i < ARRIVAL_CELLS; i++) rest += arrival[first + i]!;
    let sum = 0;
    for (let i = 0; i < ARRIVAL_CELLS && left > 0; i++) {
      const mean = arrival[first + i]!;
      const here = i === ARRIVAL_CELLS - 1 ? left : binomialDeviate(random, left, mean / rest);
      out.arrival[first + i] = here;
      sum += here * cellMeanPs[first + i]!;
      left -= here;
      rest -= mean;
    }
    if (singles === 0) continue;
    out.arrivalMeanPs[d] = sum / singles + (cellPs / Math.sqrt(12 * singles)) * normalDeviate(random);
  }
  for (let diode = 0; diode < 4 * classes; diode++) {
    let clicks = 0;
    for (let d = 0; d < 4; d++) clicks += out.single[4 * diode + d]!;
    if (clicks > 0) out.diodeMeanPs[diode] = drawDiode(random, expected, diode, clicks);
  }
}

function drawDiode(random: Random, expected: Expectation, diode: number, clicks: number): number {
  const { gatePs, strayArrival } = expected;
  const cellPs = (gatePs[1] - gatePs[0]) / ARRIVAL_CELLS;
  const mean = expected.diodeMeanPs[diode]!;
  const spread = expected.diodeSpreadPs[diode]!;
  if (clicks >= fewArrivals) return mean + (spread / Math.sqrt(clicks)) * normalDeviate(random);
  let sum = 0;
  for (let i = 0; i < clicks; i++) {
    if (random.uniform() >= expected.diodeLightShare[diode]!) {
      sum += gatePs[0] + cellPs * (drawCell(random, strayArrival) + random.uniform());
      continue;
    }
    const light = expected.diodeLightMeanPs[diode]!;
    let arrival: number;
    do arrival = light + expected.diodeLightSpreadPs[diode]! * normalDeviate(random);
    while (arrival < gatePs[0] || arrival > gatePs[1]);
    sum += arrival;
  }
  return sum / clicks;
}

/** A cell in which such clicks come. */
function drawCell(random: Random, arrival: Float64Array): number {
  let rest = random.uniform() * arrival.reduce((sum, clicks) => sum + clicks, 0);
  let cell = 0;
  while (cell < ARRIVAL_CELLS - 1 && rest >= arrival[cell]!) rest -= arrival[cell++]!;
  return cell;
}

/** Sifted slots by what she knows and by photon number. */
function drawLedger(random: Random, expected: Expectation, sifted: number): LedgerEntry {
  const { share, bits, low, high } = expected.insight;
  let rest = 0;
  for (let i = 3 * low; i < 3 * (high + 1); i++) rest += share[i]!;
  let left = sifted;
  let knownBits = 0;
  let siftedSingles = 0;
  let siftedVacuum = 0;
  for (let i = 3 * low; i < 3 * (high + 1) && left > 0; i++) {
    if (share[i] === 0) continue;
    const here = binomialDeviate(random, left, share[i]! / rest);
    rest -= share[i]!;
    left -= here;
    const level = Math.floor(i / 3);
    knownBits += here * bits[level]!;
    if (i - 3 * level === 0) siftedVacuum += here;
    else if (i - 3 * level === 1) siftedSingles += here;
  }
  return { sifted, knownBits, siftedSingles, siftedVacuum };
}
