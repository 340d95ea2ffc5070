/**
 * Extinction on the whole path between the ground and space, without clouds: zenith loss times airmass. Elevations here
 * are apparent, as light arrives (`apparentElevationDeg`). It is the same both ways.
 */

import { demand, demandPositive, OpticsError } from '../error.ts';
import { lossDbOf } from '../link/decibel.ts';
import type { Extinction } from '../link/link.ts';
import { checkClearBand, hazeOpticalDepth, rayleighOpticalDepth } from './haze.ts';
import { standardAir } from './refraction.ts';

/**
 * Zenith losses, dB: MODTRAN, clear air, sea level to 500 km, as tabulated with SatQuMA (Sidhu et al., arXiv:2109.01686;
 * MIT). The air above a mountain is taken to be as thick: at 850 nm and 3 km up that is 0.3 to
 * 0.4 dB in the zenith too much.
 */
const MODTRAN_ZENITH_DB: ReadonlyMap<number, number> = new Map([
  [785, 0.575],
  [850, 0.481],
]);

/**
 * The same source at 810 nm, elevation (deg) and loss (dB). A band of water vapour that is already black takes less
 * than its share of a longer path, so that the airmass law would be 0.9 dB too dark at 10 degrees.
 */
const MODTRAN_810 = [
  [90, 0.896],
  [60, 1.015],
  [30, 1.637],
  [20, 2.275],
  [10, 4.082],
] as const;

/** How far a wavelength may be from a tabulated one, nm: an assumption, in the absence of the full spectrum. */
const REACH_NM = 2;

function tabulatedNm(wavelengthNm: number): number {
  const found = [785, 810, 850].find((modelNm) => Math.abs(wavelengthNm - modelNm) <= REACH_NM);
  if (found !== undefined) return found;
  throw new OpticsError(
    'optics/wavelength',
    `wavelengthNm is ${wavelengthNm}; clear-air tables exist within ${REACH_NM} nm of 785, 810 and 850 nm. ` +
      'For another wavelength give a visibility or the zenith transmittance',
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

function demandElevation(elevationDeg: number, lowestDeg: number): void {
  if (elevationDeg >= lowestDeg && elevationDeg <= 90) return;
  throw new OpticsError(
    'optics/elevation',
    `elevationDeg is ${elevationDeg}; the atmosphere is described from ${lowestDeg} to 90 degrees`,
  );
}

/** The air of one link. */
export interface ExtinctionPath {
  readonly extinction: Extinction;
  readonly wavelengthNm: number;
  /** Above sea level. */
  readonly stationHeightM: number;
}

/**
 * Lowest apparent elevation at which the extinction is known, degrees.
 * @throws OpticsError `optics/wavelength` when no model covers it, `optics/parameter`
 */
export function lowestElevationDeg({ extinction, wavelengthNm, stationHeightM }: ExtinctionPath): number {
  demandPositive('wavelengthNm', wavelengthNm);
  demand('stationHeightM', stationHeightM, -500, 9000);
  switch (extinction.kind) {
    case 'modtran':
      return tabulatedNm(wavelengthNm) === 810 ? 10 : 0;
    case 'zenith':
      demand('extinction.transmittance', extinction.transmittance, 0, 1, 'open');
      return 0;
    case 'visibility':
      demandPositive('extinction.visibilityKm', extinction.visibilityKm);
      demandPositive('extinction.hazeScaleHeightKm', extinction.hazeScaleHeightKm);
      checkClearBand(wavelengthNm);
      return 0;
  }
}

/** Loss in the zenith, dB; the table at 810 nm is not a multiple of it. */
function zenithLossDb({ extinction, wavelengthNm, stationHeightM }: ExtinctionPath): number {
  switch (extinction.kind) {
    case 'modtran':
      return MODTRAN_ZENITH_DB.get(tabulatedNm(wavelengthNm))!;
    case 'zenith':
      return lossDbOf(extinction.transmittance);
    case 'visibility': {
      const { visibilityKm, law, hazeScaleHeightKm: scaleHeightKm } = extinction;
      const haze = hazeOpticalDepth({ visibilityKm, law, scaleHeightKm, wavelengthNm, stationHeightM });
      const { pressureHPa } = standardAir(stationHeightM);
      return 10 * Math.LOG10E * (haze + rayleighOpticalDepth({ wavelengthNm, pressureHPa }));
    }
  }
}

/**
 * Extinction, dB. Zenith loss times airmass (Beer-Lambert) for a zenith transmittance, for haze and molecules (both with
 * the airmass of air; haze lies lower and is 3 % thicker than that at 10 degrees) and for MODTRAN at 785 and 850 nm,
 * where it follows the table from 10 degrees up within 1.5 and 0.5 %; at 810 nm the table itself, drawn straight in
 * airmass between its elevations.
 * @throws OpticsError `optics/elevation` below what the extinction describes, `optics/wavelength`, `optics/parameter`
 */
export function extinctionLossDb({
  elevationDeg,
  ...air
}: ExtinctionPath & {
  /** Apparent, above the horizon. */
  readonly elevationDeg: number;
}): number {
  demandElevation(elevationDeg, lowestElevationDeg(air));
  if (air.extinction.kind === 'modtran' && tabulatedNm(air.wavelengthNm) === 810) return tabulated810Db(elevationDeg);
  return zenithLossDb(air) * airmass(elevationDeg);
}

function tabulated810Db(elevationDeg: number): number {
  const lower = Math.max(
    1,
    MODTRAN_810.findIndex(([tableDeg]) => elevationDeg >= tableDeg),
  );
  const [highDeg, highDb] = MODTRAN_810[lower - 1]!;
  const [lowDeg, lowDb] = MODTRAN_810[lower]!;
  const share = (airmass(elevationDeg) - airmass(highDeg)) / (airmass(lowDeg) - airmass(highDeg));
  return highDb + (lowDb - highDb) * share;
}

/** Model and source of an extinction in a few words. */
export function extinctionSource({ extinction, wavelengthNm }: ExtinctionPath): string {
  switch (extinction.kind) {
    case 'modtran': {
      const modelNm = tabulatedNm(wavelengthNm);
      return modelNm === 810
        ? 'MODTRAN table at 810 nm, clear air from sea level up'
        : `MODTRAN zenith loss at ${modelNm} nm, clear air from sea level up, times Kasten-Young airmass`;
    }
    case 'zenith':
      return 'given zenith transmittance times Kasten-Young airmass';
    case 'visibility':
      return `haze by ${extinction.law === 'kim' ? 'Kim' : 'Kruse'} (exponential layer) and molecules by Bodhaine et al., times Kasten-Young airmass`;
  }
}
