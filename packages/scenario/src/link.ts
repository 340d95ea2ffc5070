/** One satellite with one station: the optics of their link, its channel, and the engine's word on source and receiver. */
import {
  type Air,
  type Beam,
  type Channel,
  type Link,
  modelChannel,
  OpticsError,
  type ReceivingOptics,
  type Transmitter,
} from '@skykey/optics';
import { createPass, PhotonsError, type Receiver, type Source } from '@skykey/photons';
import { radianceOf } from './background.ts';
import { ScenarioError } from './error.ts';
import type { Lights } from './lights.ts';
import { measuredChannel } from './measured.ts';
import type { LinkScenario, LinkSource } from './model.ts';
import type {
  ReceiverDocument,
  SatelliteDocument,
  ScenarioDocument,
  StationDocument,
  TransmitterDocument,
} from './schema.ts';

/** Length of a bin of constant transmittance, s. */
export const BIN_S = 0.1;

const MICRO = 1e-6;

/** What all satellites of one entry have in common over a station. */
export type LinkParts = Omit<LinkScenario, 'id' | 'satellite' | 'station'>;

/**
 * What lies between an entry of the satellites and a station. Throws ScenarioError `scenario/photons`,
 * `scenario/wavelength`, `scenario/channel`, `scenario/file` or `scenario/window`: one sentence with file and field.
 */
export function linkParts(
  kind: ScenarioDocument['link'],
  satellite: SatelliteDocument,
  station: StationDocument,
  where: string,
  readText: (name: string) => string,
): LinkParts {
  const above = `${where}: satellites.${satellite.id}`;
  const below = `${where}: stations.${station.id}`;
  const direction = kind === 'uplink' ? 'up' : 'down';
  const [sender, recipient] = direction === 'up' ? [station, satellite] : [satellite, station];
  const [sending, receiving] = direction === 'up' ? [below, above] : [above, below];
  // `checkDocument` has seen that both are there.
  const transmitterDocument = sender.transmitter!;
  const receiverDocument = recipient.receiver!;
  const source = sourceOf(transmitterDocument);
  const receiver = receiverOf(receiverDocument);
  checkPhotons(source, receiver, `${sending}.transmitter.source`, `${receiving}.receiver`);
  const optics: Link = {
    direction,
    wavelengthNm: transmitterDocument.wavelengthNm.value,
    transmitter: transmitterOf(transmitterDocument),
    receiver: receivingOpticsOf(receiverDocument),
    air: airOf(station),
  };
  const model = guarded(() => modelChannel(optics), sending, `${below}.air`, where);
  guarded(() => radianceOf({ direction, optics, receiverDocument }, station, MIDNIGHT), sending, `${below}.sky`, where);
  const measured = station.measured ? measuredChannel(station.measured, `${below}.measured`, readText) : null;
  const channel = measured ?? model;
  checkWindow(station, channel, below);
  return {
    direction,
    source,
    receiver,
    detectorEfficiency: receiverDocument.detectorEfficiency.value,
    optics,
    model,
    measured,
    channel,
    transmitterDocument,
    receiverDocument,
  };
}

function sourceOf({ source }: TransmitterDocument): LinkSource {
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

function receiverOf(document: ReceiverDocument): Receiver {
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
function checkPhotons(source: LinkSource, receiver: Receiver, sourceField: string, receiverField: string): void {
  const none = new Float64Array(0);
  const trace = { binS: BIN_S, channelTransmittance: none, receiverTransmittance: 1, noisePerGate: none };
  try {
    createPass({ trace, source: source.kind === 'decoy' ? source : NO_SLOTS, receiver, seed: 0 });
  } catch (error) {
    if (!(error instanceof PhotonsError)) throw error;
    const field = error.code === 'photons/receiver' ? receiverField : sourceField;
    throw new ScenarioError('scenario/photons', `${field}: ${error.message}`, { cause: error });
  }
}

function transmitterOf(document: TransmitterDocument): Transmitter {
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

function receivingOpticsOf(document: ReceiverDocument): ReceivingOptics {
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

function airOf({ altitudeM, air: { extinction, turbulence } }: StationDocument): Air {
  return {
    stationHeightM: altitudeM.value,
    extinction: extinctionOf(extinction),
    turbulence: turbulence
      ? {
          windMS: turbulence.windMS.value,
          groundCn2: turbulence.groundCn2.value,
          groundWindMS: turbulence.groundWindMS.value,
        }
      : null,
  };
}

function extinctionOf(extinction: StationDocument['air']['extinction']): Air['extinction'] {
  if (extinction.kind === 'modtran') return { kind: 'modtran' };
  if (extinction.kind === 'zenith') return { kind: 'zenith', transmittance: extinction.transmittance.value };
  return {
    kind: 'visibility',
    visibilityKm: extinction.visibilityKm.value,
    law: extinction.law.value,
    hazeScaleHeightKm: extinction.hazeScaleHeightKm.value,
  };
}

/** Any lights will do to learn whether a sky is known at a wavelength. */
const MIDNIGHT: Lights = {
  view: { elevationDeg: 45, azimuthDeg: 0 },
  sun: { elevationDeg: -60, azimuthDeg: 0 },
  moon: { elevationDeg: -30, azimuthDeg: 0, phaseAngleDeg: 90 },
};

/** Says which fields a question to `optics` was about: the transmitter, or its wavelength, and what its light crosses. */
function guarded<T>(ask: () => T, sending: string, crossed: string, where: string): T {
  try {
    return ask();
  } catch (error) {
    if (!(error instanceof OpticsError)) throw error;
    const wavelength = error.code === 'optics/wavelength';
    const field = `${sending}.transmitter${wavelength ? '.wavelengthNm' : ''}`;
    throw new ScenarioError(
      wavelength ? 'scenario/wavelength' : 'scenario/channel',
      `${field} through ${crossed.slice(where.length + 2)}: ${error.message}`,
      { cause: error },
    );
  }
}

/** The far corner of the window is the worst of it, and a channel that ends somewhere ends there first. */
function checkWindow({ window }: StationDocument, channel: Channel, below: string): void {
  const rangeKm = window.maxRangeKm.value;
  const elevationDeg = window.minElevationDeg.value;
  if (channel.covers({ rangeKm, elevationDeg })) return;
  throw new ScenarioError(
    'scenario/window',
    `${below}.window goes out to ${rangeKm} km and down to ${elevationDeg}°, where the channel says nothing; ` +
      'it must stay within the ranges and elevations that the channel knows',
  );
}
