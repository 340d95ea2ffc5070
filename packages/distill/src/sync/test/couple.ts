import { type PairBin, type PairInput, type PairStation, pairs } from '@skykey/photons';

/**
 * Two stations and a source of pairs for tests and benchmarks, played by the photon engine: singles of about 100 k a
 * second, coincidences of about 1 k, both clocks with jitter, one of them wrong.
 */
export interface CoupleOptions {
  readonly durationS: number;
  readonly seed: number;
  readonly pairRateHz?: number;
  readonly transmittance?: number;
  readonly noiseHz?: number;
  readonly offsetPs?: number;
  readonly driftPsPerS?: number;
  /** Seconds without light at the second station, from and to. */
  readonly cloud?: readonly [number, number];
}

const BIN_S = 0.05;
export const PAIR_JITTER_PS = 350 * Math.SQRT2;

export interface CoupleBin extends PairBin {
  /** On the clock of the second station. */
  readonly secondPs: Float64Array;
}

export function* couple(options: CoupleOptions): Generator<CoupleBin> {
  const { durationS, seed, pairRateHz = 5.9e6, transmittance = 0.013, noiseHz = 6000 } = options;
  const { offsetPs = 0, driftPsPerS = 0, cloud = [0, 0] } = options;
  const bins = Math.round(durationS / BIN_S);
  const station = (dark: readonly [number, number]): PairStation => ({
    transmittance: Float64Array.from({ length: bins }, (_, bin) =>
      bin * BIN_S >= dark[0] && bin * BIN_S < dark[1] ? 0 : transmittance,
    ),
    noiseHz: new Float64Array(bins).fill(noiseHz),
    receiver: { basisXProbability: 0.5, misalignment: 0.01, deadTimeNs: 50, jitterPs: 350 },
  });
  const input: PairInput = {
    source: { pairRateHz, visibility: 0.95 },
    stations: [station([0, 0]), station(cloud)],
    binS: BIN_S,
    seed,
  };
  for (const bin of pairs(input)) {
    const secondPs = bin.stations[1].tags.timePs.map((t) => Math.round(t + offsetPs + driftPsPerS * (t * 1e-12)));
    yield { ...bin, secondPs };
  }
}
