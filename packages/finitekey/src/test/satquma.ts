import { readFileSync } from 'node:fs';
import { binaryEntropy, type KeyLengthRequest } from '../index.ts';

type Triple = readonly [number, number, number];
const sum = (values: Triple): number => values[0] + values[1] + values[2];

// The channel, the count model and the expected values of SatQuMA 2.0 (see data/README.md).
const transmittance = new Map(
  readFileSync(new URL('../../data/satquma_FS_loss_XI0.csv', import.meta.url), 'utf8')
    .split(/\r?\n/)
    .slice(1)
    .filter((line) => line !== '')
    .map((line) => {
      const [second, , efficiency] = line.split(',');
      return [Number(second), Number(efficiency)] as const;
    }),
);

interface Pass {
  readonly extraneousClicks: number;
  readonly intrinsicQber: number;
  readonly extraLossDb: number;
  readonly halfWindowS: number;
  readonly bound: 'hoeffding' | 'chernoff';
}

/** Expected counts of a zenith pass, real numbers, summed second by second. */
export function satqumaPass(pass: Pass) {
  const keyBasis = 0.7611;
  const probabilities = [0.7501, 0.1749, 1 - 0.7501 - 0.1749] as const;
  const meanPhotons = [0.7921, 0.1707, 0] as const;
  const pulsesPerSecond = 1e8;
  const afterPulsing = 1e-3;
  const keyDetections: [number, number, number] = [0, 0, 0];
  const testDetections: [number, number, number] = [0, 0, 0];
  const testErrors: [number, number, number] = [0, 0, 0];
  let keyErrors = 0;
  for (let second = -pass.halfWindowS; second <= pass.halfWindowS; second++) {
    const eta = transmittance.get(second)! * 10 ** (-pass.extraLossDb / 10);
    const click = meanPhotons.map(
      (mu) => (1 + afterPulsing) * (1 - (1 - 2 * pass.extraneousClicks) * Math.exp(-mu * eta)),
    );
    const error = meanPhotons.map(
      (mu, k) =>
        pass.extraneousClicks + (afterPulsing * click[k]!) / 2 + pass.intrinsicQber * (1 - Math.exp(-mu * eta)),
    );
    const mean = (rate: number[]): number => probabilities.reduce((total, p, k) => total + p * rate[k]!, 0);
    keyErrors += keyBasis ** 2 * pulsesPerSecond * mean(error);
    for (const k of [0, 1, 2] as const) {
      const clicks = probabilities[k] * click[k]! * pulsesPerSecond;
      keyDetections[k] += keyBasis ** 2 * clicks;
      testDetections[k] += (1 - keyBasis) ** 2 * clicks;
      testErrors[k] += ((1 - keyBasis) ** 2 * clicks * mean(error)) / mean(click);
    }
  }
  const qber = keyErrors / sum(keyDetections);
  const request: KeyLengthRequest = {
    counts: { meanPhotons, probabilities, keyDetections, testDetections, testErrors },
    leakedBits: 1.16 * sum(keyDetections) * binaryEntropy(qber),
    epsSec: 1e-9,
    epsCor: 1e-15,
    bound: pass.bound,
  };
  return { request, keyErrors, qber };
}
