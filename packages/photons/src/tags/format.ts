/**
 * `time-tag-64`, the 64-bit time tags of qcrypto (Kurtsiefer and others) and of the time taggers that feed it. `FORMAT.md`
 * in this folder has it bit by bit, with sources.
 */
import { PhotonsError } from '../error.ts';

/**
 * How the 64 bits lie in a file: two little-endian words of 32 bits, the high one first (`struct rawevent {msw; lsw}` of
 * qcrypto, `readevents7 -a1 -X`) or the low one first (`-a1`), or a line of 16 hexadecimal digits (`-a2`).
 */
export type TagLayout = 'high-word-first' | 'low-word-first' | 'hexadecimal';

export interface TagFormat {
  readonly layout: TagLayout;
  /** 54: units of 1/256 ns. 49: units of 1/8 ns; the five bits below are not looked at, and written as zeros. */
  readonly timeBits: 49 | 54;
  /**
   * Skykey's detector (0 X0, 1 X1, 2 Z0, 3 Z1) behind bit 0, 1, 2, 3 of the pattern: a permutation of 0 to 3.
   * `[0, 1, 2, 3]` in what Skykey writes, `QCRYPTO_DETECTORS` in a polarisation analyser wired as qcrypto expects.
   */
  readonly detectors: readonly [number, number, number, number];
}

/** What qcrypto's own programs read. */
export const TIME_TAG_64: TagFormat = { layout: 'high-word-first', timeBits: 54, detectors: [0, 1, 2, 3] };

/** qcrypto wires V, -, H, + to bits 0 to 3: 90, 135, 0 and 45 degrees. */
export const QCRYPTO_DETECTORS: TagFormat['detectors'] = [3, 1, 2, 0];

/** The clock of the format starts again from 0 after 2^46 ns, in both resolutions: 70,368.744177664 s. */
export const ROLL_OVER_S = 2 ** 46 / 1e9;

/** Most units of 1/256 ns whose whole ps a double holds. */
export const MOST_TICKS = Math.floor((2 ** 53 * 32) / 125);

/** Latest time that is written, ps: a little below 2^53, so that it can be rounded. 2.5 hours. */
export const MOST_PS = 2 ** 53 - 128;

/** Throws `photons/tags` for a layout, a number of bits or detectors that do not exist. */
export function checkFormat(format: TagFormat): void {
  const { layout, timeBits, detectors } = format;
  if (layout !== 'high-word-first' && layout !== 'low-word-first' && layout !== 'hexadecimal') {
    const rule = 'it must be high-word-first, low-word-first or hexadecimal';
    throw new PhotonsError('photons/tags', `layout is ${String(layout)}; ${rule}`);
  }
  if (timeBits !== 49 && timeBits !== 54) {
    throw new PhotonsError('photons/tags', `timeBits is ${String(timeBits)}; it must be 49 or 54`);
  }
  if (detectors.length !== 4 || ![0, 1, 2, 3].every((one) => detectors.includes(one))) {
    const rule = 'they must be 0, 1, 2 and 3 in some order';
    throw new PhotonsError('photons/tags', `detectors are ${detectors.join(', ')}; ${rule}`);
  }
}

/** Throws `photons/tags` unless a file may begin at this whole second of its clock. */
export function checkOrigin(originS: number): void {
  if (Number.isSafeInteger(originS) && originS >= 0 && originS < ROLL_OVER_S) return;
  const rule = `it must be a whole number from 0 to ${Math.floor(ROLL_OVER_S)}`;
  throw new PhotonsError('photons/tags', `originS is ${originS}; ${rule}`);
}

/**
 * Units of 1/256 ns of a whole second, in two exact parts: `high * 2^22 + low`. A second is 1953125 * 2^17 of them, more
 * than a double holds after ten hours.
 */
export function originTicks(originS: number): { readonly high: number; readonly low: number } {
  const high = Math.floor((originS * 1953125) / 32);
  return { high, low: (originS * 1953125 - 32 * high) * 2 ** 17 };
}

/** Whole ps next to a number of units of 1/256 ns (3.90625 ps); exact every 32 units. */
export function psOfTicks(ticks: number): number {
  const blocks = Math.floor(ticks / 32);
  return blocks * 125 + Math.round((ticks - blocks * 32) * 3.90625);
}

/** The unit of 1/256 ns next to a number of whole ps; or, with 49 bits, the multiple of 32 of them. Keeps the order. */
export function ticksOfPs(ps: number, timeBits: 49 | 54): number {
  if (timeBits === 49) return Math.round(ps / 125) * 32;
  const blocks = Math.floor(ps / 125);
  return blocks * 32 + Math.round(((ps - blocks * 125) * 32) / 125);
}
