/** What is left of a wavefront's error when the first modes of it are taken away. */
import { demandPositive, OpticsError } from '../error.ts';

/**
 * Residual variance, rad^2 for D = r0, after correction of the first 1, 2, … 21 Zernike modes in Noll's order (Noll, JOSA
 * 66:207, 1976, table IV). The first is piston, which nobody sees; two and three are tip and tilt.
 */
const NOLL = [
  1.0299, 0.582, 0.134, 0.111, 0.088, 0.0648, 0.0587, 0.0525, 0.0463, 0.0401, 0.0377, 0.0352, 0.0328, 0.0304, 0.0279,
  0.0267, 0.0255, 0.0243, 0.0232, 0.022, 0.0208,
];

/** A telescope, the air before it, and how many modes it corrects: 1 none, 3 tip and tilt. */
export interface Correction {
  readonly diameterM: number;
  /** Fried parameter; infinite without turbulence. */
  readonly friedM: number;
  readonly correctedModes: number;
}

/** @throws OpticsError `optics/parameter` */
export function checkFried(friedM: number): void {
  if (friedM !== Number.POSITIVE_INFINITY) demandPositive('friedM', friedM);
}

/**
 * Phase variance, rad^2, left over a round unobscured aperture: Noll's table IV, above 21 modes his 0.2944 J^(-sqrt(3)/2),
 * times (D/r0)^(5/3). Perfect correction of those modes: no noise, no lag, no anisoplanatism.
 * @throws OpticsError `optics/parameter`
 */
export function residualPhaseRad2({ diameterM, friedM, correctedModes }: Correction): number {
  demandPositive('diameterM', diameterM);
  checkFried(friedM);
  if (!(Number.isSafeInteger(correctedModes) && correctedModes >= 1)) {
    throw new OpticsError(
      'optics/parameter',
      `correctedModes is ${correctedModes}; it must be a whole number from 1 on`,
    );
  }
  const unit = NOLL[correctedModes - 1] ?? 0.2944 * correctedModes ** (-Math.sqrt(3) / 2);
  return unit * (diameterM / friedM) ** (5 / 3);
}

/**
 * Strehl ratio by the extended Marechal approximation, exp(-variance): the share of the light that stays in the
 * diffraction-limited core. Good down to about 0.1; below, what the speckles leave on the axis is more than this.
 * @throws OpticsError `optics/parameter`
 */
export function adaptiveOpticsFactor(correction: Correction): number {
  return Math.exp(-residualPhaseRad2(correction));
}
