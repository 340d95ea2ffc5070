import { linkViews, type Observed } from '../observed.ts';

/** What the light of one station shows: nothing, photons, photons with somebody on the way, or a link that is down. */
export type Beam = 'idle' | 'quantum' | 'tapped' | 'dropped';

export interface StationMark {
  readonly id: string;
  readonly name: string;
  /** The city it serves. */
  readonly siteName: string;
  readonly longitudeDeg: number;
  readonly latitudeDeg: number;
  readonly beam: Beam;
  /** Whether photons leave the satellite for this station now. */
  readonly lit: boolean;
  /** Whether the adversary's switch is on. */
  readonly tapped: boolean;
}

/** The stations as both pictures of the Earth draw them. */
export function stationMarks(observed: Observed): readonly StationMark[] {
  return linkViews(observed).map(({ station, siteName, state, tap }) => {
    const lit = station.beam === 'quantum';
    const tapped = tap?.on === true;
    const beam = state === 'dropped' ? 'dropped' : !lit ? 'idle' : tapped ? 'tapped' : 'quantum';
    return {
      id: station.id,
      name: station.name,
      siteName,
      longitudeDeg: station.longitudeDeg,
      latitudeDeg: station.latitudeDeg,
      beam,
      lit,
      tapped,
    };
  });
}

/** Middle of several longitudes on the circle, degrees; 0 for none. */
export function middleLongitude(places: readonly { readonly longitudeDeg: number }[]): number {
  let east = 0;
  let north = 0;
  for (const { longitudeDeg } of places) {
    east += Math.sin((longitudeDeg * Math.PI) / 180);
    north += Math.cos((longitudeDeg * Math.PI) / 180);
  }
  return places.length === 0 ? 0 : (Math.atan2(east, north) * 180) / Math.PI;
}

/** Index of the point of a track that is nearest to a place: the present between past and future. */
export function nearestOnTrack(
  track: readonly (readonly [number, number])[],
  place: { readonly longitudeDeg: number; readonly latitudeDeg: number },
): number {
  const squash = Math.cos((place.latitudeDeg * Math.PI) / 180);
  let nearest = 0;
  let least = Number.POSITIVE_INFINITY;
  for (const [index, [longitudeDeg, latitudeDeg]] of track.entries()) {
    const east = (((longitudeDeg - place.longitudeDeg + 540) % 360) - 180) * squash;
    const distance = Math.hypot(east, latitudeDeg - place.latitudeDeg);
    if (distance < least) {
      nearest = index;
      least = distance;
    }
  }
  return nearest;
}
