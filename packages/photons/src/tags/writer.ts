import { PhotonsError } from '../error.ts';
import type { Tags } from '../sampler/sampler.ts';
import { checkFormat, checkOrigin, MOST_PS, originTicks, type TagFormat, TIME_TAG_64, ticksOfPs } from './format.ts';

export interface TagWriterOptions extends Partial<TagFormat> {
  /** The whole second of the file's clock that times are reckoned from. 0 when left out. */
  readonly originS?: number;
}

const DIGITS = new TextEncoder().encode('0123456789abcdef');

/**
 * Writes time tags in the `time-tag-64` format, one record a row, in order of time. Times are rounded to the nearest unit
 * of the format: at most 2 ps off in what is read back with 54 bits, 62 ps with 49. The clock of the file rolls over.
 */
export class TagWriter {
  readonly #format: TagFormat;
  readonly #origin: { readonly high: number; readonly low: number };
  readonly #bitOf = new Uint8Array(4);
  #lastPs = 0;
  #rows = 0;

  /** Throws `photons/tags` for options out of range. */
  constructor(options: TagWriterOptions = {}) {
    this.#format = { ...TIME_TAG_64, ...options };
    checkFormat(this.#format);
    checkOrigin(options.originS ?? 0);
    this.#origin = originTicks(options.originS ?? 0);
    for (const [bit, detector] of this.#format.detectors.entries()) this.#bitOf[detector] = bit;
  }

  /** The bytes of these rows, to follow those of the rows before. Throws `photons/tags`, and then writes none of them. */
  write(tags: Tags): Uint8Array {
    this.#check(tags);
    const { layout, timeBits } = this.#format;
    const count = tags.timePs.length;
    const words = new Uint32Array(2 * count);
    for (let row = 0; row < count; row++) {
      const ticks = ticksOfPs(tags.timePs[row]!, timeBits) + this.#origin.low;
      const high = Math.floor(ticks / 2 ** 22);
      // A typed array takes numbers modulo 2^32, which is the roll-over of the clock.
      words[2 * row] = high + this.#origin.high;
      words[2 * row + 1] = (ticks - high * 2 ** 22) * 1024 + (1 << this.#bitOf[tags.detector[row]!]!);
    }
    this.#rows += count;
    if (count > 0) this.#lastPs = tags.timePs[count - 1]!;
    return layout === 'hexadecimal' ? text(words) : binary(words, layout === 'high-word-first');
  }

  #check({ timePs, detector }: Tags): void {
    let lastPs = this.#lastPs;
    for (let row = 0; row < timePs.length; row++) {
      const here = timePs[row]!;
      const refuse = (what: string): never => {
        throw new PhotonsError('photons/tags', `row ${this.#rows + row}: ${what}`);
      };
      if (!(Number.isInteger(here) && here >= 0 && here <= MOST_PS)) {
        refuse(`timePs is ${here}; it must be whole, from 0 to ${MOST_PS}`);
      }
      if (here < lastPs) refuse(`timePs is ${here} after ${lastPs}; rows must be in order of time`);
      if (!(detector[row]! < 4)) refuse(`detector is ${detector[row]}; it must be 0, 1, 2 or 3`);
      lastPs = here;
    }
  }
}

function binary(words: Uint32Array, highFirst: boolean): Uint8Array {
  const bytes = new Uint8Array(words.length * 4);
  const view = new DataView(bytes.buffer);
  const swap = highFirst ? 0 : 1;
  for (let i = 0; i < words.length; i++) view.setUint32((i ^ swap) * 4, words[i]!, true);
  return bytes;
}

function text(words: Uint32Array): Uint8Array {
  const bytes = new Uint8Array((words.length / 2) * 17).fill(0x0a);
  for (let i = 0; i < words.length; i++) {
    const at = (i >> 1) * 17 + (i & 1) * 8;
    for (let digit = 0; digit < 8; digit++) bytes[at + digit] = DIGITS[(words[i]! >>> (28 - 4 * digit)) & 0xf]!;
  }
  return bytes;
}
