import { HotlineError } from '../error.ts';
import type { Bytes } from './suites.ts';

/**
 * Speech by one-time pad: a frame XOR a slot of a block that nothing else was ever sealed with, and the whole of it inside
 * SFrame. The pad keeps the words secret against any computer; that nobody altered them rests on AES-256-GCM, as in every
 * call. What is sealed always has the same length, whatever was said.
 */

/** A slot holds length u8 ‖ frame ‖ zero bytes. */
const SLOT_BYTES = 80;
export const SLOTS_PER_BLOCK = 50;
/** A block is for one second of speech of one direction, in frames of 20 ms. */
export const PAD_BLOCK_BYTES = SLOT_BYTES * SLOTS_PER_BLOCK;
/** As many keys make a block, of BLOCK_KEY_BYTES each: 4,000 bits, below the 4,096 that key managers give in one. */
export const KEYS_PER_BLOCK = 8;
export const BLOCK_KEY_BYTES = PAD_BLOCK_BYTES / KEYS_PER_BLOCK;
/** Of an encoded frame of speech. */
export const MAX_SPEECH_FRAME_BYTES = SLOT_BYTES - 1;
/** What the encoder is told: 78 bytes in 20 ms, one less than a slot holds. */
export const SPEECH_BITS_PER_SECOND = 31_200;
/** Index u32 ‖ covered slot. */
export const COVERED_BYTES = 4 + SLOT_BYTES;
/** Blocks of a direction are numbered from 0, so that the index of a frame has 32 bits. */
export const LAST_BLOCK = Math.floor(2 ** 32 / SLOTS_PER_BLOCK) - 1;

/** Blocks that one end keeps, at most: twice what a desk has under way. */
const MOST_BLOCKS = 16;
/** Blocks before the newest one in use that frames may still come under. */
const LATE_BLOCKS = 2;

interface Block {
  readonly number: number;
  readonly bytes: Bytes;
}

/**
 * Covers frames, each with the next slot. The number of a slot only rises and a slot is overwritten as soon as it has been
 * used, so that there is no way to cover two frames with one.
 */
export class SpeechCover {
  #blocks: Block[] = [];
  #last = -1;
  #slot = 0;

  /** Numbers of the blocks that are not used up. */
  get blocks(): readonly number[] {
    return this.#blocks.map(({ number }) => number);
  }

  /**
   * Takes the block over: its bytes are overwritten. Throws HotlineError `hotline/bad-argument` unless its number is above
   * all before and it is whole.
   */
  add(number: number, bytes: Bytes): void {
    if (number <= this.#last || this.#blocks.length >= MOST_BLOCKS) {
      bytes.fill(0);
      throw bad('this pad of the call is not newer than those before, or one too many; get another');
    }
    this.#blocks.push({ number, bytes: taken(number, bytes) });
    this.#last = number;
  }

  /**
   * Index ‖ covered slot, COVERED_BYTES. Throws HotlineError `hotline/too-long` for a frame of more than
   * MAX_SPEECH_FRAME_BYTES, `hotline/no-key` without a block; then nothing was used up.
   */
  cover(frame: Bytes): Bytes {
    if (frame.length > MAX_SPEECH_FRAME_BYTES) {
      throw new HotlineError(
        'hotline/too-long',
        `a frame of speech has ${frame.length} bytes, and the pad covers ${MAX_SPEECH_FRAME_BYTES}: it is not sent`,
      );
    }
    const [block] = this.#blocks;
    if (!block) {
      throw new HotlineError('hotline/no-key', 'there is no one-time pad for this call at the moment: nothing is sent');
    }
    const covered = new Uint8Array(COVERED_BYTES);
    new DataView(covered.buffer).setUint32(0, block.number * SLOTS_PER_BLOCK + this.#slot);
    covered[4] = frame.length;
    covered.set(frame, 5);
    combine(covered.subarray(4), slotOf(block, this.#slot));
    this.#slot++;
    if (this.#slot === SLOTS_PER_BLOCK) {
      this.#blocks.shift();
      this.#slot = 0;
    }
    return covered;
  }

  /** Overwrites what is left. */
  wipe(): void {
    for (const { bytes } of this.#blocks) bytes.fill(0);
    this.#blocks = [];
    this.#slot = 0;
  }
}

/** Uncovers frames, each slot once, in whatever order they come and however many are missing. */
export class SpeechUncover {
  readonly #blocks = new Map<number, Block & { readonly used: Set<number> }>();
  /** Blocks up to here are over. */
  #over = -1;
  #newest = -1;

  /** Takes the block over: its bytes are overwritten. Throws HotlineError `hotline/bad-argument` for one that was there before. */
  add(number: number, bytes: Bytes): void {
    if (number <= this.#over || this.#blocks.has(number)) {
      bytes.fill(0);
      throw bad('this pad of the call was there before; each serves once');
    }
    this.#blocks.set(number, { number, bytes: taken(number, bytes), used: new Set() });
    this.#end(this.#kept()[MOST_BLOCKS] ?? -1);
  }

  /** The frame, or undefined: its slot is not here, was used before, or it is not what a desk covers. */
  uncover(covered: Bytes): Bytes | undefined {
    if (covered.length !== COVERED_BYTES) return undefined;
    const index = new DataView(covered.buffer, covered.byteOffset).getUint32(0);
    const slot = index % SLOTS_PER_BLOCK;
    const block = this.#blocks.get((index - slot) / SLOTS_PER_BLOCK);
    if (!block || block.used.has(slot)) return undefined;
    block.used.add(slot);
    const filled = covered.slice(4);
    combine(filled, slotOf(block, slot));
    if (block.number > this.#newest) {
      this.#newest = block.number;
      this.#end(this.#kept().filter((number) => number <= block.number)[LATE_BLOCKS + 1] ?? -1);
    }
    const length = filled[0]!;
    if (length > MAX_SPEECH_FRAME_BYTES || filled.subarray(1 + length).some((byte) => byte !== 0)) return undefined;
    return filled.slice(1, 1 + length);
  }

  /** Overwrites what is left. */
  wipe(): void {
    for (const { bytes } of this.#blocks.values()) bytes.fill(0);
    this.#over = Math.max(this.#over, ...this.#blocks.keys());
    this.#blocks.clear();
  }

  /** Newest first. */
  #kept(): readonly number[] {
    return [...this.#blocks.keys()].sort((a, b) => b - a);
  }

  #end(upTo: number): void {
    this.#over = Math.max(this.#over, upTo);
    for (const [number, { bytes }] of this.#blocks) {
      if (number > this.#over) continue;
      bytes.fill(0);
      this.#blocks.delete(number);
    }
  }
}

/** XORs a slot into `text`, and overwrites the slot. */
function combine(text: Bytes, slot: Bytes): void {
  for (let i = 0; i < SLOT_BYTES; i++) text[i]! ^= slot[i]!;
  slot.fill(0);
}

function slotOf({ bytes }: Block, slot: number): Bytes {
  return bytes.subarray(SLOT_BYTES * slot, SLOT_BYTES * (slot + 1));
}

function taken(number: number, bytes: Bytes): Bytes {
  const own = bytes.slice();
  bytes.fill(0);
  const possible = Number.isInteger(number) && number >= 0 && number <= LAST_BLOCK;
  if (!possible || own.length !== PAD_BLOCK_BYTES || own.every((byte) => byte === 0)) {
    own.fill(0);
    throw bad(`a pad of a call has ${PAD_BLOCK_BYTES} bytes that were not used before; this is none`);
  }
  return own;
}

function bad(why: string): HotlineError {
  return new HotlineError('hotline/bad-argument', why);
}
