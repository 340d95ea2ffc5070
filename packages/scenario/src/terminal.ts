/** What one end of a link has, in the words of `optics` and `photons`, and the engine's word on it. */
import type { Beam, ReceivingOptics, Transmitter } from '@skykey/optics';
import { createEvents, PhotonsError, type Receiver, type Source } from '@skykey/photons';
import { ScenarioError } from './error.ts';
import type { LinkSource } from './model.ts';
import type { ReceiverDocument, TransmitterDocument } from './schema.ts';

/** Length of a bin of constant transmittance, s. */
export const BIN_S = 0.1;

const MICRO = 1e-6;

export function sourceOf({ source }: TransmitterDocument): LinkSource {
  if (source.kind === 'pairs') {
    return { kind: 'pairs', pairRateHz: source.pairRateHz.value, visibility: source.visibility.value };
  }
  const [signal, decoy, weakest] = source.meanPhotons.value;
  const [p1, p2, p3] = source.probabilities.value;
  return {
    kind: 'decoy',
    pulseRateHz: source.pulseRateHz.value,
    intensities: [
      { name: 'signal', meanPhotons: signal, probability: p1 },
      { name: 'decoy', meanPhotons: decoy, probability: p2 },
      { name: 'vacuum', meanPhotons: weakest, probability: p3 },
    ],
    basisXProbability: source.basisXProbability.value,
  };
}

export function receiverOf(document: ReceiverDocument): Receiver {
  return {
    basisXProbability: document.basisXProbability.value,
    misalignment: document.misalignment.value,
    deadTimeNs: document.deadTimeNs.value,
    jitterPs: document.jitterPs.value,
    gateNs: document.gateNs.value,
  };
}

/** Pairs come at no clock: their receiver is judged behind slots of this rate, longer than any gate the engine knows. */
const NO_SLOTS: Source = {
  pulseRateHz: 1e6,
  intensities: [{ name: 'none', meanPhotons: 0, probability: 1 }],
  basisXProbability: 0.5,
};

/** Lets the engine itself judge source and receiver, on a pass without a bin: now, not when the first pass begins. */
export function checkPhotons(source: LinkSource, receiver: Receiver, sourceField: string, receiverField: string): void {
  const none = new Float64Array(0);
  const trace = { binS: BIN_S, channelTransmittance: none, receiverTransmittance: 1, noisePerGate: none };
  try {
    createEvents({ trace, source: source.kind === 'decoy' ? source : NO_SLOTS, receiver, seed: 0 });
  } catch (error) {
    if (!(error instanceof PhotonsError)) throw error;
    const field = error.code === 'photons/receiver' ? receiverField : sourceField;
    throw new ScenarioError('scenario/photons', `${field}: ${error.message}`, { cause: error });
  }
}

export function transmitterOf(document: TransmitterDocument): Transmitter {
  return {
    beam: beamOf(document.beam),
    jitterRad: document.pointingJitterMicroRad.value * MICRO,
    biasRad: document.pointingBiasMicroRad.value * MICRO,
    lossDb: document.lossDb.value,
  };
}

function beamOf(beam: TransmitterDocument['beam']): Beam {
  if (beam.kind !== 'aperture') return { kind: beam.kind, divergenceRad: beam.divergenceMicroRad.value * MICRO };
  return {
    kind: 'aperture',
    diameterM: beam.diameterM.value,
    waistRadiusM: beam.waistRadiusM.value,
    obscurationDiameterM: beam.obscurationDiameterM.value,
  };
}

export function receivingOpticsOf(document: ReceiverDocument): ReceivingOptics {
  const { coupling } = document;
  return {
    diameterM: document.diameterM.value,
    obscurationDiameterM: document.obscurationDiameterM.value,
    fieldOfViewRad: document.fieldOfViewMicroRad.value * MICRO,
    jitterRad: document.pointingJitterMicroRad.value * MICRO,
    biasRad: document.pointingBiasMicroRad.value * MICRO,
    coupling:
      coupling.kind === 'field-of-view'
        ? { kind: 'field-of-view' }
        : { kind: 'single-mode-fibre', correctedModes: coupling.correctedModes.value },
    transmittance: document.opticsTransmittance.value,
  };
}
