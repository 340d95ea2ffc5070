/** Passes of many satellites over many stations, with the sky around them. */
import {
  type JointPass,
  jointPasses,
  type Pass,
  passesOver,
  type Station,
  sun,
  sunlit,
  type Target,
} from '@skykey/orbit';

/** What is looked for. It crosses to a worker as it is, unless one of the targets is an ephemeris. */
export interface Question {
  readonly satellites: readonly { readonly id: string; readonly target: Target }[];
  readonly stations: readonly Station[];
  readonly fromMs: number;
  readonly toMs: number;
  readonly minElevationDeg: number;
  /** Stays over one station, or over two at once. */
  readonly kind: 'passes' | 'joint';
}

/** The sky over a station while a satellite is there, at closest approach. */
export interface SkyState {
  readonly sunElevationDeg: number;
  /** Whether the satellite stands in sunlight. */
  readonly sunlit: boolean;
}

export interface Sighting extends SkyState {
  readonly satelliteId: string;
  readonly stationId: string;
  readonly pass: Pass;
}

/** Two stations at once; the sky of each when the ranges together are least. */
export interface JointSighting {
  readonly satelliteId: string;
  readonly stationIds: readonly [string, string];
  readonly joint: JointPass;
  readonly skies: readonly [SkyState, SkyState];
}

export type Found = { readonly passes: Sighting[]; readonly joint: JointSighting[] };

/** The sky over a station. Throws OrbitError. */
export function skyOver(target: Target, station: Station, utcMs: number): SkyState {
  return {
    sunElevationDeg: sun(station, utcMs).elevationDeg,
    sunlit: sunlit(target, utcMs),
  };
}

/** All of one satellite of the question. Throws OrbitError. */
export function sightings(question: Question, index: number): Found {
  const { satellites, stations, kind, fromMs, toMs, minElevationDeg } = question;
  const { id: satelliteId, target } = satellites[index]!;
  const query = { fromMs, toMs, minElevationDeg };
  if (kind === 'passes') {
    const passes = passesOver(target, stations, query).flatMap((list, s) =>
      list.map(
        (pass): Sighting => ({
          satelliteId,
          stationId: stations[s]!.id,
          pass,
          ...skyOver(target, stations[s]!, pass.tcaMs),
        }),
      ),
    );
    return { passes, joint: [] };
  }
  const joint = stations.flatMap((one, i) =>
    stations.slice(i + 1).flatMap((other) =>
      jointPasses(target, one, other, query).map(
        (found): JointSighting => ({
          satelliteId,
          stationIds: [one.id, other.id],
          joint: found,
          skies: [skyOver(target, one, found.bestMs), skyOver(target, other, found.bestMs)],
        }),
      ),
    ),
  );
  return { passes: [], joint };
}
