/**
 * A camera far above a round Earth (orthographic view), for things on the ground and things at height. For the ground
 * it agrees with `geoOrthographic` of d3-geo, which draws the land under it.
 */

/** Mean radius of the Earth, km (IUGG). */
export const EARTH_RADIUS_KM = 6371.0088;

export interface Camera {
  /** Point of the Earth under the camera. North is up. */
  readonly longitudeDeg: number;
  readonly latitudeDeg: number;
  /** Radius of the Earth on the screen, px. */
  readonly radius: number;
  /** Where the Earth's centre is on the screen, px. */
  readonly x: number;
  readonly y: number;
}

export interface Spot {
  readonly x: number;
  readonly y: number;
  /** On the near half of space, in front of the Earth's centre. */
  readonly near: boolean;
  /** Whether the Earth is not in between. */
  readonly visible: boolean;
}

const RADIAN = Math.PI / 180;

export function project(camera: Camera, longitudeDeg: number, latitudeDeg: number, heightKm = 0): Spot {
  const meridian = (longitudeDeg - camera.longitudeDeg) * RADIAN;
  const latitude = latitudeDeg * RADIAN;
  const centre = camera.latitudeDeg * RADIAN;
  const distance = 1 + heightKm / EARTH_RADIUS_KM;
  const right = Math.cos(latitude) * Math.sin(meridian);
  const up = Math.cos(centre) * Math.sin(latitude) - Math.sin(centre) * Math.cos(latitude) * Math.cos(meridian);
  const towards = Math.sin(centre) * Math.sin(latitude) + Math.cos(centre) * Math.cos(latitude) * Math.cos(meridian);
  return {
    x: camera.x + camera.radius * distance * right,
    y: camera.y - camera.radius * distance * up,
    near: towards >= 0,
    visible: towards >= 0 || distance * Math.hypot(right, up) > 1,
  };
}

/** The whole Earth in a panel. */
export function wholeEarth(width: number, height: number, longitudeDeg: number, latitudeDeg: number): Camera {
  return { longitudeDeg, latitudeDeg, radius: Math.min(width, height) * 0.4, x: width / 2, y: height / 2 };
}

/** How far beside the station the camera stands: enough that the horizon closes the picture behind it. */
const TILT_DEG = 58;
/** In a panel wider than this (width over height) more Earth is shown at the sides, so that the horizon stays in it. */
const WIDEST = 1.25;

/**
 * A station in the lower middle of a panel, seen at a slant with the horizon behind it; `halfWidthDeg` of Earth fit
 * on each side.
 */
export function overStation(
  width: number,
  height: number,
  station: { readonly longitudeDeg: number; readonly latitudeDeg: number },
  halfWidthDeg: number,
): Camera {
  const side = station.latitudeDeg >= 0 ? -1 : 1;
  const radius = Math.min(width, height * WIDEST) / 2 / Math.sin(halfWidthDeg * RADIAN);
  const latitudeDeg = station.latitudeDeg + side * TILT_DEG;
  const lift = radius * Math.sin(TILT_DEG * RADIAN) * -side;
  return {
    longitudeDeg: station.longitudeDeg,
    latitudeDeg,
    radius,
    x: width / 2,
    y: height * (side < 0 ? 0.72 : 0.28) + lift,
  };
}

/** Between two cameras; the scale goes geometrically, as a zoom does. */
export function glide(from: Camera, to: Camera, share: number): Camera {
  const mix = (a: number, b: number) => a + (b - a) * share;
  const around = ((to.longitudeDeg - from.longitudeDeg + 540) % 360) - 180;
  return {
    longitudeDeg: from.longitudeDeg + around * share,
    latitudeDeg: mix(from.latitudeDeg, to.latitudeDeg),
    radius: from.radius * (to.radius / from.radius) ** share,
    x: mix(from.x, to.x),
    y: mix(from.y, to.y),
  };
}

/** Slow, quick, slow. */
export function ease(share: number): number {
  const t = Math.min(Math.max(share, 0), 1);
  return t * t * (3 - 2 * t);
}
