/** From radiance to counts: light that nobody sent, and what detectors count with the shutter closed. */
import { demand, demandPositive, OpticsError } from '../error.ts';
import { checkReceiver } from '../link/geometric.ts';
import type { Coupling } from '../link/link.ts';
import { fibrePupilShare } from '../turbulence/fibre-coupling.ts';

/** Planck constant (J s) times speed of light (m/s), exact since the SI of 2019. */
const HC = 6.62607015e-34 * 299_792_458;

/**
 * Background counts a second in the whole receiver, all detectors together, ungated: H E d_lambda eta_opt eta_det /
 * (h c / lambda), E being the etendue, (pi/4) FOV^2 (pi/4) (D^2 - d^2) behind a field stop. A single-mode fibre has
 * lambda^2 in its place, whatever its telescope (antenna theorem; both polarisations are in the radiance), less what of
 * its mode does not leave through the open pupil. Everything that enters the aperture passes optics and detectors, the
 * background too.
 * @throws OpticsError `optics/parameter`
 */
export function backgroundRateHz(receiver: {
  /** W m^-2 sr^-1 nm^-1, even over the field of view. */
  readonly radiance: number;
  /** Full angle; a single-mode fibre does not ask for it. */
  readonly fieldOfViewRad: number;
  readonly receiverDiameterM: number;
  /** Central obscuration of the telescope; 0 when left out. */
  readonly obscurationDiameterM?: number;
  /** A field stop when left out. */
  readonly coupling?: Coupling;
  readonly filterWidthNm: number;
  readonly wavelengthNm: number;
  readonly opticsTransmittance: number;
  readonly detectorEfficiency: number;
}): number {
  const { radiance, filterWidthNm, wavelengthNm } = receiver;
  demand('radiance', radiance, 0, Number.POSITIVE_INFINITY);
  demandPositive('filterWidthNm', filterWidthNm);
  demandPositive('wavelengthNm', wavelengthNm);
  demand('opticsTransmittance', receiver.opticsTransmittance, 0, 1);
  demand('detectorEfficiency', receiver.detectorEfficiency, 0, 1);
  const photonEnergyJ = HC / (wavelengthNm * 1e-9);
  const powerW = radiance * etendueM2Sr(receiver) * filterWidthNm;
  return (powerW / photonEnergyJ) * receiver.opticsTransmittance * receiver.detectorEfficiency;
}

function etendueM2Sr({
  fieldOfViewRad,
  receiverDiameterM,
  obscurationDiameterM = 0,
  coupling,
  wavelengthNm,
}: Parameters<typeof backgroundRateHz>[0]): number {
  checkReceiver(receiverDiameterM, obscurationDiameterM);
  if (coupling?.kind === 'single-mode-fibre') {
    return (wavelengthNm * 1e-9) ** 2 * fibrePupilShare(receiverDiameterM, obscurationDiameterM);
  }
  demandPositive('fieldOfViewRad', fieldOfViewRad);
  const areaM2 = (Math.PI / 4) * (receiverDiameterM ** 2 - obscurationDiameterM ** 2);
  return (Math.PI / 4) * fieldOfViewRad ** 2 * areaM2;
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
