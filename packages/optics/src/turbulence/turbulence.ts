/**
 * What turbulent air does to a wave's phase: over which width, angle and time the wave stays the same. Kolmogorov's
 * spectrum with an infinite outer scale throughout.
 */

import { demandPositive, OpticsError } from '../error.ts';
import { type AirColumn, layersOver, moment, slant, TOP_OF_TURBULENCE_M, waveNumber } from './cn2.ts';
import { windAbove } from './wind.ts';

/** A line of sight through the air over a station. */
export interface SlantPath extends AirColumn {
  readonly wavelengthNm: number;
  readonly elevationDeg: number;
}

/**
 * Fried parameter, m, of a plane wave that comes down: [0.423 k^2 sec(zeta) int Cn2 dh]^(-3/5) (Fried, JOSA 56:1372,
 * 1966; ITU-R P.1621, eq. 8a). 5 cm for HV-5/7 in the zenith at 500 nm.
 * @throws OpticsError `optics/parameter`, `optics/elevation`
 */
export function friedParameterM({ wavelengthNm, elevationDeg, ...column }: SlantPath): number {
  const k = waveNumber(wavelengthNm);
  return (0.423 * k * k * slant(elevationDeg) * moment(layersOver(column), 0)) ** (-3 / 5);
}

/**
 * Fried parameter, m, that spreads an uplink: of the spherical wave between the ground and a point at `rangeKm`, in the
 * plane of the ground terminal, with the weight (1 - s/L)^(5/3) along the path. It is the same for light that goes up
 * and for light that comes down between the two points (Andrews & Phillips 2005, ch. 12; Shapiro, JOSA 61:492, 1971),
 * hardly above `friedParameterM` for a satellite.
 * @throws OpticsError `optics/parameter`, `optics/elevation`, `optics/range` for an end inside the air
 */
export function friedParameterUplinkM({ rangeKm, ...path }: SlantPath & { readonly rangeKm: number }): number {
  return coherenceM({ ...path, rangeKm, end: 'ground' });
}

/**
 * The same wave's Fried parameter in the plane of either end: at the far one the weight is (s/L)^(5/3), and the air,
 * which is all at the near end, hardly counts.
 */
export function coherenceM({
  wavelengthNm,
  elevationDeg,
  rangeKm,
  end,
  ...column
}: SlantPath & { readonly rangeKm: number; readonly end: 'ground' | 'space' }): number {
  const k = waveNumber(wavelengthNm);
  const { heightsM, strengths } = layersOver(column);
  const stretch = slant(elevationDeg);
  const rangeM = demandAboveAir(rangeKm, column.stationHeightM, stretch);
  let sum = 0;
  for (let i = 0; i < heightsM.length; i++) {
    const share = (heightsM[i]! * stretch) / rangeM;
    sum += strengths[i]! * (end === 'ground' ? 1 - share : share) ** (5 / 3);
  }
  return (0.423 * k * k * stretch * sum) ** (-3 / 5);
}

/** The range in metres, of an end that is above the air. @throws OpticsError `optics/parameter`, `optics/range` */
export function demandAboveAir(rangeKm: number, stationHeightM: number, stretch: number): number {
  demandPositive('rangeKm', rangeKm);
  const airKm = ((TOP_OF_TURBULENCE_M - stationHeightM) * stretch) / 1000;
  if (rangeKm >= airKm) return rangeKm * 1000;
  const least = airKm.toFixed(1);
  throw new OpticsError(
    'optics/range',
    `rangeKm is ${rangeKm}; the other end must be above the air, ${least} km or more`,
  );
}

/**
 * Isoplanatic angle, rad: [2.914 k^2 sec^(8/3)(zeta) int Cn2 h^(5/3) dh]^(-3/5) (Fried, JOSA 72:52, 1982; ITU-R P.1621,
 * eq. 14a). 7 microrad for HV-5/7 in the zenith at 500 nm.
 * @throws OpticsError `optics/parameter`, `optics/elevation`
 */
export function isoplanaticAngleRad({ wavelengthNm, elevationDeg, ...column }: SlantPath): number {
  const k = waveNumber(wavelengthNm);
  return (2.914 * k * k * slant(elevationDeg) ** (8 / 3) * moment(layersOver(column), 5 / 3)) ** (-3 / 5);
}

/** sec(zeta) times the integral of Cn2 V^(5/3), V being the wind across the line of sight. */
function windMoment({ profile, stationHeightM, elevationDeg, slewRadS = 0 }: MovingPath): number {
  const { heightsM, strengths } = layersOver({ profile, stationHeightM });
  const stretch = slant(elevationDeg);
  const wind = windAbove({ ...profile, slewRadS: slewRadS * stretch, stationHeightM });
  let sum = 0;
  for (let i = 0; i < heightsM.length; i++) sum += strengths[i]! * wind(heightsM[i]!) ** (5 / 3);
  return stretch * sum;
}

/** A line of sight that may follow a satellite. */
export interface MovingPath extends SlantPath {
  /** Angular rate of the line of sight; 0 when left out. */
  readonly slewRadS?: number;
}

/**
 * Greenwood frequency, Hz, up to which adaptive optics must follow: [0.102 k^2 sec(zeta) int Cn2 V^(5/3) dh]^(3/5)
 * (Greenwood, JOSA 67:390, 1977), with Bufton's wind and the slew.
 * @throws OpticsError `optics/parameter`, `optics/elevation`
 */
export function greenwoodHz(path: MovingPath): number {
  return (0.102 * waveNumber(path.wavelengthNm) ** 2 * windMoment(path)) ** (3 / 5);
}

/**
 * Time, s, in which the phase changes by 1 rad rms: [2.914 k^2 sec(zeta) int Cn2 V^(5/3) dh]^(-3/5) (Roddier, Gilli &
 * Lund, J. Optics 13:263, 1982), which is 0.134 / Greenwood frequency.
 * @throws OpticsError `optics/parameter`, `optics/elevation`
 */
export function coherenceTimeS(path: MovingPath): number {
  return (2.914 * waveNumber(path.wavelengthNm) ** 2 * windMoment(path)) ** (-3 / 5);
}
