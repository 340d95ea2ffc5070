/**
 * What molecules and haze scatter out of a beam, as optical depths (natural logarithm) of the zenith path. Absorption is
 * not in it: `checkClearBand` refuses the bands of oxygen and water vapour; ozone's weak band around 600 nm (up to
 * 0.2 dB in the zenith) is left out.
 */
import { demand, demandPositive, OpticsError } from '../error.ts';

/** Wavelengths for which haze and molecules are the whole of clear air, nm. */
const CLEAR_NM = [400, 1565] as const;

/**
 * Bands in which gases absorb, nm. Centres: O2 688, 762, 1268; H2O 720, 820, 940, 1130, 1380 nm. The edges are an
 * assumption: wide enough for a humid summer.
 */
const ABSORBED_NM = [
  [686, 741, 'oxygen and water vapour'],
  [756, 775, 'oxygen'],
  [808, 840, 'water vapour'],
  [885, 1005, 'water vapour'],
  [1090, 1180, 'water vapour'],
  [1240, 1290, 'oxygen'],
  [1310, 1500, 'water vapour'],
] as const;

/**
 * Demands a wavelength at which scattering alone describes clear air.
 * @throws OpticsError `optics/wavelength`
 */
export function checkClearBand(wavelengthNm: number): void {
  const [first, last] = CLEAR_NM;
  const refuse = (why: string): never => {
    throw new OpticsError(
      'optics/wavelength',
      `wavelengthNm is ${wavelengthNm}; ${why}. Give the zenith transmittance`,
    );
  };
  if (!(wavelengthNm >= first && wavelengthNm <= last)) {
    refuse(`extinction by visibility is described from ${first} to ${last} nm`);
  }
  for (const [low, high, gas] of ABSORBED_NM) {
    if (wavelengthNm >= low && wavelengthNm <= high) {
      refuse(`${gas} absorbs from ${low} to ${high} nm, which extinction by visibility does not contain`);
    }
  }
}

/**
 * Optical depth of the molecules above a place (Bodhaine et al., J. Atmos. Oceanic Technol. 16:1854, 1999, eq. 30, dry
 * air with 360 ppm CO2), scaled by the pressure there. Fitted below 1 micron; above, it goes on as the fourth power that
 * scattering by molecules follows.
 * @throws OpticsError `optics/parameter`
 */
export function rayleighOpticalDepth({
  wavelengthNm,
  pressureHPa,
}: {
  readonly wavelengthNm: number;
  readonly pressureHPa: number;
}): number {
  demand('wavelengthNm', wavelengthNm, 250, 2500);
  demand('pressureHPa', pressureHPa, 0, 1100);
  const square = (wavelengthNm / 1000) ** 2;
  const share =
    (1.0455996 - 341.29061 / square - 0.9023085 * square) / (1 + 0.0027059889 / square - 85.968563 * square);
  return 0.002152 * share * (pressureHPa / 1013.25);
}

/** How the wavelength enters: Kim et al. (Proc. SPIE 4214:26, 2001) and Kruse et al. (1962) differ below 6 km. */
export type HazeLaw = 'kim' | 'kruse';

function wavelengthExponent(visibilityKm: number, law: HazeLaw): number {
  if (visibilityKm > 50) return 1.6;
  if (visibilityKm > 6) return 1.3;
  if (law === 'kruse') return 0.585 * Math.cbrt(visibilityKm);
  if (visibilityKm > 1) return 0.16 * visibilityKm + 0.34;
  return visibilityKm > 0.5 ? visibilityKm - 0.5 : 0;
}

/**
 * Extinction coefficient of haze where the visibility holds, 1/km in the natural logarithm: (3.91/V) (lambda/550)^-q.
 * Times 4.343 it is dB/km; a formula that calls this number dB/km loses that factor.
 * @throws OpticsError `optics/parameter`
 */
export function hazePerKm({
  visibilityKm,
  wavelengthNm,
  law,
}: {
  readonly visibilityKm: number;
  readonly wavelengthNm: number;
  readonly law: HazeLaw;
}): number {
  demandPositive('visibilityKm', visibilityKm);
  demandPositive('wavelengthNm', wavelengthNm);
  return (3.91 / visibilityKm) * (wavelengthNm / 550) ** -wavelengthExponent(visibilityKm, law);
}

/**
 * Optical depth of the haze above a station: a visibility at sea level whose coefficient falls off exponentially with
 * height. Molecules are part of what limits visibility, so that their lowest layer is counted here too: 0.06 dB in the
 * zenith at 550 nm with a scale height of 1.2 km, less at longer wavelengths.
 * @throws OpticsError `optics/parameter`
 */
export function hazeOpticalDepth({
  scaleHeightKm,
  stationHeightM,
  ...haze
}: {
  readonly visibilityKm: number;
  readonly wavelengthNm: number;
  readonly law: HazeLaw;
  readonly scaleHeightKm: number;
  readonly stationHeightM: number;
}): number {
  demandPositive('hazeScaleHeightKm', scaleHeightKm);
  demand('stationHeightM', stationHeightM, -500, 9000);
  return hazePerKm(haze) * scaleHeightKm * Math.exp(-stationHeightM / 1000 / scaleHeightKm);
}
