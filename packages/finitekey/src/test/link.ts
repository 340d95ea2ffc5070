import { binaryEntropy } from '../entropy.ts';
import type { SecuredKeyLengthRequest } from '../side-channels.ts';

/**
 * A pass of a Micius-like source at 1 GHz (intensities and shares second-hand, the rest assumed), counts as expected:
 * transmittance `eta` to a photo-electron, background `noise` per slot and basis, misalignment 1 %, half of the pulses and
 * half of Bob's slots in each basis.
 */
export function expectedPass({
  eta = 2.4e-4,
  noise = 8e-7,
  pulses = 7.5e10,
  meanPhotons = [0.8, 0.1, 0] as readonly [number, number, number],
} = {}): Omit<SecuredKeyLengthRequest, 'sideChannels'> & { readonly pulses: { key: number; test: number } } {
  const probabilities = [0.5, 0.25, 0.25] as const;
  const triple = (f: (mu: number) => number): [number, number, number] => [
    Math.round(pulses * probabilities[0] * f(meanPhotons[0])),
    Math.round(pulses * probabilities[1] * f(meanPhotons[1])),
    Math.round(pulses * probabilities[2] * f(meanPhotons[2])),
  ];
  const detections = triple((mu) => gain(mu, eta, noise));
  const errors = triple((mu) => noise / 2 + 0.01 * (1 - Math.exp(-mu * eta)));
  const sifted = detections[0] + detections[1] + detections[2];
  const errorRate = (errors[0] + errors[1] + errors[2]) / sifted;
  return {
    counts: {
      meanPhotons,
      probabilities,
      keyDetections: detections,
      testDetections: detections,
      testErrors: errors,
    },
    leakedBits: 1.16 * sifted * binaryEntropy(errorRate),
    epsSec: 1e-9,
    epsCor: 1e-15,
    bound: 'chernoff',
    pulses: { key: pulses, test: pulses },
  };
}

export function gain(mu: number, eta: number, noise: number): number {
  return 1 - (1 - noise) * Math.exp(-mu * eta);
}

/** Deterministic uniform numbers: a 32-bit xorshift (Marsaglia, J. Stat. Softw. 8(14) (2003)). */
export function uniform(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32;
  };
}

/** Standard normal numbers (Box and Muller 1958). */
export function normal(random: () => number): () => number {
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
