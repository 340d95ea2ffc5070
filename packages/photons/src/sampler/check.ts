import { PhotonsError, type PhotonsErrorCode } from '../error.ts';
import type { LinkTrace, Receiver, ReceiverFlaws, Source } from '../link.ts';

/** Bright enough for every weak-pulse source, and small enough that e^-mean stays a normal number. */
const mostPhotons = 500;
const mostNoisePerGate = 50;
/** Slot numbers stay below 2^52, so that their streams of random numbers never meet those of the bins. */
export const mostSlots = 2 ** 52;
/** Offsets are stored in 16 bits. */
const widestGateNs = 65.534;
/** Classes times classes before, states and steps of the fluctuation have to be numbered in 16 bits. */
const mostClasses = 16;

function checkRange(value: number, low: number, high: number, code: PhotonsErrorCode, name: string): void {
  if (!(value >= low && value <= high)) {
    throw new PhotonsError(code, `${name} is ${value}; it must be from ${low} to ${high}`);
  }
}

function checkFinite(value: number, code: PhotonsErrorCode, name: string): void {
  if (!Number.isFinite(value)) throw new PhotonsError(code, `${name} is ${value}; it must be a finite number`);
}

function checkPositive(value: number, code: PhotonsErrorCode, name: string): void {
  if (!(value > 0 && value < Infinity)) {
    throw new PhotonsError(code, `${name} is ${value}; it must be positive and finite`);
  }
}

function checkLength(length: number, right: number, code: PhotonsErrorCode, name: string, rule: string): void {
  if (length !== right) throw new PhotonsError(code, `${name} has ${length} values; it must have ${right}, ${rule}`);
}

/** Throws `photons/source` unless the source, flaws included, is one that can be simulated. */
export function checkSource(source: Source): void {
  const code = 'photons/source';
  const { pulseRateHz, basisXProbability, intensities, flaws } = source;
  checkPositive(pulseRateHz, code, 'pulseRateHz');
  checkRange(basisXProbability, 0, 1, code, 'basisXProbability');
  const classes = intensities.length;
  checkRange(classes, 1, mostClasses, code, 'the number of intensities');
  let sum = 0;
  for (const { name, meanPhotons, probability } of intensities) {
    checkRange(meanPhotons, 0, mostPhotons, code, `meanPhotons of ${name}`);
    checkRange(probability, 0, 1, code, `probability of ${name}`);
    sum += probability;
  }
  if (Math.abs(sum - 1) > 1e-9) {
    throw new PhotonsError(code, `the probabilities of the intensities sum to ${sum}; they must sum to 1`);
  }
  if (flaws === undefined) return;
  const { correlation, diodeOffsetPs, fluctuation = 0, pulseWidthPs = 0, leakage = 0, polarisationLeakage = 0 } = flaws;
  checkRange(fluctuation, 0, 0.3, code, 'fluctuation');
  checkRange(pulseWidthPs, 0, Number.MAX_VALUE, code, 'pulseWidthPs');
  checkRange(leakage, 0, 1, code, 'leakage');
  checkRange(polarisationLeakage, 0, 0.5, code, 'polarisationLeakage');
  if (diodeOffsetPs !== undefined) {
    checkLength(diodeOffsetPs.length, classes * 4, code, 'diodeOffsetPs', 'four states for each class');
    for (const [i, offset] of diodeOffsetPs.entries()) checkFinite(offset, code, `diodeOffsetPs[${i}]`);
  }
  if (correlation !== undefined) {
    checkLength(correlation.length, classes, code, 'correlation', 'one row for each class');
    for (const [k, row] of correlation.entries()) {
      checkLength(row.length, classes, code, `correlation[${k}]`, 'one for each class before');
      for (const [before, change] of row.entries()) {
        if (!(change > -1 && change < Infinity)) {
          throw new PhotonsError(code, `correlation[${k}][${before}] is ${change}; it must be above -1 and finite`);
        }
      }
    }
  }
}

/** Throws `photons/receiver` unless the receiver, flaws included, can be simulated behind a source of this pulse rate. */
export function checkReceiver(receiver: Receiver, pulseRateHz: number): void {
  const code = 'photons/receiver';
  checkRange(receiver.basisXProbability, 0, 1, code, 'basisXProbability');
  checkRange(receiver.misalignment, 0, 1, code, 'misalignment');
  checkRange(receiver.deadTimeNs, 0, Number.MAX_VALUE, code, 'deadTimeNs');
  checkRange(receiver.jitterPs, 0, Number.MAX_VALUE, code, 'jitterPs');
  const { gateNs, flaws } = receiver;
  const slotNs = 1e9 / pulseRateHz;
  if (!(gateNs > 0 && gateNs <= slotNs && gateNs <= widestGateNs)) {
    const rule = `it must be positive, at most one slot (${slotNs} ns) and at most ${widestGateNs} ns`;
    throw new PhotonsError(code, `gateNs is ${gateNs}; ${rule}`);
  }
  if (flaws !== undefined) checkReceiverFlaws(flaws, code);
}

function checkReceiverFlaws(flaws: ReceiverFlaws, code: PhotonsErrorCode): void {
  const { afterPulse, recoveryNs = 0, walk, detectors, splitter, filter } = flaws;
  if (afterPulse !== undefined) {
    checkRange(afterPulse.probability, 0, 0.5, code, 'probability of afterPulse');
    checkPositive(afterPulse.timeConstantNs, code, 'timeConstantNs of afterPulse');
  }
  checkRange(recoveryNs, 0, Number.MAX_VALUE, code, 'recoveryNs');
  if (walk !== undefined) {
    checkFinite(walk.latePs, code, 'latePs of walk');
    checkPositive(walk.decayNs, code, 'decayNs of walk');
  }
  if (splitter !== undefined) {
    let last = -Infinity;
    for (const [i, [nm, toX]] of splitter.entries()) {
      if (!(nm > last && nm < Infinity)) {
        throw new PhotonsError(code, `splitter[${i}] is at ${nm} nm; wavelengths must rise from row to row`);
      }
      checkRange(toX, 0, 1, code, `basisXProbability of splitter[${i}]`);
      last = nm;
    }
  }
  if (filter !== undefined) {
    checkFinite(filter.centreNm, code, 'centreNm of filter');
    checkPositive(filter.widthNm, code, 'widthNm of filter');
    checkRange(filter.outside, 0, 1, code, 'outside of filter');
  }
  if (detectors === undefined) return;
  checkLength(detectors.length, 4, code, 'detectors', 'in the order X0, X1, Z0, Z1');
  for (const [d, detector] of detectors.entries()) {
    const of = `of detector ${d}`;
    const { timeResponse, angleResponse, wavelengthResponse, linearMode } = detector;
    checkRange(detector.efficiency ?? 1, 0, 1, code, `efficiency ${of}`);
    checkFinite(detector.delayPs ?? 0, code, `delayPs ${of}`);
    checkRange(detector.backFlash ?? 0, 0, 1, code, `backFlash ${of}`);
    checkRange(detector.blindingW ?? 0, 0, Number.MAX_VALUE, code, `blindingW ${of}`);
    if (timeResponse !== undefined) {
      checkFinite(timeResponse.centrePs, code, `centrePs of timeResponse ${of}`);
      checkPositive(timeResponse.widthPs, code, `widthPs of timeResponse ${of}`);
    }
    if (angleResponse !== undefined) {
      checkFinite(angleResponse.centreMicroRad, code, `centreMicroRad of angleResponse ${of}`);
      checkPositive(angleResponse.widthMicroRad, code, `widthMicroRad of angleResponse ${of}`);
    }
    if (wavelengthResponse !== undefined) {
      checkFinite(wavelengthResponse.centreNm, code, `centreNm of wavelengthResponse ${of}`);
      checkPositive(wavelengthResponse.widthNm, code, `widthNm of wavelengthResponse ${of}`);
    }
    if (linearMode !== undefined) {
      checkRange(linearMode.neverJ, 0, Number.MAX_VALUE, code, `neverJ of linearMode ${of}`);
      checkRange(linearMode.alwaysJ, linearMode.neverJ, Number.MAX_VALUE, code, `alwaysJ of linearMode ${of}`);
    }
  }
}

/** Throws `photons/trace` unless every bin of the trace is a possible one. Returns the number of pulses in a bin. */
export function checkTrace(trace: LinkTrace, pulseRateHz: number): number {
  const code = 'photons/trace';
  const bins = trace.channelTransmittance.length;
  const perBin = (name: string, values: ArrayLike<number>): void =>
    checkLength(values.length, bins, code, name, 'as many as channelTransmittance has bins');
  perBin('noisePerGate', trace.noisePerGate);
  const exact = trace.binS * pulseRateHz;
  const pulses = Math.round(exact);
  if (!(pulses >= 1 && Math.abs(exact - pulses) <= 1e-9 * pulses)) {
    throw new PhotonsError(code, `binS is ${trace.binS} s, that is ${exact} pulses; they must be a whole number`);
  }
  if (pulses * bins > mostSlots) {
    throw new PhotonsError(code, `the trace has ${pulses * bins} pulses; it must have at most ${mostSlots}`);
  }
  checkRange(trace.receiverTransmittance, 0, 1, code, 'receiverTransmittance');
  for (let bin = 0; bin < bins; bin++) {
    checkRange(trace.channelTransmittance[bin]!, 0, 1, code, `channelTransmittance of bin ${bin}`);
    checkRange(trace.noisePerGate[bin]!, 0, mostNoisePerGate, code, `noisePerGate of bin ${bin}`);
  }
  const { fading, frameRad, flight, clock } = trace;
  const allFinite = (name: string, values: Float64Array): void => {
    perBin(name, values);
    for (let bin = 0; bin < bins; bin++) checkFinite(values[bin]!, code, `${name} of bin ${bin}`);
  };
  if (frameRad !== undefined) allFinite('frameRad', frameRad);
  if (flight !== undefined) {
    allFinite('atStartPs of flight', flight.atStartPs);
    allFinite('ratePsPerS of flight', flight.ratePsPerS);
    allFinite('curvaturePsPerS2 of flight', flight.curvaturePsPerS2);
  }
  if (clock !== undefined) {
    allFinite('offsetPs of clock', clock.offsetPs);
    checkRange(clock.jitterPs, 0, Number.MAX_VALUE, code, 'jitterPs of clock');
  }
  if (fading !== undefined) {
    const { stepsPerBin, gain } = fading;
    if (!(Number.isInteger(stepsPerBin) && stepsPerBin >= 1 && stepsPerBin <= pulses)) {
      const rule = `it must be a whole number from 1 to ${pulses}, the pulses of a bin`;
      throw new PhotonsError(code, `stepsPerBin of fading is ${stepsPerBin}; ${rule}`);
    }
    checkLength(gain.length, bins * stepsPerBin, code, 'gain of fading', 'stepsPerBin for each bin');
    for (let i = 0; i < gain.length; i++) {
      if (!(gain[i]! >= 0 && gain[i]! < Infinity)) {
        throw new PhotonsError(code, `gain of fading at step ${i} is ${gain[i]}; it must be finite and not negative`);
      }
    }
  }
  return pulses;
}
