/** How turbulent the air is at each height. */
import { demand, demandPositive, OpticsError } from '../error.ts';
import type { TurbulenceProfile } from '../link/link.ts';
import { gaussLegendre } from '../numerics/quadrature.ts';

/** Above this height, m above sea level, the air is taken to be still: 0.01 % of the isoplanatic integral is missing. */
export const TOP_OF_TURBULENCE_M = 30_000;

/** A station and the air over it. */
export interface AirColumn {
  readonly profile: TurbulenceProfile;
  /** Above sea level. */
  readonly stationHeightM: number;
}

/** @throws OpticsError `optics/parameter` */
export function checkColumn({ profile, stationHeightM }: AirColumn): void {
  demand('profile.windMS', profile.windMS, 0, Number.POSITIVE_INFINITY);
  demand('profile.groundCn2', profile.groundCn2, 0, Number.POSITIVE_INFINITY);
  // The Dead Sea and the highest observatory are inside.
  demand('stationHeightM', stationHeightM, -500, 9_000);
}

const strength = ({ windMS, groundCn2 }: TurbulenceProfile, stationHeightM: number, heightM: number) => {
  const km = heightM / 1000;
  const jet = 0.00594 * (windMS / 27) ** 2 * 1e-20 * km ** 10 * Math.exp(-km);
  const free = 2.7e-16 * Math.exp(-km / 1.5);
  return jet + free + groundCn2 * Math.exp(-(heightM - stationHeightM) / 100);
};

/**
 * Refractive-index structure constant, m^(-2/3): the generalised Hufnagel-Valley profile (ITU-R P.1621; Andrews &
 * Phillips, Laser Beam Propagation through Random Media, 2nd ed. 2005, ch. 12). The first two terms go with the height
 * above sea level, the surface layer with the height above the station, so that a mountain has a surface layer of its
 * own and less air above it.
 * @throws OpticsError `optics/parameter`, also for a height below the station
 */
export function cn2({ profile, stationHeightM, heightM }: AirColumn & { readonly heightM: number }): number {
  checkColumn({ profile, stationHeightM });
  demand('heightM', heightM, stationHeightM, Number.POSITIVE_INFINITY);
  return strength(profile, stationHeightM, heightM);
}

const rule = gaussLegendre(16, 4);

/** The air over a station as thin layers, vertical. */
export interface Layers {
  /** Heights above the station, m. */
  readonly heightsM: Float64Array;
  /** What each adds to the integral of Cn2 over height, m^(1/3). */
  readonly strengths: Float64Array;
}

/**
 * Layers that integrate the profile times any power of the height above the station from 0 on within 1e-8: Gauss's
 * nodes in the cube root of the height, which is dense where the surface layer is.
 * @throws OpticsError `optics/parameter`
 */
export function layersOver(column: AirColumn, topM = TOP_OF_TURBULENCE_M): Layers {
  checkColumn(column);
  demand('topM', topM, 0, Number.POSITIVE_INFINITY);
  const { profile, stationHeightM } = column;
  const depthM = topM - stationHeightM;
  if (depthM <= 0) throw new OpticsError('optics/parameter', `topM is ${topM}; it must be above the station`);
  const heightsM = new Float64Array(rule.nodes.length);
  const strengths = new Float64Array(rule.nodes.length);
  for (let i = 0; i < heightsM.length; i++) {
    const u = rule.nodes[i]!;
    const aboveM = depthM * u * u * u;
    heightsM[i] = aboveM;
    strengths[i] = strength(profile, stationHeightM, stationHeightM + aboveM) * 3 * depthM * u * u * rule.weights[i]!;
  }
  return { heightsM, strengths };
}

/** Integral of Cn2 times the height above the station to a power, m^(1/3 + power). */
export function moment({ heightsM, strengths }: Layers, power: number): number {
  let sum = 0;
  for (let i = 0; i < heightsM.length; i++) sum += strengths[i]! * heightsM[i]! ** power;
  return sum;
}

/** Wave number, rad/m. @throws OpticsError `optics/parameter` */
export function waveNumber(wavelengthNm: number): number {
  demandPositive('wavelengthNm', wavelengthNm);
  return (2 * Math.PI) / (wavelengthNm * 1e-9);
}

/**
 * Length of the slanted path over the vertical one, 1 / sin(elevation), for air in flat layers: 3 % too long at 10
 * degrees, 11 % at 5.
 * @throws OpticsError `optics/elevation` unless above 0 and at most 90 degrees
 */
export function slant(elevationDeg: number): number {
  if (!(elevationDeg > 0 && elevationDeg <= 90)) {
    throw new OpticsError(
      'optics/elevation',
      `elevationDeg is ${elevationDeg}; turbulence is described above 0 and up to 90 degrees`,
    );
  }
  return 1 / Math.sin((elevationDeg * Math.PI) / 180);
}
