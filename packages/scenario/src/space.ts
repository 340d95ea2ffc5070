/** The light between two satellites of a scenario. */
import { type Fading, type Link, type LinkBudget, modelChannel, OpticsError, spaceRadiance } from '@skykey/optics';
import {
  type IntersatelliteLight,
  type IntersatelliteSky,
  intersatelliteLight,
  intersatelliteLook,
  intersatelliteSky,
} from '@skykey/orbit';
import { momentsOf, type Steps } from './along.ts';
import { type Background, backgroundOf } from './background.ts';
import { ScenarioError } from './error.ts';
import type { SatelliteScenario, Scenario, SpaceLink } from './model.ts';
import { checkPhotons, receiverOf, receivingOpticsOf, sourceOf, transmitterOf } from './terminal.ts';
import { noiseOf } from './trace.ts';

/**
 * From the transmitter of one satellite to the receiver of another, whatever kind of link the scenario has with the
 * ground. Throws ScenarioError `scenario/satellite` for a satellite that is not there or both times the same,
 * `scenario/link` where transmitter or receiver is missing, `scenario/photons`, `scenario/wavelength` or
 * `scenario/channel`: one sentence with scenario and field.
 */
export function spaceLink(scenario: Scenario, fromId: string, toId: string): SpaceLink {
  if (fromId === toId) {
    throw new ScenarioError(
      'scenario/satellite',
      `${scenario.id}: ${fromId} is to send to itself; there must be two satellites`,
    );
  }
  const [from, to] = [satelliteOf(scenario, fromId), satelliteOf(scenario, toId)];
  const sending = `${scenario.id}: satellites.${from.document.id}.transmitter`;
  const receiving = `${scenario.id}: satellites.${to.document.id}.receiver`;
  const transmitterDocument = from.document.transmitter;
  const receiverDocument = to.document.receiver;
  if (!transmitterDocument) {
    throw new ScenarioError('scenario/link', `${sending} is missing; ${fromId} must have one to send to ${toId}`);
  }
  if (!receiverDocument) {
    throw new ScenarioError(
      'scenario/link',
      `${receiving} is missing; ${toId} must have one to receive from ${fromId}`,
    );
  }
  const source = sourceOf(transmitterDocument);
  const receiver = receiverOf(receiverDocument);
  checkPhotons(source, receiver, `${sending}.source`, receiving);
  const optics: Link = {
    direction: 'space',
    wavelengthNm: transmitterDocument.wavelengthNm.value,
    transmitter: transmitterOf(transmitterDocument),
    receiver: receivingOpticsOf(receiverDocument),
    air: null,
  };
  return {
    id: `${fromId}-${toId}`,
    direction: 'space',
    from,
    to,
    source,
    receiver,
    detectorEfficiency: receiverDocument.detectorEfficiency.value,
    optics,
    model: modelOf(optics, sending, receiving),
    transmitterDocument,
    receiverDocument,
  };
}

/** More ids than this are no help in a sentence. */
const MOST_NAMED = 12;

function satelliteOf(scenario: Scenario, id: string): SatelliteScenario {
  const found = scenario.satellites.find((satellite) => satellite.id === id);
  if (found) return found;
  const ids = scenario.satellites.map((satellite) => satellite.id);
  const known = ids.length > MOST_NAMED ? `its ${ids.length}` : ids.join(', ');
  throw new ScenarioError('scenario/satellite', `${scenario.id} has no satellite ${id}; it must be one of ${known}`);
}

function modelOf(optics: Link, sending: string, receiving: string): SpaceLink['model'] {
  try {
    // The background is known at fewer wavelengths than the loss.
    spaceRadiance(optics.wavelengthNm);
    return modelChannel(optics);
  } catch (error) {
    if (!(error instanceof OpticsError)) throw error;
    const wavelength = error.code === 'optics/wavelength';
    const field = wavelength ? `${sending}.wavelengthNm` : `${sending} to ${receiving}`;
    throw new ScenarioError(wavelength ? 'scenario/wavelength' : 'scenario/channel', `${field}: ${error.message}`, {
      cause: error,
    });
  }
}

/** What stands behind the sender, as its receiver sees it. */
export type Behind = 'sky' | 'air' | 'earth' | 'moon' | 'sun';

export interface SpaceRow {
  readonly utcMs: number;
  readonly rangeKm: number;
  readonly rangeRateKmS: number;
  /** Of the line of sight over the Earth. */
  readonly grazingHeightKm: number;
  /** Received at `utcMs`; the angle to point ahead is that of the sender at `utcMs`. */
  readonly light: IntersatelliteLight;
  /** Of the receiver. */
  readonly sky: IntersatelliteSky;
  readonly behind: Behind;
  readonly model: LinkBudget;
  /** Stars and zodiacal light alone (`spaceRadiance`); null where anything but the sky stands behind the sender. */
  readonly background: Background | null;
  /** Expected background and dark counts per gate and detector; null with the background. */
  readonly noisePerGate: number | null;
  readonly fading: Fading | null;
}

/**
 * Below this height the air glows by night and is lit by the Sun in twilight, km: 100, less what the surface of constant
 * height in `intersatelliteWindows` is inside the true one.
 */
const AIR_KM = 100 - 0.002;

/**
 * The budget between two satellites every `stepS` seconds from `startMs`, and at `endMs`, whether or not they see each
 * other then. Throws ScenarioError `scenario/interval` as `budgetAlong`, OrbitError for moments without a position.
 */
export function budgetBetween(link: SpaceLink, steps: Steps): SpaceRow[] {
  return momentsOf(steps).map((utcMs) => rowAt(link, utcMs));
}

function rowAt(link: SpaceLink, utcMs: number): SpaceRow {
  const [from, to] = [link.from.target, link.to.target];
  const { rangeKm, rangeRateKmS, grazingHeightKm } = intersatelliteLook(from, to, utcMs);
  const sky = intersatelliteSky(to, from, utcMs);
  const behind = behindOf(link, sky);
  const background = behind === 'sky' ? backgroundOf(link, spaceRadiance(link.optics.wavelengthNm)) : null;
  const at = { rangeKm, elevationDeg: 0 };
  return {
    utcMs,
    rangeKm,
    rangeRateKmS,
    grazingHeightKm,
    light: intersatelliteLight(from, to, utcMs),
    sky,
    behind,
    model: link.model.loss(at),
    background,
    noisePerGate: background && noiseOf(link, background.rateHz),
    fading: link.model.fading(at),
  };
}

function behindOf({ optics }: SpaceLink, { lowestHeightKm, sunDeg, moonDeg }: IntersatelliteSky): Behind {
  const halfViewDeg = (optics.receiver.fieldOfViewRad / 2) * (180 / Math.PI);
  if (lowestHeightKm < 0) return 'earth';
  if (sunDeg < halfViewDeg) return 'sun';
  if (moonDeg < halfViewDeg) return 'moon';
  return lowestHeightKm < AIR_KM ? 'air' : 'sky';
}
