/** What turbulent air does to a beam that crosses it: it spreads and wanders. Up it counts, down it does not. */

import { demand, demandPositive, OpticsError } from '../error.ts';
import { memoryS } from '../fading/memory.ts';
import { logGamma } from '../numerics/gamma.ts';
import { gaussLegendre } from '../numerics/quadrature.ts';
import { layersOver, slant, waveNumber } from './cn2.ts';
import { coherenceM, demandAboveAir, type MovingPath, type SlantPath } from './turbulence.ts';
import { windAbove } from './wind.ts';

/** A beam between the ground and a point above the air. */
export interface BeamPath extends SlantPath {
  /** 1/e^2 radius of the intensity where the beam leaves its terminal, collimated. */
  readonly transmitterRadiusM: number;
  readonly rangeKm: number;
}

/** The spot at the far end, as 1/e^2 radii of Gaussians that are as bright on the axis. */
export interface Spot {
  /** Without air. */
  readonly diffractiveRadiusM: number;
  /** In the mean over times long against wander. */
  readonly longTermRadiusM: number;
  /** In the mean about its own centre. */
  readonly shortTermRadiusM: number;
  /** Distance of its centre from the axis, root mean square over both axes together. */
  readonly wanderM: number;
}

/** 4 pi^2 0.033 (gamma(1/6) / 2) 4^(1/6): variance of the centroid of a Gaussian beam, over both axes. */
const WANDER = 2 * Math.PI ** 2 * 0.033 * Math.exp(logGamma(1 / 6)) * 4 ** (1 / 6);

/** Kummer's function 1F1(1/6; 1; -x) for x of 0 or more (Abramowitz & Stegun 13.1.2, 13.1.27, 13.5.1). */
export function tiltCorrelation(x: number): number {
  if (x > 40) {
    const a = 1 / 6;
    const series = 1 + (a * a) / x + (a * a * (a + 1) ** 2) / (2 * x * x) + (a * (a + 1) * (a + 2)) ** 2 / (6 * x ** 3);
    return (x ** -a * series) / Math.exp(logGamma(1 - a));
  }
  let term = Math.exp(-x);
  let sum = term;
  for (let n = 0; term > sum * 1e-17 || n < x; n++) sum += term *= ((5 / 6 + n) * x) / (n + 1) ** 2;
  return sum;
}

const rule = gaussLegendre(16, 4);
/** Upper end of the integral over the autocorrelation of the beam: exp(-5^2) is left out. */
const REACH = 5;

/**
 * Mean irradiance on the axis over that without air, from the extended Huygens-Fresnel integral of a Gaussian beam,
 * int_0^inf 2u exp(-u^2 - 3.44 (D u / 2 r0)^(5/3) + t u^2) du, D being `width` times r0. `tilt` is t, the variance of
 * wander that is taken away, in units of half the squared radius. It takes from the exponent what is quadratic there
 * (Fried's short exposure, JOSA 56:1372, 1966), up to where the exponent has its maximum: beyond, at the beam's edge, the
 * difference would fall again, as no phase that has lost its tilt does.
 */
function axisIrradiance(width: number, tilt: number): number {
  const spread = 3.44 * (width / 2) ** (5 / 3);
  const highest = ((5 / 6) * (spread / tilt)) ** 3;
  let sum = 0;
  for (let i = 0; i < rule.nodes.length; i++) {
    // Dense at 0, where strong turbulence leaves all there is.
    const v = rule.nodes[i]!;
    const u = REACH * v * v * v;
    const near = Math.min(u, highest);
    sum += rule.weights[i]! * v * v * u * Math.exp(-u * u - spread * near ** (5 / 3) + tilt * near * near);
  }
  return 6 * REACH * sum;
}

/** A beam on its way, layer by layer; either direction, what differs is at which end of the range the air is. */
function crossing(path: BeamPath, from: 'ground' | 'space') {
  const { wavelengthNm, elevationDeg, transmitterRadiusM, rangeKm, profile, stationHeightM } = path;
  demandPositive('transmitterRadiusM', transmitterRadiusM);
  const stretch = slant(elevationDeg);
  const rangeM = demandAboveAir(rangeKm, stationHeightM, stretch);
  const rayleighM = (waveNumber(wavelengthNm) * transmitterRadiusM ** 2) / 2;
  const radiusAt = (distanceM: number) => transmitterRadiusM * Math.hypot(1, distanceM / rayleighM);
  const { heightsM, strengths } = layersOver({ profile, stationHeightM });
  const count = heightsM.length;
  const [aboveM, radiiM, wanders] = [new Float64Array(count), new Float64Array(count), new Float64Array(count)];
  let wanderM2 = 0;
  for (let i = 0; i < count; i++) {
    const s = heightsM[i]! * stretch;
    const [beforeM, behindM] = from === 'ground' ? [s, rangeM - s] : [rangeM - s, s];
    aboveM[i] = s;
    radiiM[i] = radiusAt(beforeM);
    wanderM2 += wanders[i] = WANDER * stretch * strengths[i]! * behindM ** 2 * radiiM[i]! ** (-1 / 3);
  }
  return {
    stretch,
    rangeM,
    rayleighM,
    diffractiveRadiusM: radiusAt(rangeM),
    heightsM,
    aboveM,
    radiiM,
    wanders,
    wanderM2,
  };
}

/**
 * `lagRad`: tilt is measured by light that comes from this angle beside the beam and taken away; null for a beam that is
 * left alone.
 */
function spotThroughAir(path: BeamPath, from: 'ground' | 'space', lagRad: number | null): Spot {
  const { rangeM, rayleighM, diffractiveRadiusM, aboveM, radiiM, wanders, wanderM2 } = crossing(path, from);
  let common = 0;
  for (let i = 0; lagRad !== null && i < wanders.length; i++) {
    common += wanders[i]! * tiltCorrelation(((lagRad * aboveM[i]!) / radiiM[i]!) ** 2);
  }
  // What the best gain takes away of a variance, given a measurement that is correlated with it.
  const removed = (common / wanderM2) ** 2;
  const width =
    (Math.sqrt(8) * path.transmitterRadiusM) / coherenceM({ ...path, end: from }) / Math.hypot(1, rayleighM / rangeM);
  const relative = (2 * wanderM2) / diffractiveRadiusM ** 2;
  const radiusM = (tilt: number) => diffractiveRadiusM / Math.sqrt(axisIrradiance(width, tilt * relative));
  return {
    diffractiveRadiusM,
    longTermRadiusM: radiusM(removed),
    shortTermRadiusM: radiusM(1),
    wanderM: Math.sqrt((1 - removed) * wanderM2),
  };
}

/**
 * The spot of an uplink at the satellite.
 *
 * - Spread: the radius that is as bright on the axis as the extended Huygens-Fresnel integral, whose closed form is
 *   W (1 + (sqrt(8) W0 / r0)^(5/3))^(3/5) (Andrews, Phillips, Sasiela & Parenti, Opt. Eng. 45:076001, 2006).
 * - Wander: of the centroid, geometric optics of a Gaussian beam in Kolmogorov turbulence, 4.57 int Cn2 (L - s)^2
 *   W(s)^(-1/3) ds, the G-tilt 0.34 (lambda/2W0)^2 (2W0/r0)^(5/3) L^2 for a collimated beam. The same reference
 *   has 0.54 in place of 0.34: it follows the brightest spot, while tilt control and energy follow the centroid.
 * - `correctedTilt`: the tilt of light from the satellite is measured and taken away with the best gain. What comes
 *   `pointAheadRad` (0 when left out) beside the beam crosses other air; the residual is 1 - c^2 of the variance, c being
 *   the correlation of the two tilts over the same Gaussian beam. Servo lag and noise are not in it.
 *
 * The wave between the terminals is the same both ways, so that a receiver on the ground with the same Gaussian mode
 * loses as much.
 * @throws OpticsError `optics/parameter`, `optics/elevation`, `optics/range` for a satellite inside the air
 */
export function uplinkBeam({
  correctedTilt = false,
  pointAheadRad = 0,
  ...path
}: BeamPath & { readonly correctedTilt?: boolean; readonly pointAheadRad?: number }): Spot {
  demand('pointAheadRad', pointAheadRad, 0, Math.PI);
  return spotThroughAir(path, 'ground', correctedTilt ? pointAheadRad : null);
}

/**
 * The spot of a downlink on the ground, by the same integrals: the air is at the end of the way, where a beam that has
 * metres of width and no way to go neither spreads nor wanders.
 * @throws OpticsError `optics/parameter`, `optics/elevation`, `optics/range` for a satellite inside the air
 */
export function downlinkBeam(path: BeamPath): Spot {
  return spotThroughAir(path, 'space', null);
}

/**
 * Time, s, in which the correlation of an uplink's wander falls to 1/e: each layer's share with the correlation of the
 * tilt of two beams that lie beside each other by what the wind and the slew have moved it. Kolmogorov's infinite outer
 * scale gives it a long memory: some 14 radii of the beam.
 * @throws OpticsError `optics/parameter`, also for still air, `optics/elevation`, `optics/range`
 */
export function wanderTimeS({ slewRadS = 0, ...path }: BeamPath & MovingPath): number {
  const { stretch, heightsM, radiiM, wanders, wanderM2 } = crossing(path, 'ground');
  const wind = windAbove({ ...path.profile, slewRadS: slewRadS * stretch, stationHeightM: path.stationHeightM });
  const rates = heightsM.map((heightM, i) => wind(heightM) / radiiM[i]!);
  const fastest = rates.reduce((most, rate) => Math.max(most, rate), 0);
  if (fastest === 0) {
    throw new OpticsError(
      'optics/parameter',
      'profile.windMS and slewRadS are 0; fading needs air that moves, above 0',
    );
  }
  const correlation = (timeS: number) =>
    wanders.reduce((sum, wander, i) => sum + wander * tiltCorrelation((timeS * rates[i]!) ** 2), 0) / wanderM2;
  return memoryS(correlation, 1 / fastest);
}
