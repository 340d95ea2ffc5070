/** Fading in time: a factor with mean 1 for every step of a link. */
import { demand, demandPositive, OpticsError } from '../error.ts';
import type { Fading, Uniform } from '../link/link.ts';
import { normal } from '../numerics/normal.ts';
import { type GammaLatent, gammaLatent, logGammaAt } from './gamma-latent.ts';

/** Draws gains one stretch after the other; what it remembers between stretches is where the fading stands. */
export interface FadingGenerator {
  /**
   * Fills `gains` with the gains of the next `gains.length` steps. The fading may be another one each time: as the
   * memory is of standard normal variables, every law takes it up where the last one left it. How a stretch is cut into
   * pieces does not matter.
   * @throws OpticsError `optics/parameter`
   */
  fill(fading: Fading, gains: Float64Array): void;
}

/** @throws OpticsError `optics/parameter` */
export function checkFading({ scintillation, pointing }: Fading): void {
  if (scintillation) {
    demand('scintillation.index', scintillation.index, 0, Number.POSITIVE_INFINITY);
    demandPositive('scintillation.correlationS', scintillation.correlationS);
    if ((scintillation.law === 'gamma-gamma') !== (scintillation.alphaBeta !== null)) {
      throw new OpticsError(
        'optics/parameter',
        `scintillation.alphaBeta is ${scintillation.alphaBeta}; it must be two numbers for gamma-gamma and null for log-normal`,
      );
    }
    for (const shape of scintillation.alphaBeta ?? []) demandPositive('scintillation.alphaBeta', shape);
  }
  if (pointing) {
    demand('pointing.jitterRad', pointing.jitterRad, 0, Number.POSITIVE_INFINITY);
    demand('pointing.biasRad', pointing.biasRad, 0, Number.POSITIVE_INFINITY);
    demandPositive('pointing.beamHalfAngleRad', pointing.beamHalfAngleRad);
    demandPositive('pointing.correlationS', pointing.correlationS);
  }
}

/** Logarithm of the mean of exp(-2 theta^2/omega^2) over jitter around the bias, by which pointing is normalised. */
export function logMeanPointing({ jitterRad, biasRad, beamHalfAngleRad }: NonNullable<Fading['pointing']>): number {
  const smear = 1 + 4 * (jitterRad / beamHalfAngleRad) ** 2;
  return -(2 * (biasRad / beamHalfAngleRad) ** 2) / smear - Math.log(smear);
}

/** What a step leaves of a variable that forgets exponentially, and how much of a new one comes in. */
function memory(stepS: number, correlationS: number) {
  return { keep: Math.exp(-stepS / correlationS), renew: Math.sqrt(-Math.expm1((-2 * stepS) / correlationS)) };
}
const FORGETFUL = { keep: 0, renew: 1 };

/**
 * A generator of fading. Behind every factor is a standard normal variable that forgets exponentially (Ornstein and
 * Uhlenbeck; AR(1) in steps): one for log-normal scintillation, whose logarithm it is; two for gamma-gamma, which is the
 * product of two gamma variables (Al-Habash, Andrews & Phillips, Opt. Eng. 40:1554, 2001), each a function of its own;
 * two for pointing, the axes of the error. Log-irradiance and pointing error so have the correlation times of `Fading`,
 * gamma-gamma but for a few percent.
 * @throws OpticsError `optics/parameter`
 */
export function fadingGenerator({
  stepS,
  uniform,
}: {
  readonly stepS: number;
  readonly uniform: Uniform;
}): FadingGenerator {
  demandPositive('stepS', stepS);
  // Scintillation's two scales and pointing's two axes, at first as they stand at any time.
  let [large, small, x, y] = [normal(uniform), normal(uniform), normal(uniform), normal(uniform)];
  let tables: readonly [GammaLatent, GammaLatent] | null = null;

  const tablesFor = ([alpha, beta]: readonly [number, number]) => {
    if (tables?.[0].shape !== alpha || tables[1].shape !== beta) tables = [gammaLatent(alpha), gammaLatent(beta)];
    return tables;
  };

  return {
    fill(fading, gains) {
      checkFading(fading);
      const { scintillation, pointing } = fading;
      const air = scintillation ? memory(stepS, scintillation.correlationS) : FORGETFUL;
      const gammas = scintillation?.alphaBeta ? tablesFor(scintillation.alphaBeta) : null;
      const variance = scintillation && !gammas ? Math.log1p(scintillation.index) : 0;
      const [deviation, logMean] = [Math.sqrt(variance), variance / 2];
      const hand = pointing ? memory(stepS, pointing.correlationS) : FORGETFUL;
      const perHalfAngle = pointing ? Math.SQRT2 / pointing.beamHalfAngleRad : 0;
      const jitter = perHalfAngle * (pointing?.jitterRad ?? 0);
      const bias = perHalfAngle * (pointing?.biasRad ?? 0);
      const logMeanAim = pointing ? logMeanPointing(pointing) : 0;
      for (let i = 0; i < gains.length; i++) {
        // Logarithms: the parts multiply, and one exponential serves them all.
        let log = 0;
        if (scintillation) {
          large = air.keep * large + air.renew * normal(uniform);
          if (gammas) {
            small = air.keep * small + air.renew * normal(uniform);
            log = logGammaAt(gammas[0], large) + logGammaAt(gammas[1], small);
          } else log = deviation * large - logMean;
        }
        if (pointing) {
          x = hand.keep * x + hand.renew * normal(uniform);
          y = hand.keep * y + hand.renew * normal(uniform);
          const along = bias + jitter * x;
          const across = jitter * y;
          log -= along * along + across * across + logMeanAim;
        }
        gains[i] = Math.exp(log);
      }
    },
  };
}

/**
 * Gains of one unchanging fading, `steps` of them `stepS` apart.
 * @throws OpticsError `optics/parameter`
 */
export function fadingSeries({
  fading,
  stepS,
  steps,
  uniform,
}: {
  readonly fading: Fading;
  readonly stepS: number;
  readonly steps: number;
  readonly uniform: Uniform;
}): Float64Array {
  if (!(Number.isSafeInteger(steps) && steps >= 0)) {
    throw new OpticsError('optics/parameter', `steps is ${steps}; it must be a whole number from 0 on`);
  }
  const gains = new Float64Array(steps);
  fadingGenerator({ stepS, uniform }).fill(fading, gains);
  return gains;
}
