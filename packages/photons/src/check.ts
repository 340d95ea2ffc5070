import { PhotonsError, type PhotonsErrorCode } from './error.ts';
import type { LinkTrace, Receiver, Source } from './types.ts';

/** Bright enough for every weak-pulse source, and small enough that e^-mean stays a normal number. */
const mostPhotons = 500;
const mostNoisePerGate = 50;
/** Slot numbers stay below 2^52, so that their streams of random numbers never meet those of the bins. */
export const mostSlots = 2 ** 52;
/** Offsets are stored in 16 bits. */
const widestGateNs = 65.534;

function checkRange(value: number, low: number, high: number, code: PhotonsErrorCode, name: string): void {
  if (!(value >= low && value <= high)) {
    throw new PhotonsError(code, `${name} is ${value}; it must be from ${low} to ${high}`);
  }
}

/** Throws `photons/source` unless the source is one that can be simulated. */
export function checkSource(source: Source): void {
  const code = 'photons/source';
  const { pulseRateHz, basisXProbability, intensities } = source;
  if (!(pulseRateHz > 0 && pulseRateHz < Infinity)) {
    throw new PhotonsError(code, `pulseRateHz is ${pulseRateHz}; it must be positive and finite`);
  }
  checkRange(basisXProbability, 0, 1, code, 'basisXProbability');
  checkRange(intensities.length, 1, 256, code, 'the number of intensities');
  let sum = 0;
  for (const { name, meanPhotons, probability } of intensities) {
    checkRange(meanPhotons, 0, mostPhotons, code, `meanPhotons of ${name}`);
    checkRange(probability, 0, 1, code, `probability of ${name}`);
    sum += probability;
  }
  if (Math.abs(sum - 1) > 1e-9) {
    throw new PhotonsError(code, `the probabilities of the intensities sum to ${sum}; they must sum to 1`);
  }
}

/** Throws `photons/receiver` unless the receiver can be simulated behind a source of this pulse rate. */
export function checkReceiver(receiver: Receiver, pulseRateHz: number): void {
  const code = 'photons/receiver';
  checkRange(receiver.basisXProbability, 0, 1, code, 'basisXProbability');
  checkRange(receiver.misalignment, 0, 1, code, 'misalignment');
  checkRange(receiver.deadTimeNs, 0, Number.MAX_VALUE, code, 'deadTimeNs');
  checkRange(receiver.jitterPs, 0, Number.MAX_VALUE, code, 'jitterPs');
  const { gateNs } = receiver;
  const slotNs = 1e9 / pulseRateHz;
  if (!(gateNs > 0 && gateNs <= slotNs && gateNs <= widestGateNs)) {
    const rule = `it must be positive, at most one slot (${slotNs} ns) and at most ${widestGateNs} ns`;
    throw new PhotonsError(code, `gateNs is ${gateNs}; ${rule}`);
  }
}

/** Throws `photons/trace` unless every bin of the trace is a possible one. Returns the number of pulses in a bin. */
export function checkTrace(trace: LinkTrace, pulseRateHz: number): number {
  const code = 'photons/trace';
  const bins = trace.channelTransmittance.length;
  if (trace.noisePerGate.length !== bins) {
    const rule = `channelTransmittance ${bins}; they must have as many`;
    throw new PhotonsError(code, `noisePerGate has ${trace.noisePerGate.length} bins and ${rule}`);
  }
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
  return pulses;
}
