/** How a Toeplitz product is cut into transforms. */

/** Bits of a coefficient; products of two have 31, which GF(2^32) holds. */
export const CHUNK_BITS = 16;

/** A matrix in blocks: each output part is the sum of one product for each input block. */
export interface Plan {
  /** Every transform has 2^logSize coefficients. */
  readonly logSize: number;
  readonly inputBlocks: number;
  /** Coefficients of an input block. */
  readonly blockSize: number;
  readonly outputParts: number;
  /** Coefficients of a product that are right, its last ones. */
  readonly partSize: number;
}

/**
 * Binary logarithms of the sizes of transforms, and the time of one, in nanoseconds a coefficient as measured on one
 * machine; it takes no more than their ratios to choose well. Even ones, since for odd ones what wraps around comes back
 * in the middle.
 */
const TRANSFORM_NS: readonly (readonly [logSize: number, ns: number])[] = [
  [12, 4],
  [14, 4],
  [16, 4.5],
  [18, 6],
  [20, 7],
  [22, 10],
  [24, 14],
];
const PRODUCT_NS = 12;

/** Blocks of a string of MAX_LENGTH bits in transforms of 2^24 coefficients, and as many again. */
const MOST_BLOCKS = 32;

/**
 * The cheapest plan. Products come back modulo s_m = x^(2^m) + x^(2^u) + lower terms, u being m without its lowest one
 * (Lucas: s_m has the terms x^(2^i) for odd binomials of m over i): what a block of A coefficients pushes beyond the
 * 2^m-th comes back up to coefficient 2^u + A - 2, and those above are right.
 */
export function planToeplitz(inputBits: number, outputBits: number): Plan {
  const input = Math.ceil(inputBits / CHUNK_BITS);
  const output = Math.floor((((inputBits - 1) % CHUNK_BITS) + outputBits - 1) / CHUNK_BITS) + 1;
  let best: Plan | undefined;
  let bestTime = Number.POSITIVE_INFINITY;
  for (const [logSize, transformNs] of TRANSFORM_NS) {
    const size = 2 ** logSize;
    const usable = size - 2 ** (logSize & (logSize - 1));
    for (let inputBlocks = 1; inputBlocks <= MOST_BLOCKS; inputBlocks++) {
      const blockSize = Math.ceil(input / inputBlocks);
      const partSize = usable - blockSize + 1;
      if (partSize < 2) continue;
      const outputParts = Math.ceil(output / (partSize - 1));
      const products = inputBlocks * outputParts;
      const time = size * ((inputBlocks + products + outputParts) * transformNs + products * PRODUCT_NS);
      if (time < bestTime) [best, bestTime] = [{ logSize, inputBlocks, blockSize, outputParts, partSize }, time];
      if (blockSize === 1) break;
    }
  }
  return best!;
}
