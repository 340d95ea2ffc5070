/**
 * Extinction on the whole path from the ground to space, clear air. Turbulence, haze and cloud are not in it, and the
 * air above a mountain is taken to be as thick as above the sea.
 */
import { lossDbOf } from './decibel.ts';
import { demand, OpticsError } from './error.ts';

/** Where the zenith loss comes from: a transmittance somebody measured, or one of the tabulated wavelengths. */
export type Atmosphere =
  | { readonly zenithTransmittance: number }
  | { readonly model: 'modtran-785' | 'modtran-810' | 'modtran-850' };

/** Zenith losses, dB: MODTRAN, whole path to 500 km, as tabulated with SatQuMA (Sidhu et al., arXiv:2109.01686; MIT). */
const ZENITH_LOSS_DB = { 'modtran-785': 0.575, 'modtran-850': 0.481 } as const;

/**
 * The same source at 810 nm, elevation (deg) and loss (dB). A band of water vapour that is already black takes less
 * than its share of a longer path, so that the airmass law would be 0.9 dB too dark at 10 degrees.
 */
const TABLE_810 = [
  [90, 0.896],
  [60, 1.015],
  [30, 1.637],
  [20, 2.275],
  [10, 4.082],
] as const;

/** How far a wavelength may be from a tabulated one, nm: an assumption, in the absence of the full spectrum. */
const REACH_NM = 2;

/**
 * The model that covers a wavelength.
 * @throws OpticsError `optics/wavelength` when none does
 */
export function atmosphereAt(wavelengthNm: number): Atmosphere {
  for (const [model, modelNm] of [
    ['modtran-785', 785],
    ['modtran-810', 810],
    ['modtran-850', 850],
  ] as const) {
    if (Math.abs(wavelengthNm - modelNm) <= REACH_NM) return { model };
  }
  throw new OpticsError(
    'optics/wavelength',
    `wavelengthNm is ${wavelengthNm}; clear-air models exist within ${REACH_NM} nm of 785, 810 and 850 nm. ` +
      'For another wavelength give the zenith transmittance',
  );
}

/**
 * Relative airmass at an apparent elevation: 1 in the zenith, 5.59 at 10 degrees, 38 at the horizon
 * (Kasten & Young, Applied Optics 28:4735, 1989).
 * @throws OpticsError `optics/elevation` outside 0 to 90 degrees
 */
export function airmass(elevationDeg: number): number {
  demandElevation(elevationDeg, 0);
  const slope = Math.sin((elevationDeg * Math.PI) / 180);
  // The fit gives 0.9997 in the zenith, where the airmass is 1 by definition.
  return Math.max(1, 1 / (slope + 0.50572 * (elevationDeg + 6.07995) ** -1.6364));
}

/** Lowest elevation an atmosphere says something about, degrees. */
export function lowestElevationDeg(atmosphere: Atmosphere): number {
  return 'model' in atmosphere && atmosphere.model === 'modtran-810' ? 10 : 0;
}

function demandElevation(elevationDeg: number, lowestDeg: number): void {
  if (elevationDeg >= lowestDeg && elevationDeg <= 90) return;
  throw new OpticsError(
    'optics/elevation',
    `elevationDeg is ${elevationDeg}; the atmosphere is described from ${lowestDeg} to 90 degrees`,
  );
}

/**
 * Extinction, dB. Zenith loss times airmass (Beer-Lambert) for a given zenith transmittance and for 785 and 850 nm,
 * where it follows the MODTRAN table from 10 degrees up within 1.5 and 0.5 %; at 810 nm the table itself, drawn
 * straight in airmass between its elevations.
 * @throws OpticsError `optics/elevation` below what the atmosphere describes, `optics/parameter` for a transmittance
 *   that is none
 */
export function atmosphereLossDb({
  elevationDeg,
  ...atmosphere
}: Atmosphere & {
  /** Above the horizon. */
  readonly elevationDeg: number;
}): number {
  demandElevation(elevationDeg, lowestElevationDeg(atmosphere));
  if (!('model' in atmosphere)) {
    demand('zenithTransmittance', atmosphere.zenithTransmittance, 0, 1, 'open');
    return lossDbOf(atmosphere.zenithTransmittance) * airmass(elevationDeg);
  }
  if (atmosphere.model !== 'modtran-810') return ZENITH_LOSS_DB[atmosphere.model] * airmass(elevationDeg);
  const lower = Math.max(
    1,
    TABLE_810.findIndex(([tableDeg]) => elevationDeg >= tableDeg),
  );
  const [highDeg, highDb] = TABLE_810[lower - 1]!;
  const [lowDeg, lowDb] = TABLE_810[lower]!;
  const share = (airmass(elevationDeg) - airmass(highDeg)) / (airmass(lowDeg) - airmass(highDeg));
  return highDb + (lowDb - highDb) * share;
}
