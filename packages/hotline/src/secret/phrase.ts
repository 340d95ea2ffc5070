import { HotlineError } from '../error.ts';
import { WORDS } from './words.ts';

/** Words of a safety phrase: 48 bits, see `safetyBytes` for why they are enough. */
export const PHRASE_WORDS = 6;
/** Bytes of an agreement's `safety`. */
export const SAFETY_BYTES = 8;

/**
 * The six words that the humans at both desks read to each other, one for each of the first six bytes, with spaces between.
 * The same words on both sides say that nobody stands between. Throws HotlineError `hotline/bad-argument` unless there are
 * 8 bytes.
 */
export function phraseOf(safety: Uint8Array): string {
  if (safety.length !== SAFETY_BYTES) {
    throw new HotlineError('hotline/bad-argument', `a safety phrase comes from ${SAFETY_BYTES} bytes`);
  }
  return Array.from(safety.subarray(0, PHRASE_WORDS), (byte) => WORDS[byte]!).join(' ');
}
