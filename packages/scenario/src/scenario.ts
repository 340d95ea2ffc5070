import { type Channel, curveChannel, modelChannel, OpticsError, parseLossCurve } from '@skykey/optics';
import { type Elements, parseTle, type Station } from '@skykey/orbit';
import { createPass, PhotonsError, type Receiver, type Source } from '@skykey/photons';
import { readDocument } from './document.ts';
import { ScenarioError } from './error.ts';
import type { Parameter, ScenarioDocument, StationDocument } from './schema.ts';

/** Length of a bin of constant transmittance, s. */
export const BIN_S = 0.1;

/** A ground station with everything its link needs. */
export interface StationScenario {
  readonly id: string;
  readonly siteId: string;
  /** `<satellite>-<site>`, for example `micius-beijing`. */
  readonly linkId: string;
  readonly station: Station;
  readonly receiver: Receiver;
  readonly detectorEfficiency: number;
  readonly channel: Channel;
  readonly window: { readonly maxRangeKm: number; readonly minElevationDeg: number; readonly sunBelowDeg: number };
  readonly document: StationDocument;
}

export interface Scenario {
  readonly id: string;
  readonly title: string;
  readonly satellite: { readonly id: string; readonly name: string; readonly elements: Elements };
  readonly source: Source;
  readonly stations: readonly StationScenario[];
  readonly document: ScenarioDocument;
}

/** Every parameter of a scenario with its provenance, in the order of the file. */
export interface DeclaredParameter {
  /** For example `stations.xinglong.receiver.deadTimeNs`. */
  readonly path: string;
  readonly value: string;
  readonly basis: 'published' | 'assumed';
  readonly source: string;
}

/**
 * Reads a scenario from its text. `where` names the file in messages; `readText` fetches a file that stands beside it
 * (loss curves). Throws ScenarioError, for orbital elements OrbitError: one sentence that names the file and the field.
 */
export function readScenario(text: string, where: string, readText: (name: string) => string): Scenario {
  const document = readDocument(text, where);
  const { satellite } = document;
  const elements = parseTle(satellite.elements.value.join('\n'), `${where}: satellite.elements`);
  const [signal, decoy, weakest] = satellite.source.meanPhotons.value;
  const [p1, p2, p3] = satellite.source.probabilities.value;
  const source: Source = {
    pulseRateHz: satellite.source.pulseRateHz.value,
    intensities: [
      { name: 'signal', meanPhotons: signal, probability: p1 },
      { name: 'decoy', meanPhotons: decoy, probability: p2 },
      { name: 'vacuum', meanPhotons: weakest, probability: p3 },
    ],
    basisXProbability: satellite.source.basisXProbability.value,
  };
  const stations = document.stations.map((entry) => buildStation(entry, document, source, where, readText));
  return {
    id: document.id,
    title: document.title,
    satellite: { id: satellite.id, name: satellite.name, elements: { ...elements, name: satellite.name } },
    source,
    stations,
    document,
  };
}

function buildStation(
  entry: StationDocument,
  document: ScenarioDocument,
  source: Source,
  where: string,
  readText: (name: string) => string,
): StationScenario {
  const place = `${where}: stations.${entry.id}`;
  const receiver: Receiver = {
    basisXProbability: entry.receiver.basisXProbability.value,
    misalignment: entry.receiver.misalignment.value,
    deadTimeNs: entry.receiver.deadTimeNs.value,
    jitterPs: entry.receiver.jitterPs.value,
    gateNs: entry.receiver.gateNs.value,
  };
  checkPhotons(source, receiver, where, place);
  const channel = buildChannel(entry, document, place, readText);
  const maxRangeKm = entry.window.maxRangeKm.value;
  const minElevationDeg = entry.window.minElevationDeg.value;
  if (!channel.covers({ rangeKm: maxRangeKm, elevationDeg: minElevationDeg })) {
    throw new ScenarioError(
      'scenario/window',
      `${place}.window goes out to ${maxRangeKm} km and down to ${minElevationDeg}°, where the channel says nothing; ` +
        'it must stay within the ranges and elevations that the channel knows',
    );
  }
  return {
    id: entry.id,
    siteId: entry.siteId,
    linkId: `${document.satellite.id}-${entry.siteId}`,
    station: {
      id: entry.id,
      name: entry.name,
      latitudeDeg: entry.latitudeDeg.value,
      longitudeDeg: entry.longitudeDeg.value,
      altitudeM: entry.altitudeM.value,
    },
    receiver,
    detectorEfficiency: entry.receiver.detectorEfficiency.value,
    channel,
    window: { maxRangeKm, minElevationDeg, sunBelowDeg: entry.window.sunBelowDeg.value },
    document: entry,
  };
}

/** Lets the engine itself judge source and receiver, on a pass without a bin: now, not when the first pass begins. */
function checkPhotons(source: Source, receiver: Receiver, where: string, place: string): void {
  const none = new Float64Array(0);
  const trace = { binS: BIN_S, channelTransmittance: none, receiverTransmittance: 1, noisePerGate: none };
  try {
    createPass({ trace, source, receiver, seed: 0 });
  } catch (error) {
    if (!(error instanceof PhotonsError)) throw error;
    const field = error.code === 'photons/receiver' ? `${place}.receiver` : `${where}: satellite.source`;
    throw new ScenarioError('scenario/photons', `${field}: ${error.message}`, { cause: error });
  }
}

function buildChannel(
  entry: StationDocument,
  document: ScenarioDocument,
  place: string,
  readText: (name: string) => string,
): Channel {
  const { source } = document.satellite;
  try {
    if (entry.channel.kind === 'model') {
      return modelChannel({
        beam: entry.channel.beam.value,
        divergenceRad: source.divergenceMicroRad.value * 1e-6,
        wavelengthNm: source.wavelengthNm.value,
        transmitterJitterRad: source.pointingJitterMicroRad.value * 1e-6,
        transmitterLossDb: source.transmitterLossDb.value,
        receiverDiameterM: entry.receiver.diameterM.value,
        obscurationDiameterM: entry.receiver.obscurationDiameterM.value,
        receiverOpticsTransmittance: entry.receiver.opticsTransmittance.value,
      });
    }
    const { file, nearer } = entry.channel;
    const points = parseLossCurve(readBeside(file.value, place, readText), file.value);
    const curve = curveChannel(points, file.source);
    return nearer.value === 'refuse' ? curve : nearerByInverseSquare(curve, points.rangeKm[0]!, nearer.source);
  } catch (error) {
    if (!(error instanceof OpticsError)) throw error;
    throw new ScenarioError('scenario/channel', `${place}.channel: ${error.message}`, { cause: error });
  }
}

function readBeside(file: string, place: string, readText: (name: string) => string): string {
  try {
    return readText(file);
  } catch (error) {
    throw new ScenarioError(
      'scenario/file',
      `${place}.channel.file is "${file}", which cannot be read beside the scenario (${(error as Error).message})`,
      { cause: error },
    );
  }
}

/** Extends a measured curve below its first range: the spot shrinks with the range, so the loss falls by 20 log10. */
function nearerByInverseSquare(curve: Channel, firstRangeKm: number, source: string): Channel {
  return {
    covers: (at) => at.rangeKm < firstRangeKm || curve.covers(at),
    loss(at) {
      if (at.rangeKm >= firstRangeKm) return curve.loss(at);
      const edge = curve.loss({ ...at, rangeKm: firstRangeKm });
      const gainDb = 20 * Math.log10(firstRangeKm / at.rangeKm);
      const totalDb = edge.totalDb - gainDb;
      return {
        terms: [...edge.terms, { name: 'nearer than the curve', lossDb: -gainDb, source }],
        totalDb,
        transmittance: 10 ** (-totalDb / 10),
      };
    },
  };
}

/** Lists every parameter with its provenance; what is not a parameter (ids, names, the demo clock) is not listed. */
export function declaredParameters(document: ScenarioDocument): DeclaredParameter[] {
  const found: DeclaredParameter[] = [];
  const walk = (value: unknown, path: string): void => {
    if (Array.isArray(value)) {
      for (const item of value) walk(item, `${path}.${(item as { id?: string }).id ?? ''}`);
      return;
    }
    if (typeof value !== 'object' || value === null) return;
    if ('basis' in value && 'source' in value && 'value' in value) {
      const parameter = value as Parameter<unknown>;
      const shown = Array.isArray(parameter.value) ? parameter.value.join(' / ') : String(parameter.value);
      found.push({ path, value: shown, basis: parameter.basis, source: parameter.source });
      return;
    }
    for (const [key, item] of Object.entries(value)) walk(item, path ? `${path}.${key}` : key);
  };
  walk(document, '');
  return found;
}

/** What a reader of a result must know was assumed, one sentence a parameter, for one station or all. */
export function assumptions(document: ScenarioDocument, stationId?: string): string[] {
  return declaredParameters(document)
    .filter((parameter) => parameter.basis === 'assumed')
    .filter(
      (parameter) =>
        !stationId || !parameter.path.startsWith('stations.') || parameter.path.startsWith(`stations.${stationId}.`),
    )
    .map((parameter) => `${parameter.path} = ${parameter.value}: ${parameter.source}`);
}
