/** Stations and satellites that do not exist yet, after the pattern of one that the scenario has. */
import { modelChannel } from '@skykey/optics';
import { checkStation, keplerian, type Target } from '@skykey/orbit';
import type { LinkScenario, SatelliteScenario, Scenario, StationScenario } from '@skykey/scenario';
import { PlannerError } from './error.ts';

/** A station with the telescope, air, sky and rules of another, somewhere else. */
export interface StationCandidate {
  readonly kind: 'station';
  readonly id: string;
  /** Station of the scenario that it is built like. */
  readonly like: string;
  readonly latitudeDeg: number;
  readonly longitudeDeg: number;
  readonly altitudeM: number;
  /** By month from January, null for a month without data; the pattern's weather when left out, which is then assumed. */
  readonly clearFraction?: readonly (number | null)[];
  readonly correlationH?: number;
}

/** A satellite in the orbit of another, ahead of it and in a plane beside it. */
export interface SatelliteCandidate {
  readonly kind: 'satellite';
  readonly id: string;
  /** Satellite of the scenario that it is built like; by elements, measured or made up. */
  readonly like: string;
  /** Ahead along the orbit. */
  readonly phaseDeg: number;
  /** Of the ascending node, eastward. */
  readonly planeDeg: number;
}

export type Candidate = StationCandidate | SatelliteCandidate;

/** WGS-84, km^3/s^2: what `keplerian` relates mean motion and semi-major axis by. */
const EARTH_GM = 398_600.4418;
const RADIAN_DEG = 180 / Math.PI;

/** A scenario with the candidates in it, and what that takes for granted. */
export interface Extended {
  readonly scenario: Scenario;
  readonly assumptions: readonly string[];
}

/**
 * @throws PlannerError `planner/candidate` for an id that is taken, a pattern that is not there or cannot be followed;
 *   OrbitError for coordinates or an orbit that cannot be, OpticsError for a channel
 */
export function extend(scenario: Scenario, candidates: readonly Candidate[]): Extended {
  const taken = new Set([...scenario.stations, ...scenario.satellites].map(({ id }) => id));
  let grown: Scenario = scenario;
  const assumptions: string[] = [];
  for (const candidate of candidates) {
    if (taken.has(candidate.id)) {
      throw new PlannerError('planner/candidate', `the candidate ${candidate.id} needs an id of its own: it is taken`);
    }
    taken.add(candidate.id);
    grown = candidate.kind === 'station' ? withStation(grown, candidate) : withSatellite(grown, candidate);
    assumptions.push(...assumptionsOf(scenario, candidate));
  }
  return { scenario: grown, assumptions };
}

function pattern<T extends { readonly id: string }>(list: readonly T[], { id, like, kind }: Candidate): T {
  const found = list.find((one) => one.id === like);
  if (found) return found;
  throw new PlannerError(
    'planner/candidate',
    `the candidate ${id} is to be like ${like}, but there is no such ${kind}; there are ${list.map((one) => one.id).join(', ')}`,
  );
}

function withStation(scenario: Scenario, candidate: StationCandidate): Scenario {
  const like = pattern(scenario.stations, candidate);
  const { id, latitudeDeg, longitudeDeg, altitudeM } = candidate;
  const place = { id, name: id, latitudeDeg, longitudeDeg, altitudeM };
  checkStation(place);
  const station: StationScenario = {
    ...like,
    id,
    siteId: null,
    station: place,
    climate: like.climate && {
      ...like.climate,
      stationId: id,
      latitudeDeg,
      longitudeDeg,
      ...(candidate.clearFraction
        ? { clearFraction: candidate.clearFraction, source: 'given with the candidate' }
        : {}),
      ...(candidate.correlationH === undefined ? {} : { correlationH: candidate.correlationH }),
    },
  };
  const links = scenario.links
    .filter((link) => link.station === like)
    .map((link): LinkScenario => {
      const optics = { ...link.optics, air: link.optics.air && { ...link.optics.air, stationHeightM: altitudeM } };
      const model = modelChannel(optics);
      return { ...link, id: `${link.satellite.id}-${id}`, station, optics, model, measured: null, channel: model };
    });
  return { ...scenario, stations: [...scenario.stations, station], links: [...scenario.links, ...links] };
}

function withSatellite(scenario: Scenario, candidate: SatelliteCandidate): Scenario {
  const like = pattern(scenario.satellites, candidate);
  const satellite: SatelliteScenario = {
    ...like,
    id: candidate.id,
    name: candidate.id,
    target: beside(like.target, candidate),
    synthetic: true,
  };
  const links = scenario.links
    .filter((link) => link.satellite === like)
    .map((link): LinkScenario => {
      const { siteId, id } = link.station;
      return { ...link, id: `${candidate.id}-${siteId ?? id}`, satellite };
    });
  return { ...scenario, satellites: [...scenario.satellites, satellite], links: [...scenario.links, ...links] };
}

/** The same mean elements at the same epoch, moved in phase and plane, and without drag. */
function beside(target: Target, { id, like, phaseDeg, planeDeg }: SatelliteCandidate): Target {
  if (target.kind !== 'sgp4') {
    throw new PlannerError(
      'planner/candidate',
      `the candidate ${id} is to fly like ${like}, whose orbit is an ephemeris; it can follow one with elements only`,
    );
  }
  if (!(Math.abs(phaseDeg) <= 360 && Math.abs(planeDeg) <= 360)) {
    throw new PlannerError(
      'planner/candidate',
      `the candidate ${id} is ${phaseDeg}° ahead of ${like} and ${planeDeg}° east; both must be from -360 to 360`,
    );
  }
  const { no, ecco, inclo, nodeo, argpo, mo } = target.satrec;
  const wrap = (deg: number): number => ((deg % 360) + 360) % 360;
  return keplerian({
    name: id,
    epochMs: target.epochMs,
    semiMajorAxisKm: Math.cbrt(EARTH_GM / (no / 60) ** 2),
    eccentricity: ecco,
    inclinationDeg: inclo * RADIAN_DEG,
    ascendingNodeDeg: wrap(nodeo * RADIAN_DEG + planeDeg),
    argumentOfPerigeeDeg: wrap(argpo * RADIAN_DEG),
    meanAnomalyDeg: wrap(mo * RADIAN_DEG + phaseDeg),
  });
}

function assumptionsOf({ stations }: Scenario, candidate: Candidate): string[] {
  const { id, like } = candidate;
  if (candidate.kind === 'satellite') {
    return [`${id}: flies like ${like}, ${candidate.phaseDeg}° ahead and ${candidate.planeDeg}° east, without drag`];
  }
  const measured = stations.find((station) => station.id === like)?.document.measured !== undefined;
  return [
    `${id}: telescope, air, sky and rules of ${like}${candidate.clearFraction ? '' : ', and its weather by month'}`,
    ...(measured ? [`${id}: a loss measured at ${like} does not hold here, the channel is the model`] : []),
  ];
}
