/**
 * Light scattered once in clear air over a round Earth: the sky while the source stands above the horizon, and its
 * first decline after it has set. Molecules and aerosol thin out exponentially; gases do not absorb, so that inside
 * the bands of water and oxygen (760, 820, 940, 1130, 1400 nm) the true sky is darker.
 */
import { airmass } from '../air/atmosphere.ts';
import { rayleighOpticalDepth } from '../air/haze.ts';
import { gaussLegendre } from '../numerics/quadrature.ts';
import { cosBetween, RAD } from './radiance.ts';

/** A direction over a station's horizon. */
export interface SkyPoint {
  readonly elevationDeg: number;
  readonly azimuthDeg: number;
}

/** Vertical optical depths over a place at one wavelength, and how much of the aerosol's is scattering. */
export interface ClearAir {
  readonly heightKm: number;
  readonly rayleigh: number;
  readonly aerosol: number;
  readonly aerosolAlbedo: number;
}

/** Scale heights, km. Of the aerosol: an assumption, 1 to 2 km being usual. */
const RAYLEIGH_KM = 8;
const AEROSOL_KM = 1.5;
/** Aerosol optical depth at sea level and 500 nm: an assumption, clear rural air. */
const TURBIDITY = 0.1;
/** Mean cosine of scattering by rural aerosol, as Bird & Riordan 1984 suggest. */
const ASYMMETRY = 0.65;

const EARTH_KM = 6371;
const TOP_KM = 100;

/**
 * Clear air over a station: molecules by Bodhaine et al. 1999, aerosol by the rural model of Bird & Riordan, Simple Solar
 * Spectral Model, SERI TR-215-2436 (1984), exponent 1.14.
 */
export function clearAir(wavelengthNm: number, stationHeightM: number): ClearAir {
  const heightKm = stationHeightM / 1000;
  return {
    heightKm,
    rayleigh: rayleighOpticalDepth({ wavelengthNm, pressureHPa: 1013.25 * Math.exp(-heightKm / RAYLEIGH_KM) }),
    aerosol: Math.exp(-heightKm / AEROSOL_KM) * TURBIDITY * (wavelengthNm / 500) ** -1.14,
    aerosolAlbedo: 0.945 * Math.exp(-0.095 * Math.log(wavelengthNm / 400) ** 2),
  };
}

/** Vertical optical depth of scattering alone. */
export const scatteringDepth = (air: ClearAir) => air.rayleigh + air.aerosolAlbedo * air.aerosol;

/** What clear air lets through from space to an elevation. */
export function clearTransmittance(air: ClearAir, elevationDeg: number): number {
  return Math.exp(-(air.rayleigh + air.aerosol) * airmass(elevationDeg));
}

/** How much more an evenly lit layer of air scatters towards an elevation than down from the zenith, 1 or more. */
export function slantGain(air: ClearAir, elevationDeg: number): number {
  const depth = scatteringDepth(air);
  return Math.expm1(-depth * airmass(elevationDeg)) / Math.expm1(-depth);
}

/**
 * Chapman's function for large x = radius over scale height: slant over vertical optical depth towards a direction at
 * or above the horizontal. Closed form of Fitzmaurice, Appl. Opt. 3:640 (1964), with exp(y^2) erfc(y) of Smith & Smith,
 * J. Geophys. Res. 77:3592 (1972); within 1.5 %.
 */
function chapman(x: number, cosine: number): number {
  const y = cosine * Math.sqrt(x / 2);
  return (Math.sqrt((Math.PI * x) / 2) * (1.0606963 + 0.55643831 * y)) / (1.0619896 + 1.7245609 * y + y * y);
}

/** Optical depth from a point out to space; the ray must miss the ground. `vertical` is the depth at `groundKm`. */
function depthToSpace(vertical: number, groundKm: number, scaleKm: number, radiusKm: number, cosine: number): number {
  const at = (radius: number, cos: number) =>
    vertical * Math.exp((EARTH_KM + groundKm - radius) / scaleKm) * chapman(radius / scaleKm, cos);
  if (cosine >= 0) return at(radiusKm, cosine);
  return 2 * at(radiusKm * Math.sqrt(1 - cosine * cosine), 0) - at(radiusKm, -cosine);
}

const RULE = gaussLegendre(6);

/** Heights above the lowest lit point at which panels of the quadrature meet, km: exact to 1e-3. */
const PANELS_KM = [0, 2, 8, 25] as const;

/**
 * Radiance of once-scattered light per irradiance of a distant source above the air, sr^-1, from a station along
 * `view` (at or above the horizon). The source may be under the horizon: the shadow of the Earth, with sea level all
 * around, is then cut out of the line of sight. With `phase` 'even', scattering favours no direction.
 *
 * Aerosol scatters by Henyey & Greenstein, which is too dark within some 10 degrees of the source.
 */
export function scatteredOnce(air: ClearAir, view: SkyPoint, source: SkyPoint, phase: 'true' | 'even'): number {
  const radius0 = EARTH_KM + air.heightKm;
  const up = Math.sin(view.elevationDeg * RAD);
  const sourceUp = Math.sin(source.elevationDeg * RAD);
  const cosine = cosBetween(view, source);
  const [rayleighPhase, aerosolPhase] =
    phase === 'even'
      ? [1, 1]
      : [0.75 * (1 + cosine * cosine), (1 - ASYMMETRY ** 2) / (1 + ASYMMETRY ** 2 - 2 * ASYMMETRY * cosine) ** 1.5];
  const rayleighStrength = (air.rayleigh / RAYLEIGH_KM) * (rayleighPhase / (4 * Math.PI));
  const aerosolStrength = ((air.aerosolAlbedo * air.aerosol) / AEROSOL_KM) * (aerosolPhase / (4 * Math.PI));
  const toSpace = (radiusKm: number, cos: number) =>
    depthToSpace(air.rayleigh, air.heightKm, RAYLEIGH_KM, radiusKm, cos) +
    depthToSpace(air.aerosol, air.heightKm, AEROSOL_KM, radiusKm, cos);
  const wholeView = toSpace(radius0, up);
  const pathTo = (radiusKm: number) => -radius0 * up + Math.sqrt(radiusKm ** 2 - radius0 ** 2 * (1 - up * up));

  const integrand = (s: number) => {
    const radiusKm = Math.sqrt(radius0 ** 2 + 2 * radius0 * s * up + s * s);
    const heightKm = radiusKm - radius0;
    const depth =
      wholeView -
      toSpace(radiusKm, (radius0 * up + s) / radiusKm) +
      toSpace(radiusKm, (radius0 * sourceUp + s * cosine) / radiusKm);
    const strength =
      rayleighStrength * Math.exp(-heightKm / RAYLEIGH_KM) + aerosolStrength * Math.exp(-heightKm / AEROSOL_KM);
    return strength * Math.exp(-depth);
  };

  let sum = 0;
  for (const [from, to] of litParts(radius0, up, sourceUp, cosine, pathTo(EARTH_KM + TOP_KM))) {
    const lowestKm = Math.sqrt(radius0 ** 2 + 2 * radius0 * from * up + from * from);
    const edges = [...PANELS_KM.map((km) => pathTo(lowestKm + km)).filter((s) => s < to), to];
    edges[0] = from;
    for (let panel = 1; panel < edges.length; panel++) {
      const [start, width] = [edges[panel - 1]!, edges[panel]! - edges[panel - 1]!];
      for (let i = 0; i < RULE.nodes.length; i++) {
        sum += RULE.weights[i]! * width * integrand(start + RULE.nodes[i]! * width);
      }
    }
  }
  return sum;
}

/**
 * The parts of a line of sight, km from the station to `end`, outside the Earth's shadow: the cylinder of the Earth's
 * radius behind the Earth.
 */
function litParts(radius0: number, up: number, sourceUp: number, cosine: number, end: number): [number, number][] {
  // Distance from the shadow's axis, squared, less the Earth's radius squared, is a s^2 + 2 b s + c.
  const a = 1 - cosine * cosine;
  const b = radius0 * (up - sourceUp * cosine);
  const c = radius0 ** 2 * (1 - sourceUp ** 2) - EARTH_KM ** 2;
  // Behind the Earth where radius0 sourceUp + cosine s is below zero.
  const turn = cosine === 0 ? Number.NaN : (-radius0 * sourceUp) / cosine;
  const behind: [number, number] =
    cosine === 0 ? (sourceUp < 0 ? [0, end] : [end, end]) : cosine > 0 ? [0, turn] : [turn, end];
  const root = b * b - a * c;
  let inside: [number, number] = [end, end];
  if (a < 1e-15) inside = c < 0 ? [0, end] : [end, end];
  else if (root > 0) inside = [(-b - Math.sqrt(root)) / a, (-b + Math.sqrt(root)) / a];
  const from = Math.min(end, Math.max(0, behind[0], inside[0]));
  const to = Math.min(end, behind[1], inside[1]);
  if (to <= from) return [[0, end]];
  return (
    [
      [0, from],
      [to, end],
    ] as [number, number][]
  ).filter(([start, stop]) => stop > start);
}
