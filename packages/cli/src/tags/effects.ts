/** What the light of a played pass does on its way beside growing weak, as people ask for it, and what that rests on. */
import { POINTING_CORRELATION_S } from '@skykey/optics';
import { seededRandom } from '@skykey/photons';
import { type Compensation, EPHEMERIS_COMPENSATION, type TraceOptions } from '@skykey/scenario';
import { CliError } from '../error.ts';

export interface EffectOptions {
  /** Light that fades inside the bins of the channel. */
  readonly fading?: boolean;
  /** `free` or `compensated`; left out, the polarisation frames stay aligned. */
  readonly frames?: string;
}

export interface Effects {
  /** As words in a file: what was asked for. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly assumptions: readonly string[];
  /** For one playing of the pass: the fading of a seed begins anew. */
  trace(seed: number): Pick<TraceOptions, 'fading' | 'frames'>;
}

const FADING_STEP_S = 1e-3;

const STEADY = 'the light is steady over bins of 0.1 s, at the mean of the budget';
const FADING =
  `the light fades in steps of ${1000 * FADING_STEP_S} ms by the scenario's model of turbulence and pointing; a pointing ` +
  `error forgets itself in ${1000 * POINTING_CORRELATION_S} ms`;
const ALIGNED = 'the polarisation frames stay aligned: no rotation along the pass';
const TURNING =
  'the polarisation frames turn as the satellite passes, it fixed in its orbit, the telescope on an alt-azimuth mount, and ';
const { stepRad, latencyS, biasRad } = EPHEMERIS_COMPENSATION;

const FRAMES: ReadonlyMap<string, { readonly compensation: Compensation; readonly assumption: string }> = new Map([
  ['free', { compensation: 'none' as const, assumption: `${TURNING}nothing is done about it` }],
  [
    'compensated',
    {
      compensation: EPHEMERIS_COMPENSATION,
      assumption:
        `${TURNING}the ephemeris sets a compensation in steps of ${degrees(stepRad)}, ${1000 * latencyS} ms late and ` +
        `off by ${degrees(biasRad)}; what is left comes on top of the receiver's misalignment`,
    },
  ],
]);

function degrees(rad: number): string {
  return `${Number(((rad * 180) / Math.PI).toPrecision(6))}°`;
}

/** Throws CliError `cli/option` for frames of no known kind, and for entangled pairs, which know neither effect. */
export function effectsOf({ fading = false, frames }: EffectOptions, pairs: boolean): Effects {
  const turning = frames === undefined ? null : FRAMES.get(frames);
  if (turning === undefined) {
    throw new CliError('cli/option', `--frames ${frames}: there are ${[...FRAMES.keys()].join(' and ')}`);
  }
  if (pairs && (fading || turning)) {
    const option = fading ? '--fading' : '--frames';
    throw new CliError('cli/option', `${option}: entangled pairs are played in steady light and aligned; leave it out`);
  }
  return {
    metadata: { ...(fading ? { fading: `${FADING_STEP_S} s` } : {}), ...(frames === undefined ? {} : { frames }) },
    assumptions: [fading ? FADING : STEADY, turning ? turning.assumption : ALIGNED],
    trace: (seed) => ({
      ...(fading ? { fading: { uniform: uniformOf(seed), stepS: FADING_STEP_S } } : {}),
      ...(turning ? { frames: turning.compensation } : {}),
    }),
  };
}

function uniformOf(seed: number): () => number {
  const random = seededRandom(seed);
  return () => random.uniform();
}
