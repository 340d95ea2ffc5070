import { demand, demandPositive } from '../error.ts';

/**
 * Mean pointing loss, dB, of a Gaussian beam of 1/e^2 half-angle omega whose direction is off by a static bias b and
 * jitters around it with the standard deviation sigma on each axis, over a receiver small against the spot: the mean of
 * exp(-2 theta^2/omega^2) for a Rice-distributed theta, exactly
 *   exp(-2 b^2 / (omega^2 + 4 sigma^2)) / (1 + 4 sigma^2/omega^2),
 * the spot smeared by the jitter, read at the bias. The mean belongs to volumes of key; what a fade does at its worst
 * is another question.
 * @throws OpticsError `optics/parameter`
 */
export function pointingLossDb({
  beamHalfAngleRad,
  jitterRad,
  biasRad = 0,
}: {
  readonly beamHalfAngleRad: number;
  /** Standard deviation per axis. */
  readonly jitterRad: number;
  /** Static error, radial; 0 when left out. */
  readonly biasRad?: number;
}): number {
  demandPositive('beamHalfAngleRad', beamHalfAngleRad);
  demand('jitterRad', jitterRad, 0, Number.POSITIVE_INFINITY);
  demand('biasRad', biasRad, 0, Number.POSITIVE_INFINITY);
  const smear = 4 * (jitterRad / beamHalfAngleRad) ** 2;
  const offset = (2 * (biasRad / beamHalfAngleRad) ** 2) / (1 + smear);
  return 10 * Math.LOG10E * (Math.log1p(smear) + offset);
}
