/** Light that nobody sent: the sky in the receiver's field of view, and what detectors count with the shutter closed. */
import { demand, demandPositive, OpticsError } from './error.ts';

/**
 * Sky radiance near 810 nm, W m^-2 sr^-1 nm^-1: orders of magnitude usually quoted after Er-long et al.,
 * New J. Phys. 7:215 (2005).
 */
export const NEW_MOON_RADIANCE = 1e-8;
export const FULL_MOON_RADIANCE = 1e-6;
export const TWILIGHT_RADIANCE = 1e-4;
export const DAY_RADIANCE = 1e-2;

/** Elevation of the Sun, degrees, at which the levels hold; an assumption, on the bright side of nautical twilight. */
const NIGHT_SUN_DEG = -18;
const TWILIGHT_SUN_DEG = -12;
const DAY_SUN_DEG = 0;

/** Planck constant (J s) times speed of light (m/s), exact since the SI of 2019. */
const HC = 6.62607015e-34 * 299_792_458;

/** `low` at 0, `high` at 1, straight in the logarithm between. */
const between = (low: number, high: number, share: number) => low * (high / low) ** share;

/**
 * Radiance of a clear sky away from Sun and Moon, W m^-2 sr^-1 nm^-1, near 810 nm. Continuous in every argument.
 *
 * Assumptions, all of them Skykey's: by night moonlight adds to the moonless level in proportion to the illuminated
 * fraction times the sine of the Moon's elevation (nothing from below the horizon), reaching the full-moon level for a
 * full Moon in the zenith; between the Sun at -18, -12 and 0 degrees the logarithm of the radiance goes straight from
 * that night level over twilight to day. No city light, no airglow, no dependence on direction or wavelength: good for
 * an order of magnitude.
 * @throws OpticsError `optics/parameter`
 */
export function skyRadiance({
  sunElevationDeg,
  moonElevationDeg,
  moonIlluminatedFraction,
}: {
  readonly sunElevationDeg: number;
  readonly moonElevationDeg: number;
  /** 0 (new) to 1 (full). */
  readonly moonIlluminatedFraction: number;
}): number {
  demand('sunElevationDeg', sunElevationDeg, -90, 90);
  demand('moonElevationDeg', moonElevationDeg, -90, 90);
  demand('moonIlluminatedFraction', moonIlluminatedFraction, 0, 1);
  if (sunElevationDeg >= DAY_SUN_DEG) return DAY_RADIANCE;
  if (sunElevationDeg >= TWILIGHT_SUN_DEG) {
    const share = (sunElevationDeg - TWILIGHT_SUN_DEG) / (DAY_SUN_DEG - TWILIGHT_SUN_DEG);
    return between(TWILIGHT_RADIANCE, DAY_RADIANCE, share);
  }
  const moonlight = moonIlluminatedFraction * Math.max(0, Math.sin((moonElevationDeg * Math.PI) / 180));
  const night = NEW_MOON_RADIANCE + moonlight * (FULL_MOON_RADIANCE - NEW_MOON_RADIANCE);
  if (sunElevationDeg <= NIGHT_SUN_DEG) return night;
  return between(night, TWILIGHT_RADIANCE, (sunElevationDeg - NIGHT_SUN_DEG) / (TWILIGHT_SUN_DEG - NIGHT_SUN_DEG));
}

/**
 * Background counts a second in the whole receiver, all detectors together, ungated: H (pi/4) FOV^2 (pi/4) D^2
 * d_lambda eta_opt eta_det / (h c / lambda). Everything that enters the aperture passes optics and detectors, the
 * background too.
 * @throws OpticsError `optics/parameter`
 */
export function backgroundRateHz(receiver: {
  /** W m^-2 sr^-1 nm^-1. */
  readonly radiance: number;
  /** Full angle. */
  readonly fieldOfViewRad: number;
  readonly receiverDiameterM: number;
  readonly filterWidthNm: number;
  readonly wavelengthNm: number;
  readonly opticsTransmittance: number;
  readonly detectorEfficiency: number;
}): number {
  const { radiance, fieldOfViewRad, receiverDiameterM, filterWidthNm, wavelengthNm } = receiver;
  demand('radiance', radiance, 0, Number.POSITIVE_INFINITY);
  demandPositive('fieldOfViewRad', fieldOfViewRad);
  demandPositive('receiverDiameterM', receiverDiameterM);
  demandPositive('filterWidthNm', filterWidthNm);
  demandPositive('wavelengthNm', wavelengthNm);
  demand('opticsTransmittance', receiver.opticsTransmittance, 0, 1);
  demand('detectorEfficiency', receiver.detectorEfficiency, 0, 1);
  const solidAngleSr = (Math.PI / 4) * fieldOfViewRad ** 2;
  const areaM2 = (Math.PI / 4) * receiverDiameterM ** 2;
  const photonEnergyJ = HC / (wavelengthNm * 1e-9);
  const powerW = radiance * solidAngleSr * areaM2 * filterWidthNm;
  return (powerW / photonEnergyJ) * receiver.opticsTransmittance * receiver.detectorEfficiency;
}

/**
 * Expected background and dark counts per gate and detector: the background is shared equally among the detectors, the
 * dark rate is each detector's own.
 * @throws OpticsError `optics/parameter`
 */
export function noisePerGate({
  backgroundRateHz,
  darkRateHz,
  detectors,
  gateNs,
}: {
  /** All detectors together. */
  readonly backgroundRateHz: number;
  /** Per detector. */
  readonly darkRateHz: number;
  readonly detectors: number;
  readonly gateNs: number;
}): number {
  demand('backgroundRateHz', backgroundRateHz, 0, Number.POSITIVE_INFINITY);
  demand('darkRateHz', darkRateHz, 0, Number.POSITIVE_INFINITY);
  if (!(Number.isSafeInteger(detectors) && detectors >= 1)) {
    throw new OpticsError('optics/parameter', `detectors is ${detectors}; it must be a whole number from 1 on`);
  }
  demandPositive('gateNs', gateNs);
  return (backgroundRateHz / detectors + darkRateHz) * gateNs * 1e-9;
}
