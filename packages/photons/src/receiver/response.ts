import { PhotonsError } from '../error.ts';
import { type Branches, Statistics } from '../light/branches.ts';
import type { BinConditions } from '../light/conditions.ts';
import type { PulseKinds } from '../light/kinds.ts';
import type { DetectorFlaws, Receiver, ReceiverFlaws } from '../link.ts';

/**
 * What the receiver makes of each branch: how many counts, and in which detectors. Built once a bin; both samplers read it.
 */

/** How the number of counts of a branch is distributed. */
export const CountLaw = {
  /** Poisson of mean `amount`; each count goes to a detector by `share`. */
  poisson: 0,
  /** Binomial: `photons` trials of probability `amount`; each count goes to a detector by `share`. */
  binomial: 1,
  /** Bright pulse: each detector clicks by itself with its probability in `share`; `amount` is unused. */
  pattern: 2,
} as const;

/** Structure of arrays, one row a branch (with an active basis choice two: X, then Z, each of its probability). */
export interface Responses {
  count: number;
  /** Row of `Branches`. */
  branch: Uint16Array;
  /** Probability of the row among all pulses. */
  probability: Float64Array;
  /** Of `CountLaw`. */
  law: Uint8Array;
  amount: Float64Array;
  photons: Uint8Array;
  /** By row * 4 + detector: share of counts (they sum to 1 where anything can count), or click probabilities. */
  share: Float64Array;
  /** Probability that a pulse of this row makes at least one count, noise and dead time aside. */
  click: Float64Array;
  /** By row * 4 + detector: mean arrival against the slot centre as Bob reckons it, ps, detector delay included. */
  arrivalPs: Float64Array;
  /** Standard deviation of the arrival, ps: pulse width and jitter. */
  spreadPs: number;
}

/** No rows yet; `buildResponses` makes room as it needs. */
export function emptyResponses(): Responses {
  return {
    count: 0,
    branch: new Uint16Array(0),
    probability: new Float64Array(0),
    law: new Uint8Array(0),
    amount: new Float64Array(0),
    photons: new Uint8Array(0),
    share: new Float64Array(0),
    click: new Float64Array(0),
    arrivalPs: new Float64Array(0),
    spreadPs: 0,
  };
}

/**
 * Fills `out` with what the receiver makes of `branches`, which are of `kinds`.
 *
 * A photon of polarisation angle a and purity V goes to an analyser (splitter, or the slot's choice), leaves it at the
 * port of detector d with probability 1/2 + V (1 - 2 misalignment) / 2 cos 2(a - stateAngleRad[d]) and counts with the
 * efficiency that the detector has at its wavelength, tilt and time of arrival (`timeResponse` is taken at the mean
 * arrival on Bob's clock, in the nearest of its windows, detector delay aside: pulses are short against it, and clocks
 * drift little in a bin).
 *
 * A bright pulse divides its energy in the same shares, classically; energies and the thresholds of linear mode are
 * reckoned at the receiver's front, single-photon efficiencies do not touch them, the filter does. A detector without
 * `linearMode` never clicks on one.
 *
 * Where detectors are blinded for a share of the time, an attacked pulse is there first, the adversary knowing what she
 * does; whatever she sends there but bright pulses is not heard. Alice's own pulses have what is left of that share. Rows
 * that are not heard keep their place with the share of their probability that is: probabilities sum to less than 1.
 *
 * Throws `photons/receiver` when a single photon would count with a probability above 1.
 */
export function buildResponses(
  branches: Branches,
  kinds: PulseKinds,
  conditions: BinConditions,
  out: Responses,
): Responses {
  const { receiver, blindedShare, arrivalShiftPs, clockPs } = conditions;
  const { flaws = {}, basisXProbability, jitterPs } = receiver;
  const active = flaws.basisChoice === 'active';
  const rows = branches.count * (active ? 2 : 1);
  if (out.branch.length < rows) grow(out, rows);
  out.count = rows;
  out.spreadPs = Math.hypot(conditions.source.flaws?.pulseWidthPs ?? 0, jitterPs);
  const slotPs = 1e12 / conditions.source.pulseRateHz;

  const detectors = flaws.detectors ?? [];
  const way: Way = { sine: 0, cosine: 0, filtered: 1, toX: 0 };
  const perPhoton = [0, 0];
  let arrivalBefore = Number.NaN;
  const efficiency = new Float64Array(4);
  for (let d = 0; d < 4; d++) {
    efficiency[d] = conditions.receiverTransmittance * (detectors[d]?.efficiency ?? 1) * conditions.efficiencyScale[d]!;
  }
  const heard = heardShares(branches, blindedShare);

  const choices = active ? 2 : 1;
  for (let b = 0; b < branches.count; b++) {
    const statistics = branches.statistics[b]!;
    const amount = branches.amount[b]!;
    const bright = statistics === Statistics.bright;
    const arrivalPs = kinds.offsetPs[branches.kind[b]!]! + branches.shiftPs[b]! + arrivalShiftPs;
    const probability =
      branches.probability[b]! * (bright ? 1 : branches.attacked[b] === 1 ? heard.attacked : heard.honest);
    // Steps of a fluctuation, for one, differ in their intensity alone.
    const asBefore = b > 0 && !bright && sameWay(branches, b) && arrivalPs === arrivalBefore;
    if (!asBefore) lookUp(branches, b, receiver, way);
    arrivalBefore = arrivalPs;

    for (let choice = 0; choice < choices; choice++) {
      const row = b * choices + choice;
      const at = row * 4;
      let silent = 1;
      if (asBefore) {
        out.share.copyWithin(at, at - 4 * choices, at - 4 * choices + 4);
        out.arrivalPs.copyWithin(at, at - 4 * choices, at - 4 * choices + 4);
      } else {
        const x = active ? 1 - choice : way.toX;
        let sum = 0;
        for (let d = 0; d < 4; d++) {
          const aligned = d < 2 ? way.sine : way.cosine;
          const detector = detectors[d];
          let part = (way.filtered * (d < 2 ? x : 1 - x) * (d & 1 ? 1 - aligned : 1 + aligned)) / 2;
          if (bright) {
            part = linearClick(amount * part, detector?.linearMode);
            silent *= 1 - part;
          } else {
            part *= efficiency[d]!;
            if (detector !== undefined) {
              const onBobsClockPs = arrivalPs + clockPs;
              part *= sensitivity(
                detector,
                onBobsClockPs,
                slotPs,
                branches.tiltMicroRad[b]!,
                branches.wavelengthNm[b]!,
              );
            }
          }
          sum += part;
          out.share[at + d] = part;
          out.arrivalPs[at + d] = arrivalPs + (detector?.delayPs ?? 0);
        }
        perPhoton[choice] = sum;
        if (!bright && sum > 0) for (let d = 0; d < 4; d++) out.share[at + d]! /= sum;
      }
      const chosen = active ? (choice === 0 ? basisXProbability : 1 - basisXProbability) : 1;
      out.branch[row] = b;
      out.probability[row] = probability * chosen;
      out.photons[row] = 0;
      if (bright) {
        out.law[row] = CountLaw.pattern;
        out.amount[row] = 0;
        out.click[row] = 1 - silent;
        continue;
      }
      const each = perPhoton[choice]!;
      // A rounding above 1 is no error of anybody's.
      if (each > 1 + 1e-12) {
        const rule = 'receiverTransmittance, efficiency and efficiencyScale must leave at most 1';
        throw new PhotonsError('photons/receiver', `a photon would count with probability ${each}; ${rule}`);
      }
      if (statistics === Statistics.fock) {
        const once = Math.min(1, each);
        out.law[row] = CountLaw.binomial;
        out.photons[row] = amount;
        out.amount[row] = once;
        out.click[row] = amount === 0 ? 0 : -Math.expm1(amount * Math.log1p(-once));
      } else {
        out.law[row] = CountLaw.poisson;
        out.amount[row] = amount * each;
        out.click[row] = -Math.expm1(-amount * each);
      }
    }
  }
  return out;
}

/** How the light of a branch is divided, detectors aside. */
interface Way {
  /** Contrast times the sine and cosine of twice its angle: what favours detector 0 over 1, and 2 over 3. */
  sine: number;
  cosine: number;
  filtered: number;
  toX: number;
}

function lookUp(branches: Branches, b: number, receiver: Receiver, out: Way): void {
  const { flaws = {}, misalignment, basisXProbability } = receiver;
  const contrast = branches.purity[b]! * (1 - 2 * misalignment);
  const nm = branches.wavelengthNm[b]!;
  out.sine = contrast * Math.sin(2 * branches.angleRad[b]!);
  out.cosine = contrast * Math.cos(2 * branches.angleRad[b]!);
  out.filtered = filterAt(flaws, nm);
  out.toX = splitterAt(flaws, nm, basisXProbability);
}

/** Whether a branch goes the way of the one before it, their times aside. */
function sameWay(branches: Branches, b: number): boolean {
  const { statistics, angleRad, purity, tiltMicroRad, wavelengthNm } = branches;
  return (
    statistics[b - 1] !== Statistics.bright &&
    angleRad[b] === angleRad[b - 1] &&
    purity[b] === purity[b - 1] &&
    tiltMicroRad[b] === tiltMicroRad[b - 1] &&
    Object.is(wavelengthNm[b], wavelengthNm[b - 1])
  );
}

/** Shares of the pulses, attacked and not, that come while detectors can hear a single photon. */
function heardShares(branches: Branches, blindedShare: number): { attacked: number; honest: number } {
  if (blindedShare === 0) return { attacked: 1, honest: 1 };
  let attacked = 0;
  for (let b = 0; b < branches.count; b++) {
    if (branches.attacked[b] === 1) attacked += branches.probability[b]!;
  }
  const rest = Math.max(0, blindedShare - attacked);
  return {
    attacked: attacked > blindedShare ? 1 - blindedShare / attacked : 0,
    honest: attacked < 1 ? Math.max(0, 1 - rest / (1 - attacked)) : 0,
  };
}

function linearClick(energyJ: number, linearMode: DetectorFlaws['linearMode']): number {
  if (linearMode === undefined) return 0;
  const { neverJ, alwaysJ } = linearMode;
  if (energyJ >= alwaysJ) return 1;
  return energyJ <= neverJ ? 0 : (energyJ - neverJ) / (alwaysJ - neverJ);
}

function sensitivity(
  detector: DetectorFlaws,
  arrivalPs: number,
  slotPs: number,
  tiltMicroRad: number,
  nm: number,
): number {
  const { timeResponse, angleResponse, wavelengthResponse } = detector;
  let exponent = 0;
  if (timeResponse !== undefined) {
    const besidePs = arrivalPs - timeResponse.centrePs;
    exponent += ((besidePs - slotPs * Math.round(besidePs / slotPs)) / timeResponse.widthPs) ** 2;
  }
  if (angleResponse !== undefined) {
    exponent += ((tiltMicroRad - angleResponse.centreMicroRad) / angleResponse.widthMicroRad) ** 2;
  }
  // In the band the calibrated efficiency holds as it is.
  if (wavelengthResponse !== undefined && !Number.isNaN(nm)) {
    exponent += ((nm - wavelengthResponse.centreNm) / wavelengthResponse.widthNm) ** 2;
  }
  return exponent === 0 ? 1 : Math.exp(-exponent / 2);
}

function filterAt(flaws: ReceiverFlaws, nm: number): number {
  const { filter } = flaws;
  if (filter === undefined || Number.isNaN(nm)) return 1;
  return Math.abs(nm - filter.centreNm) <= filter.widthNm / 2 ? 1 : filter.outside;
}

/** Straight between the rows of the curve, level beyond its ends. */
function splitterAt(flaws: ReceiverFlaws, nm: number, inBand: number): number {
  const { splitter } = flaws;
  if (splitter === undefined || splitter.length === 0 || Number.isNaN(nm)) return inBand;
  let [beforeNm, before] = splitter[0]!;
  for (const [atNm, at] of splitter) {
    if (nm <= atNm) return atNm === beforeNm ? at : before + ((at - before) * (nm - beforeNm)) / (atNm - beforeNm);
    beforeNm = atNm;
    before = at;
  }
  return before;
}

function grow(out: Responses, rows: number): void {
  const room = Math.max(rows, 2 * out.branch.length, 32);
  out.branch = new Uint16Array(room);
  out.probability = new Float64Array(room);
  out.law = new Uint8Array(room);
  out.amount = new Float64Array(room);
  out.photons = new Uint8Array(room);
  out.share = new Float64Array(4 * room);
  out.click = new Float64Array(room);
  out.arrivalPs = new Float64Array(4 * room);
}
