/** One satellite with one station: the optics of their link, its channel, and the engine's word on source and receiver. */
import { type Air, type Channel, type Link, modelChannel, OpticsError } from '@skykey/optics';
import { radianceOf } from './background.ts';
import { ScenarioError } from './error.ts';
import type { Lights } from './lights.ts';
import { measuredChannel } from './measured.ts';
import type { LinkScenario } from './model.ts';
import type { SatelliteDocument, ScenarioDocument, StationDocument } from './schema.ts';
import { checkPhotons, receiverOf, receivingOpticsOf, sourceOf, transmitterOf } from './terminal.ts';

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
