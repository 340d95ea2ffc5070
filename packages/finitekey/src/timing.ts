import { FiniteKeyError } from './error.ts';
import { compose, gaussianTradeOff, lower, pureTradeOff, type TradeOff, upper } from './trade-off.ts';

/**
 * Diodes that do not fire at the same time. Key basis and states are numbered as in the photon engine: state =
 * basis * 2 + bit, basis 0 the key basis X, diode = class * 4 + state.
 */
export type DiodeTiming = PulseShape & {
  /** What a difference of two offsets (or the spread) may be wrong by, ps, at the confidence that is wanted; one for all. */
  readonly errorPs: number;
} & (
    | {
        /**
         * Estimated time of emission of each diode, ps, `[class * 4 + state]`: 12, or 8 where the weakest class emits
         * no light, or 4 where all classes use the same four diodes.
         */
        readonly offsetsPs: readonly number[];
      }
    | {
        /** All that is known: no two diodes fire further apart than this, ps. */
        readonly spreadPs: number;
      }
  );

export interface PulseShape {
  /** Standard deviation of a pulse in time, ps, alike for all diodes. */
  readonly pulseWidthPs: number;
  /**
   * `incoherent`: a photon is emitted at a Gaussian time, independently of all others, with a coherence much shorter than
   * the pulse, so that nothing tells diodes apart better than a perfect measurement of that time. `transform-limited`: the
   * pulse is one pure mode of Gaussian intensity. The second is far worse: pure states allow unambiguous discrimination.
   */
  readonly model: 'incoherent' | 'transform-limited';
}

/** What of a pattern of offsets a bound depends on, ps, errors included. Each is a greatest distance. */
export interface TimingDistances {
  /** Between diodes of equal state and different class. */
  readonly classPs: number;
  /** Between the two diodes of the key basis, of equal class. */
  readonly keyPs: number;
  /** From a diode of the test basis to the middle of the two of the key basis, of equal class. */
  readonly testPs: number;
  /** Between a diode of the test basis and one of the key basis, of equal class. */
  readonly basisPs: number;
}

/** The pair of diodes of greatest distance among those that a bound depends on. */
export interface DiodePair {
  readonly diodes: readonly [number, number];
  readonly distancePs: number;
}

export function timingDistances(timing: DiodeTiming): TimingDistances {
  const { errorPs } = timing;
  if ('spreadPs' in timing) {
    const distance = timing.spreadPs + errorPs;
    return { classPs: distance, keyPs: distance, testPs: distance, basisPs: distance };
  }
  const { offsetsPs } = timing;
  const classes = offsetsPs.length / 4;
  const at = (k: number, state: number): number => offsetsPs[k * 4 + state]!;
  let classPs = 0;
  let keyPs = 0;
  let testPs = 0;
  let basisPs = 0;
  for (let k = 0; k < classes; k++) {
    for (let state = 0; state < 4; state++) {
      for (let j = 0; j < k; j++) classPs = Math.max(classPs, Math.abs(at(k, state) - at(j, state)));
    }
    keyPs = Math.max(keyPs, Math.abs(at(k, 0) - at(k, 1)));
    for (const test of [at(k, 2), at(k, 3)]) {
      testPs = Math.max(testPs, Math.abs(test - (at(k, 0) + at(k, 1)) / 2));
      basisPs = Math.max(basisPs, Math.abs(test - at(k, 0)), Math.abs(test - at(k, 1)));
    }
  }
  return {
    classPs: classes > 1 ? classPs + errorPs : 0,
    keyPs: keyPs + errorPs,
    testPs: testPs + errorPs,
    basisPs: basisPs + errorPs,
  };
}

/** The pair that stands furthest apart. */
export function worstPair(offsetsPs: readonly number[]): DiodePair {
  let worst: DiodePair = { diodes: [0, 0], distancePs: 0 };
  for (let a = 0; a < offsetsPs.length; a++) {
    for (let b = a + 1; b < offsetsPs.length; b++) {
      const distancePs = Math.abs(offsetsPs[a]! - offsetsPs[b]!);
      if (distancePs > worst.distancePs) worst = { diodes: [a, b], distancePs };
    }
  }
  return worst;
}

/**
 * How far n-photon pulses of two diodes `distancePs` apart can be told apart. The mean of n independent Gaussian times says
 * all about their common centre and is sqrt(n) times as sharp; n pure modes of overlap v have the overlap v^n, and Gaussian
 * modes of intensity sd w have v = e^(-D^2 / 8 w^2).
 */
export function timeTradeOff(distancePs: number, photons: number, { pulseWidthPs, model }: PulseShape): TradeOff {
  const distance = distancePs / pulseWidthPs;
  if (model === 'incoherent') return gaussianTradeOff(distance * Math.sqrt(photons));
  return pureTradeOff(Math.exp((-photons * distance * distance) / 8));
}

/** Greatest yield of single photons in the test basis, from that of the key basis: on to a common centre and away from it. */
export function timedTestYield(keyYield: number, { keyPs, testPs }: TimingDistances, timing: PulseShape): number {
  return upper(compose(timeTradeOff(keyPs / 2, 1, timing), timeTradeOff(testPs, 1, timing)), keyYield);
}

/**
 * Greatest yield of phase errors of single photons in the key basis, from the yield of errors `testErrors` in the test basis
 * and the yield of detections `keyYield`, where the diodes of a basis fire apart.
 *
 * Incoherent. At a given time t of emission the state sent in X is, in its source replacement,
 * sqrt(f0)|0>|X0> + sqrt(f1)|1>|X1> with f0, f1 the densities of t for the two diodes. Measuring the ancilla in the other
 * basis prepares for Bob, with g = sqrt(f0 f1),
 *   g |Zj><Zj| + (f0 - g)/2 |X0><X0| + (f1 - g)/2 |X1><X1|, times 1/2,
 * the same for j = 0, 1 but for Zj. g is e^(-D^2 / 8 w^2) =: kappa times the Gaussian in the middle of the two. So the yield
 * of phase errors is kappa V_Z(middle) + (Y_X - kappa Y_X(middle)) / 2, with V_Z(middle) <= U(V_Z) at the distance of the
 * test diodes from the middle, and Y_X(middle) >= U^-1(Y_X) at D / 2. Loss does not amplify it beyond what U does.
 *
 * Transform-limited. With v(D) the overlap of two modes D apart, the purified virtual state and |Zj> in its own mode overlap
 * by the mean of v over the two key diodes, at least v(basis distance): at most U(V_Z). This is the quantum coin of Lo and
 * Preskill, Quantum Inf. Comput. 7, 431 (2007), with loss as in Lucamarini et al. 2015, eq. 7.
 */
export function timedPhaseErrors(
  testErrors: number,
  keyYield: number,
  { keyPs, testPs, basisPs }: TimingDistances,
  timing: PulseShape,
): number {
  const between = (distancePs: number): TradeOff => timeTradeOff(distancePs, 1, timing);
  if (timing.model === 'transform-limited') return upper(between(basisPs), testErrors);
  const excess = 2 * upper(between(testPs), testErrors) - lower(between(keyPs / 2), keyYield);
  // Classes differ in D; between kappa of the greatest D and 1, the worse.
  const kappa = excess > 0 ? 1 : Math.exp(-((keyPs / timing.pulseWidthPs) ** 2) / 8);
  return (keyYield + kappa * excess) / 2;
}

export function checkTiming(timing: DiodeTiming, field: string): void {
  const { errorPs, pulseWidthPs, model } = timing;
  if ('spreadPs' in timing) {
    if (!(Number.isFinite(timing.spreadPs) && timing.spreadPs >= 0)) {
      throw new FiniteKeyError(`${field}.spreadPs`, `must be a finite time in ps from 0 on, not ${timing.spreadPs}`);
    }
  } else checkOffsets(timing.offsetsPs, `${field}.offsetsPs`);
  if (!(Number.isFinite(errorPs) && errorPs >= 0)) {
    throw new FiniteKeyError(`${field}.errorPs`, `must be a finite time in ps from 0 on, not ${errorPs}`);
  }
  if (!(Number.isFinite(pulseWidthPs) && pulseWidthPs > 0)) {
    throw new FiniteKeyError(`${field}.pulseWidthPs`, `must be a finite time in ps above 0, not ${pulseWidthPs}`);
  }
  if (model !== 'incoherent' && model !== 'transform-limited') {
    throw new FiniteKeyError(`${field}.model`, `must be incoherent or transform-limited, not ${model}`);
  }
}

export function checkOffsets(offsetsPs: readonly number[], field: string): void {
  const count = offsetsPs.length;
  if (!(count === 4 || count === 8 || count === 12) || !offsetsPs.every((offset) => Number.isFinite(offset))) {
    throw new FiniteKeyError(
      field,
      `must be four finite times in ps for each class with diodes of its own, 4, 8 or 12 in all, not ${JSON.stringify(offsetsPs)}`,
    );
  }
}
