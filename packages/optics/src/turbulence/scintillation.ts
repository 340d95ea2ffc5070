/** What turbulent air does to a wave's irradiance: how deep it fluctuates, by which law, and how fast. */

import { demand, OpticsError } from '../error.ts';
import { memoryS } from '../fading/memory.ts';
import type { Direction } from '../link/link.ts';
import { layersOver, moment, slant, TOP_OF_TURBULENCE_M, waveNumber } from './cn2.ts';
import { demandAboveAir, type MovingPath, type SlantPath } from './turbulence.ts';
import { windAbove } from './wind.ts';

/** Effective height of turbulence in ITU-R P.1622, m. Integrating to 60 km makes its Table 2 up to 0.005 too large. */
const ITU_TOP_M = 20_000;

/** Coefficient of ITU-R P.1622, eq. 4a, which has one digit more, 2.253. */
const RYTOV = 2.25;

/**
 * Rytov variance above which fluctuations count as strong and follow the gamma-gamma law: first-order theory needs it
 * below 1 (Andrews & Phillips 2005, ch. 5).
 */
export const STRONG_RYTOV_VARIANCE = 1;

/**
 * Variance of the log-irradiance of weak fluctuations over a point: ITU-R P.1622, eq. 4a, 2.25 k^(7/6)
 * csc^(11/6)(elevation) times the integral of Cn2 (h - h0)^(5/6) from the station to 20 km above sea level. The same up
 * and down.
 * @throws OpticsError `optics/parameter`, `optics/elevation`
 */
export function logIrradianceVariance({
  wavelengthNm,
  elevationDeg,
  topM = ITU_TOP_M,
  ...column
}: SlantPath & {
  /** Above sea level. */
  readonly topM?: number;
}): number {
  const k = waveNumber(wavelengthNm);
  return RYTOV * k ** (7 / 6) * slant(elevationDeg) ** (11 / 6) * moment(layersOver(column, topM), 5 / 6);
}

/** A line of sight with the way of the light and the aperture that collects it. */
export interface ScintillatingPath extends SlantPath {
  readonly direction: Exclude<Direction, 'space'>;
  readonly apertureDiameterM: number;
  /** Distance of the far end; a plane wave down and a point-like receiver up when left out. */
  readonly rangeKm?: number;
}

/**
 * The path layer by layer: slanted strengths, and the lengths squared that the receiver sees in each layer: Fresnel's,
 * s (1 - s/L) / k, and the aperture's as a Gaussian of D^2/16 (Andrews & Phillips 2005, ch. 10), shrunk to the layer
 * along the rays from the source.
 */
function scales({ direction, wavelengthNm, elevationDeg, apertureDiameterM, rangeKm, ...column }: ScintillatingPath) {
  demand('apertureDiameterM', apertureDiameterM, 0, Number.POSITIVE_INFINITY);
  const k = waveNumber(wavelengthNm);
  const stretch = slant(elevationDeg);
  const { heightsM, strengths } = layersOver(column, TOP_OF_TURBULENCE_M);
  const rangeM = rangeKm === undefined ? null : demandAboveAir(rangeKm, column.stationHeightM, stretch);
  const count = heightsM.length;
  const [slanted, fresnelM2, apertureM2] = [new Float64Array(count), new Float64Array(count), new Float64Array(count)];
  for (let i = 0; i < count; i++) {
    const s = heightsM[i]! * stretch;
    const share = rangeM === null ? 0 : s / rangeM;
    slanted[i] = strengths[i]! * stretch;
    fresnelM2[i] = (s * (1 - share)) / k;
    apertureM2[i] = (apertureDiameterM * (direction === 'down' ? 1 - share : share)) ** 2 / 16;
  }
  return { k, heightsM, slanted, fresnelM2, apertureM2 };
}

/** Re[(b + ia)^(5/6)] - b^(5/6): how much a layer adds, a being Fresnel's and b the aperture's length squared. */
function filtered(a: number, b: number): number {
  // Far below one the difference would be all rounding; this is the first term of its series.
  if (a < 1e-4 * b) return (5 / 72) * b ** (5 / 6) * (a / b) ** 2;
  return (a * a + b * b) ** (5 / 12) * Math.cos((5 / 6) * Math.atan2(a, b)) - b ** (5 / 6);
}

/** The factor that makes `filtered` over a point the 2.25 a^(5/6) of ITU-R P.1622: 8.69, 8.70 in the book. */
const FILTERED = RYTOV / Math.cos((5 * Math.PI) / 12);

/**
 * Weak-fluctuation variances of the log-irradiance over a point and over the aperture: Andrews & Phillips 2005, ch. 12,
 * 8.70 k^(7/6) sec^(11/6) Re int Cn2 [(kD^2/16L + i s/L)^(5/6) - (kD^2/16L)^(5/6)], to 30 km. The Gaussian that stands
 * in for the round aperture makes the zenith of HV-5/7 at 850 nm 16 % too deep at 0.2 m, 6 % too shallow at 2 m.
 */
function weakVariances({ k, slanted, fresnelM2, apertureM2 }: ReturnType<typeof scales>): [number, number] {
  let [point, aperture] = [0, 0];
  for (let i = 0; i < slanted.length; i++) {
    point += slanted[i]! * filtered(fresnelM2[i]!, 0);
    aperture += slanted[i]! * filtered(fresnelM2[i]!, apertureM2[i]!);
  }
  return [FILTERED * k * k * point, FILTERED * k * k * aperture];
}

/**
 * Variances of the logarithms of the large- and the small-scale factor of gamma-gamma, saturating with the Rytov
 * variance: Andrews & Phillips 2005, ch. 10, plane and spherical wave, d^2 = k D^2 / 4L.
 */
function twoScales(rytov: number, d2: number, direction: 'down' | 'up'): [number, number] {
  const strong = rytov ** (6 / 5);
  const [aperture, saturation] = direction === 'down' ? [0.65, 1.11] : [0.18, 0.56];
  const large = (0.49 * rytov) / (1 + aperture * d2 + saturation * strong) ** (7 / 6);
  const small = (0.51 * rytov) / (1 + 0.69 * strong) ** (5 / 6) / (1 + 0.9 * d2 + 0.62 * d2 * strong);
  return [large, small];
}

/**
 * The d^2 with which the formulas of a uniform path average as much as the layers do where fluctuations are weak. The
 * sum of both variances falls and is convex in d^2, so that Newton's method climbs to the root from 0.
 */
function equivalentAperture(averaging: number, direction: 'down' | 'up'): number {
  const factor = direction === 'down' ? 0.65 : 0.18;
  let d2 = 0;
  for (let round = 0; round < 100; round++) {
    const large = 1 + factor * d2;
    const small = 1 + 0.9 * d2;
    const excess = 0.49 * large ** (-7 / 6) + 0.51 / small - averaging;
    const slope = 0.49 * (7 / 6) * factor * large ** (-13 / 6) + (0.51 * 0.9) / small ** 2;
    if (excess < 1e-12 * averaging) break;
    d2 += excess / slope;
  }
  return d2;
}

/** How deep the irradiance fluctuates, and by which law. */
export interface Scintillation {
  /** Normalised variance of the collected power, <P^2>/<P>^2 - 1. */
  readonly index: number;
  readonly law: 'log-normal' | 'gamma-gamma';
  /** Parameters of the large and the small scale; null for log-normal. */
  readonly alphaBeta: readonly [number, number] | null;
}

/**
 * Scintillation of the light collected by an aperture. Down a plane wave, averaged over the aperture (no obscuration);
 * up a spherical wave from a point on the ground, of which a satellite collects a spot far smaller than its grain.
 *
 * Weak fluctuations are averaged layer by layer (`weakVariances`); the saturation of strong ones is that of Andrews &
 * Phillips for a uniform path (2005, ch. 9, 10), with the aperture that averages alike where fluctuations are weak.
 * Gamma-gamma above a Rytov variance of `STRONG_RYTOV_VARIANCE`, log-normal below; the index is continuous there.
 *
 * An uplink's wander is not in it (see `uplinkBeam`), nor are the speckles of a transmitter wider than the Fried
 * parameter, which make a tracked uplink fade more deeply than a point source.
 * @throws OpticsError `optics/parameter`, `optics/elevation`, `optics/range` for a far end inside the air
 */
export function scintillationIndex(path: ScintillatingPath): Scintillation {
  const [rytov, averaged] = weakVariances(scales(path));
  const [large, small] = twoScales(rytov, equivalentAperture(averaged / rytov, path.direction), path.direction);
  const index = Math.expm1(large + small);
  if (rytov <= STRONG_RYTOV_VARIANCE) return { index, law: 'log-normal', alphaBeta: null };
  return { index, law: 'gamma-gamma', alphaBeta: [1 / Math.expm1(large), 1 / Math.expm1(small)] };
}

/**
 * Shift of a layer, in units of the lengths above, at which the correlation of what it adds has fallen to 1/e: exactly
 * 1.2041 sqrt(s/k) for a point and 0.4528 D for a wide aperture (zeros of the weak-fluctuation covariance of a single
 * layer), and the root of the sum of squares between, at most 8 % too long.
 */
const FRESNEL_SHIFT2 = 1.2041 ** 2;
const APERTURE_SHIFT2 = 16 * 0.4528 ** 2;

/**
 * Time, s, in which the correlation of the log-irradiance falls to 1/e: every layer moves as it is across the line of
 * sight (Taylor's frozen flow, Bufton's wind plus slew) and forgets by exp(-(shift/length)^(5/3)). Weak fluctuations;
 * strong ones have a finer grain and change faster.
 * @throws OpticsError `optics/parameter`, `optics/elevation`, `optics/range`; `optics/parameter` too for still air
 */
export function scintillationTimeS(path: ScintillatingPath & MovingPath): number {
  const { heightsM, slanted, fresnelM2, apertureM2 } = scales(path);
  const slewRadS = (path.slewRadS ?? 0) * slant(path.elevationDeg);
  const wind = windAbove({ ...path.profile, slewRadS, stationHeightM: path.stationHeightM });
  const count = heightsM.length;
  const [shares, rates] = [new Float64Array(count), new Float64Array(count)];
  let [total, fastest] = [0, 0];
  for (let i = 0; i < count; i++) {
    total += shares[i] = slanted[i]! * filtered(fresnelM2[i]!, apertureM2[i]!);
    const lengthM = Math.sqrt(FRESNEL_SHIFT2 * fresnelM2[i]! + APERTURE_SHIFT2 * apertureM2[i]!);
    fastest = Math.max(fastest, (rates[i] = wind(heightsM[i]!) / lengthM));
  }
  if (!(fastest > 0)) {
    throw new OpticsError(
      'optics/parameter',
      'profile.windMS and slewRadS are 0; fading needs air that moves, above 0',
    );
  }
  const correlation = (timeS: number) => {
    let sum = 0;
    for (let i = 0; i < count; i++) sum += shares[i]! * Math.exp(-((timeS * rates[i]!) ** (5 / 3)));
    return sum / total;
  };
  return memoryS(correlation, 0.5 / fastest);
}
