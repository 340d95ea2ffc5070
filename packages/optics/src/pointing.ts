import { demand, demandPositive } from './error.ts';

/**
 * Mean pointing loss, dB, of a Gaussian beam of 1/e^2 half-angle omega whose direction jitters with the standard
 * deviation sigma on each axis, over a receiver small against the spot: the mean of exp(-2 theta^2/omega^2) for a
 * Rayleigh-distributed theta, exactly 1/(1 + 4 sigma^2/omega^2). The mean belongs to volumes of key; what a fade does
 * at its worst is another question.
 * @throws OpticsError `optics/parameter`
 */
export function pointingLossDb({
  beamHalfAngleRad,
  jitterRad,
}: {
  readonly beamHalfAngleRad: number;
  /** Standard deviation per axis. */
  readonly jitterRad: number;
}): number {
  demandPositive('beamHalfAngleRad', beamHalfAngleRad);
  demand('jitterRad', jitterRad, 0, Number.POSITIVE_INFINITY);
  return 10 * Math.log10(1 + 4 * (jitterRad / beamHalfAngleRad) ** 2);
}
