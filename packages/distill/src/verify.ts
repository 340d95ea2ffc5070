import type { Bits } from '@skykey/bits';
import { DistillError } from './error.ts';
import { blocksOf, multiplyBytes, POINT_BYTES, PolynomialHash } from './polynomial-hash.ts';

/**
 * Whether both ends hold the same string, from a hash of it that one end tells the other. Seeds are public; a seed must be
 * drawn after both strings are fixed, and its tag counts as disclosed with all its bits.
 */

/** Bytes of the seed of a verification tag, and of the tag. */
export const VERIFICATION_SEED_BYTES = 16;
export const VERIFICATION_TAG_BYTES = 16;
/** Bits of the verification tag, which Alice discloses beside what reconciliation took. */
export const VERIFICATION_BITS = 8 * VERIFICATION_TAG_BYTES;
/** Bytes of the seed of frame tags: one point of the hash, one factor for what it leaves. */
export const FRAME_SEED_BYTES = 32;
/** Bits of a frame tag. */
export const FRAME_TAG_BITS = 32;

function hash(point: Uint8Array, bits: Bits): Uint8Array {
  const length = new DataView(new ArrayBuffer(8));
  length.setUint32(0, bits.length >>> 0, true);
  length.setUint32(4, Math.floor(bits.length / 2 ** 32), true);
  const state = new PolynomialHash(point).update(new Uint8Array(length.buffer)).update(bits.bytes);
  const digest = state.digest();
  state.wipe();
  return digest;
}

/**
 * 16-byte tag of a whole key: two different keys, lengths included, have the same tag for at most a fraction
 * (blocks + 1) / 2^127 of seeds, blocks = ceil((8 + bytes of the longer key) / 15) + 1; that is eps_cor, 2^-113 for
 * 10^6 bits. `seed`: 16 uniform bytes. Throws DistillError `distill/bad-argument` for a seed of another size.
 */
export function verificationTag(seed: Uint8Array, key: Bits): Uint8Array {
  if (seed.length !== VERIFICATION_SEED_BYTES) {
    throw new DistillError(
      'distill/bad-argument',
      `a verification seed has ${VERIFICATION_SEED_BYTES} bytes, this one has ${seed.length}`,
    );
  }
  return hash(seed, key);
}

/** Bound on the fraction of seeds for which two different keys of `bits` bits have the same verification tag. */
export function verificationBound(bits: number): number {
  return (blocksOf(8 + Math.ceil(bits / 8)) + 1) / 2 ** 127;
}

/**
 * 32-bit tag of one error-correction frame, to find the frames that failed; it does not replace the tag of the whole key.
 * The polynomial hash at the first half of the seed, times the second half modulo p = 2^127 - 1, low 32 bits. Cutting the
 * hash itself would let frames of k blocks collide with probability k / 2^31; after a uniform factor the difference of
 * two unequal digests is uniform over the field, and 2^96 of the 2^127 strings for that factor leave equal low bits (those
 * whose difference is 0 or -1 modulo 2^32). So two different frames have the same tag for at most a fraction
 *   2^-31 + (blocks + 1) / 2^127
 * of seeds. `seed`: 32 uniform bytes, the same for all frames of a block. Throws DistillError `distill/bad-argument` for a
 * seed of another size.
 */
export function frameTag(seed: Uint8Array, frame: Bits): number {
  if (seed.length !== FRAME_SEED_BYTES) {
    throw new DistillError(
      'distill/bad-argument',
      `a frame seed has ${FRAME_SEED_BYTES} bytes, this one has ${seed.length}`,
    );
  }
  const product = multiplyBytes(hash(seed.subarray(0, POINT_BYTES), frame), seed.subarray(POINT_BYTES));
  return (product[0]! | (product[1]! << 8) | (product[2]! << 16) | (product[3]! << 24)) >>> 0;
}
