import { PhotonsError } from '../error.ts';
import type { PairInput, PairReceiver, PairSource, PairStation } from './pairs.ts';

function demand(holds: boolean, what: string, value: unknown, rule: string): void {
  if (!holds) throw new PhotonsError('photons/pairs', `${what} is ${String(value)}; it must be ${rule}`);
}

function demandRange(value: number, low: number, high: number, what: string): void {
  demand(value >= low && value <= high, what, value, `from ${low} to ${high}`);
}

function demandArray(array: Float64Array, bins: number, low: number, high: number, what: string): void {
  demand(array.length === bins, `the length of ${what}`, array.length, `${bins}, one a bin`);
  const bad = array.findIndex((value) => !(value >= low && value <= high));
  if (bad >= 0) demandRange(array[bad]!, low, high, `${what}[${bad}]`);
}

/** Throws `photons/pairs` unless the run can be played. Returns its number of bins. */
export function checkPairs({ source, stations, binS }: PairInput): number {
  checkSource(source);
  const ps = binS * 1e12;
  const whole = ps >= 1 && Math.abs(ps - Math.round(ps)) < 1e-6 * ps && Math.round(ps) <= 2 ** 52;
  demand(whole, 'binS', binS, 'a whole number of ps above 0');
  const bins = stations[0].transmittance.length;
  demand(bins >= 1 && bins * binS <= 9000, 'the length of the run', `${bins * binS} s`, 'above 0 and at most 9000 s');
  for (const [i, station] of stations.entries()) checkStation(station, bins, `stations[${i}]`);
  return bins;
}

/** Throws `photons/pairs`. */
export function checkSource({ pairRateHz, visibility, doubleProbability = 0 }: PairSource): void {
  demandRange(pairRateHz, 0, 1e15, 'pairRateHz');
  demandRange(visibility, 0, 1, 'visibility');
  demandRange(doubleProbability, 0, 1, 'doubleProbability');
}

function checkStation(station: PairStation, bins: number, name: string): void {
  const { transmittance, noiseHz, receiver, analyserRad, flight, clock } = station;
  demandArray(transmittance, bins, 0, 1, `${name}.transmittance`);
  demandArray(noiseHz, bins, 0, 1e12, `${name}.noiseHz`);
  checkPairReceiver(receiver, `${name}.receiver`);
  for (const angle of analyserRad ?? []) demand(Number.isFinite(angle), `${name}.analyserRad`, angle, 'finite');
  const far = 9e14;
  for (const [member, array] of Object.entries(flight ?? {})) {
    demandArray(array as Float64Array, bins, -far, far, `${name}.flight.${member}`);
  }
  // Times must run forward at the receiver.
  if (flight) demandArray(flight.ratePsPerS, bins, -1e9, 1e9, `${name}.flight.ratePsPerS`);
  if (!clock) return;
  demandArray(clock.offsetPs, bins, -far, far, `${name}.clock.offsetPs`);
  demandRange(clock.jitterPs, 0, 1e9, `${name}.clock.jitterPs`);
}

/** Throws `photons/pairs`, also for a flaw that pairs have no model of. */
export function checkPairReceiver(receiver: PairReceiver, name: string): void {
  demandRange(receiver.basisXProbability, 0, 1, `${name}.basisXProbability`);
  demandRange(receiver.misalignment, 0, 0.5, `${name}.misalignment`);
  demandRange(receiver.deadTimeNs, 0, 1e9, `${name}.deadTimeNs`);
  demandRange(receiver.jitterPs, 0, 1e9, `${name}.jitterPs`);
  const { afterPulse, detectors, ...others } = receiver.flaws ?? {};
  const known = ['deadTogether'];
  for (const flaw of Object.keys(others)) {
    demand(known.includes(flaw), `${name}.flaws.${flaw}`, 'given', 'left out: pairs have no model of it');
  }
  if (afterPulse) {
    demandRange(afterPulse.probability, 0, 0.999, `${name}.flaws.afterPulse.probability`);
    demandRange(afterPulse.timeConstantNs, 0, 1e9, `${name}.flaws.afterPulse.timeConstantNs`);
  }
  if (!detectors) return;
  demand(detectors.length === 4, `the number of ${name}.flaws.detectors`, detectors.length, '4');
  for (const [i, { efficiency = 1, delayPs = 0, ...rest }] of detectors.entries()) {
    demandRange(efficiency, 0, 1, `${name}.flaws.detectors[${i}].efficiency`);
    demandRange(delayPs, -1e9, 1e9, `${name}.flaws.detectors[${i}].delayPs`);
    for (const flaw of Object.keys(rest)) {
      demand(false, `${name}.flaws.detectors[${i}].${flaw}`, 'given', 'left out: pairs have no model of it');
    }
  }
}
