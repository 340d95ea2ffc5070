import { type Bits, fromBytes, slice } from '@skykey/bits';
import { accumulateProducts, evaluate, interpolate, MAX_POINTS, reduceAll } from './additive-fft.ts';

/**
 * `toeplitz` in plain TypeScript, another way: bits eight at a time, as polynomials of degree 7, whose products of degree
 * 14 fit GF(2^16) without reduction; sums of such products never grow. Bit i is read from coefficient i + n - 1 of the
 * product of two byte strings: blocks of input against windows of seed, only the part of each product that is needed, the
 * rest left to wrap around. At least one bit of input and of output; the seed has n + outputBits - 1 bits.
 */
export function toeplitzTwin(input: Bits, seed: Bits, outputBits: number): Bits {
  // Coefficient t holds bits 8 t to 8 t + 14 of the product of the bit strings, so one more is needed before the first.
  const firstBit = input.length - 1;
  const first = Math.floor(firstBit / 8) - 1;
  const count = Math.floor((firstBit + outputBits - 1) / 8) - first + 1;
  const product = middleProduct(input.bytes, seed.bytes, first, count);
  const bytes = new Uint8Array(count - 1);
  for (let t = 1; t < count; t++) bytes[t - 1] = product[t]! ^ (product[t - 1]! >> 8);
  const whole = fromBytes(bytes);
  const out = slice(whole, firstBit & 7, (firstBit & 7) + outputBits);
  for (const scratch of [product, bytes, whole.bytes]) scratch.fill(0);
  return out;
}

/** Up to this many bytes of input, many transforms of 256 points take less time than a few of 65536. */
const SMALL_INPUT_BYTES = 8192;

/**
 * Coefficients `first` (may be negative) to `first + count` of a times b, bytes read as polynomials over GF(2), each
 * coefficient a polynomial of degree up to 14. Holds four bytes of transforms for each byte of `a` and eight for each
 * coefficient.
 */
function middleProduct(a: Uint8Array, b: Uint8Array, first: number, count: number): Uint16Array {
  const points = a.length <= SMALL_INPUT_BYTES ? 256 : MAX_POINTS;
  const size = points / 2;
  const blocks: Uint16Array[] = [];
  for (let at = 0; at < a.length; at += size) {
    const block = new Uint16Array(points);
    block.set(a.subarray(at, at + size));
    evaluate(block);
    blocks.push(block);
  }
  const sums = Array.from({ length: Math.ceil(count / size) }, () => new Int32Array(points));

  // Coefficient first + o size + i takes block j of a against b from first + (o - j) size + i - (size - 1) on: the window
  // depends on o - j alone. It has 2 size - 1 bytes and stands so that the needed coefficients of block times window are
  // size - 1 to 2 size - 2; those at 2 size to 3 size - 3 wrap to 1 … size - 2 (x^points = x) and do no harm.
  for (let diagonal = 1 - blocks.length; diagonal < sums.length; diagonal++) {
    const window = new Uint16Array(points);
    const start = first + diagonal * size - (size - 1);
    window.set(b.subarray(Math.max(0, start), Math.max(0, start + points - 1)), Math.max(0, -start));
    evaluate(window);
    for (let o = Math.max(0, diagonal); o < sums.length && o - diagonal < blocks.length; o++) {
      accumulateProducts(sums[o]!, blocks[o - diagonal]!, window);
    }
  }

  const out = new Uint16Array(count);
  for (const [o, sum] of sums.entries()) {
    const values = reduceAll(sum);
    interpolate(values);
    out.set(values.subarray(size - 1, size - 1 + Math.min(size, count - o * size)), o * size);
    values.fill(0);
    sum.fill(0);
  }
  for (const block of blocks) block.fill(0);
  return out;
}
