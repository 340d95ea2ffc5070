import { type Bits, zeros } from '@skykey/bits';
import { toeplitz, toeplitzSteps } from '@skykey/kernels';
import { DistillError } from './error.ts';

/**
 * Privacy amplification by a random Toeplitz matrix over GF(2): a 2-universal family (Krawczyk, CRYPTO '94), so that the
 * leftover hash lemma applies. Exact: integers and exclusive or, no rounding, the same key on every machine.
 */

/** Seed bits of a Toeplitz matrix from `inputBits` to `outputBits`: one for each diagonal, none for an empty output. */
export function toeplitzSeedBits(inputBits: number, outputBits: number): number {
  for (const [name, value] of Object.entries({ inputBits, outputBits })) {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new DistillError('distill/bad-argument', `${name} is a whole number from 0 on, not ${value}`);
    }
  }
  if (outputBits > inputBits) {
    throw new DistillError(
      'distill/bad-argument',
      `privacy amplification shortens: outputBits ${outputBits} is more than inputBits ${inputBits}`,
    );
  }
  return outputBits === 0 ? 0 : inputBits + outputBits - 1;
}

/**
 * out[i] = sum over j of seed[i - j + n - 1] input[j] modulo 2, i < l, j < n: the first l bits that the Toeplitz matrix
 * T[i][j] = seed[i - j + n - 1] makes of the n bits of `input`.
 *
 * `seed` has toeplitzSeedBits(n, l) uniform bits, drawn after the input was fixed and used for this input alone; it may be
 * public. Throws DistillError `distill/bad-argument` when l > n or the seed has another length.
 *
 * Time and memory access depend on lengths alone (pitfall P14); scratch that held key is overwritten.
 */
export function amplify(input: Bits, seed: Bits, outputBits: number): Bits {
  checkSeed(input, seed, outputBits);
  return outputBits === 0 ? zeros(0) : toeplitz(input, seed, outputBits);
}

/**
 * `amplify` for somebody who has other things to do meanwhile: a hundred million bits take a second. Yields, mostly
 * every millisecond, which share is done, and returns the bits. Whoever stops early calls `return()`, which overwrites
 * what held key.
 */
export function* amplifySteps(input: Bits, seed: Bits, outputBits: number): Generator<number, Bits> {
  checkSeed(input, seed, outputBits);
  return outputBits === 0 ? zeros(0) : yield* toeplitzSteps(input, seed, outputBits);
}

function checkSeed(input: Bits, seed: Bits, outputBits: number): void {
  const seedBits = toeplitzSeedBits(input.length, outputBits);
  if (seed.length === seedBits) return;
  throw new DistillError(
    'distill/bad-argument',
    `${input.length} to ${outputBits} bits take a seed of ${seedBits} bits, this one has ${seed.length}`,
  );
}
