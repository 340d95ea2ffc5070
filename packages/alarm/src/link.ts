import type { Receiver, Source } from '@skykey/photons';
import { AlarmError } from './error.ts';

/** The link that is watched, as the two parties know it before a pass: devices, and what the digital twin predicts. */
export interface AlarmLink {
  readonly source: Source;
  readonly receiver: Receiver;
  /** Length of a bin, s. */
  readonly binS: number;
  /** Most bins of a pass. */
  readonly bins: number;
  /** What the twin predicts for a clear sky from the transmitter's exit to the receiver's front, one element a bin, 0..1. */
  readonly channelTransmittance: Float64Array;
  /** From there to a photo-electron, 0..1. */
  readonly receiverTransmittance: number;
  /** Expected dark and background counts of each detector, 1/s. */
  readonly noiseHz: Float64Array;
}

/** Throws `alarm/link` with the member that is wrong. */
export function checkLink(link: AlarmLink): void {
  const refuse = (sentence: string): never => {
    throw new AlarmError('alarm/link', sentence);
  };
  if (!(link.binS > 0)) refuse(`binS is ${link.binS}; it must be a positive number of seconds`);
  if (!Number.isSafeInteger(link.bins) || link.bins < 1)
    refuse(`bins is ${link.bins}; it must be a whole number from 1 on`);
  if (link.channelTransmittance.length < link.bins) {
    refuse(
      `channelTransmittance has ${link.channelTransmittance.length} elements; it needs one for each of ${link.bins} bins`,
    );
  }
  if (link.noiseHz.length !== 4)
    refuse(`noiseHz has ${link.noiseHz.length} elements; it needs one for each of 4 detectors`);
  const { intensities, pulseRateHz } = link.source;
  if (!((intensities[0]?.meanPhotons ?? 0) > 0)) refuse('source.intensities must begin with a signal of light');
  const slotNs = 1e9 / pulseRateHz;
  const { gateNs } = link.receiver;
  if (!(gateNs > 0 && gateNs < slotNs)) {
    refuse(
      `receiver.gateNs is ${gateNs}; it must be below the slot of ${slotNs} ns, so that a floor is seen outside of it`,
    );
  }
}
