/** From radiance to counts: light that nobody sent, and what detectors count with the shutter closed. */
import { demand, demandPositive, OpticsError } from '../error.ts';

/** Planck constant (J s) times speed of light (m/s), exact since the SI of 2019. */
const HC = 6.62607015e-34 * 299_792_458;

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
