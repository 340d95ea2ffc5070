import type { Source } from '../link.ts';
import type { BinConditions } from './conditions.ts';

/**
 * The kinds of pulses that a source emits: announced class and state, and what the pulse really is. A kind stands for
 * all pulses of equal class, state, class of the pulse before (with a pattern effect) and step of the fluctuation
 * (Gauss-Hermite nodes of the Gaussian). Structure of arrays, `count` long; probabilities sum to 1.
 */
export interface PulseKinds {
  readonly count: number;
  /** Class, index into `Source.intensities`. */
  readonly intensity: Uint8Array;
  /** `basis * 2 + bit` as announced. */
  readonly state: Uint8Array;
  readonly probability: Float64Array;
  /** True mean photon number at the exit. */
  readonly meanPhotons: Float64Array;
  /** Time of emission against the slot centre, ps. */
  readonly offsetPs: Float64Array;
}

/** What a bin changes in the kinds of its source. */
export type SourceConditions = Pick<BinConditions, 'intensityScale' | 'diodeShiftPs'>;

/**
 * Three-point Gauss-Hermite rule for a standard normal variable (Abramowitz and Stegun 25.4.46, rescaled): exact for
 * polynomials of the intensity up to the fifth degree, so that of the mean photon number and of what is quadratic in it,
 * as are double clicks, nothing is lost.
 */
const fluctuationNodes: readonly (readonly [node: number, weight: number])[] = [
  [-Math.sqrt(3), 1 / 6],
  [0, 2 / 3],
  [Math.sqrt(3), 1 / 6],
];
const steady: typeof fluctuationNodes = [[0, 1]];

/** How many kinds a source has: 4 states a class, times the classes before, times the steps of the fluctuation. */
export function kindsOf(source: Source): number {
  const classes = source.intensities.length;
  const { correlation, fluctuation = 0 } = source.flaws ?? {};
  return classes * 4 * (correlation === undefined ? 1 : classes) * (fluctuation > 0 ? fluctuationNodes.length : 1);
}

/**
 * The kinds of a source, in a bin whose conditions change its intensities and diodes, else as built. In order of class,
 * state, class before, step. The mean of class k is `scale[k] * mean[k]`, plus the signal's light that leaks into it
 * (what leaks into the signal is part of its own mean), times `1 + correlation[k][before]` and the step of the
 * fluctuation. `into`, kinds of the same source, is filled again and returned.
 */
export function pulseKinds(source: Source, conditions?: SourceConditions, into?: PulseKinds): PulseKinds {
  const { intensities, basisXProbability, flaws = {} } = source;
  const { correlation, fluctuation = 0, leakage = 0, diodeOffsetPs } = flaws;
  const count = kindsOf(source);
  const kinds = into?.count === count ? into : emptyKinds(count);
  const nodes = fluctuation > 0 ? fluctuationNodes : steady;
  const befores = correlation === undefined ? 1 : intensities.length;
  const leaked = leakage * intensities[0]!.meanPhotons * (conditions?.intensityScale[0] ?? 1);
  let at = 0;
  for (let k = 0; k < intensities.length; k++) {
    const { meanPhotons, probability } = intensities[k]!;
    const mean = meanPhotons * (conditions?.intensityScale[k] ?? 1) + (k === 0 ? 0 : leaked);
    for (let state = 0; state < 4; state++) {
      const inState = (probability * (state < 2 ? basisXProbability : 1 - basisXProbability)) / 2;
      const diode = k * 4 + state;
      const offsetPs = (diodeOffsetPs?.[diode] ?? 0) + (conditions?.diodeShiftPs[diode] ?? 0);
      for (let before = 0; before < befores; before++) {
        const after = correlation === undefined ? inState : inState * intensities[before]!.probability;
        const meanAfter = mean * (1 + (correlation?.[k]?.[before] ?? 0));
        for (let n = 0; n < nodes.length; n++) {
          const [node, weight] = nodes[n]!;
          kinds.intensity[at] = k;
          kinds.state[at] = state;
          kinds.probability[at] = after * weight;
          kinds.meanPhotons[at] = meanAfter * (1 + fluctuation * node);
          kinds.offsetPs[at] = offsetPs;
          at++;
        }
      }
    }
  }
  return kinds;
}

function emptyKinds(count: number): PulseKinds {
  return {
    count,
    intensity: new Uint8Array(count),
    state: new Uint8Array(count),
    probability: new Float64Array(count),
    meanPhotons: new Float64Array(count),
    offsetPs: new Float64Array(count),
  };
}
