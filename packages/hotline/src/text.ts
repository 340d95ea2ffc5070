import { HotlineError } from './error.ts';

/**
 * A text and the block of bytes that is sealed for it: length (2 bytes, big-endian) ‖ UTF-8 ‖ zero bytes. The blocks come
 * in few sizes so that who counts bytes on the line learns little about a text's length. The sizes are those for which
 * a one-time pad of whole keys fits without a rest: `keys` keys of one size, a multiple of 64 bytes and at most the 512
 * bytes (4,096 bits) of ETSI GS QKD 014, 32 bytes of them for the tag.
 *
 * A text is sent as it was typed: no Unicode normalisation, no byte order mark added or taken away.
 */

/** Longest text, bytes of UTF-8. */
export const MAX_TEXT_BYTES = 4000;

/** What a one-time pad spends besides one byte for each byte of the block: point and mask of the tag. */
export const TAG_KEY_BYTES = 32;
const LENGTH_BYTES = 2;
const STEP_BYTES = 64;
const MAX_KEY_BYTES = 512;

/** `count` keys of `bytesPerKey` bytes each. */
export interface KeyNeed {
  readonly bytesPerKey: number;
  readonly count: number;
}

/** Keys that a one-time pad draws for a text of `textBytes` bytes. */
export function padNeed(textBytes: number): KeyNeed {
  const bytes = TAG_KEY_BYTES + LENGTH_BYTES + textBytes;
  const count = Math.ceil(bytes / MAX_KEY_BYTES);
  return { bytesPerKey: STEP_BYTES * Math.ceil(bytes / (STEP_BYTES * count)), count };
}

/** Keys that a one-time pad of a block of `blockBytes` is made of, or null when no text has a block of this size. */
export function padNeedOfBlock(blockBytes: number): KeyNeed | null {
  const textBytes = blockBytes - LENGTH_BYTES;
  if (textBytes < 1) return null;
  const need = padNeed(textBytes);
  return need.count * need.bytesPerKey === blockBytes + TAG_KEY_BYTES && blockBytes <= MAX_BLOCK_BYTES ? need : null;
}

function blockBytesOf(textBytes: number): number {
  const { bytesPerKey, count } = padNeed(textBytes);
  return bytesPerKey * count - TAG_KEY_BYTES;
}

/** Bytes of the largest block. */
export const MAX_BLOCK_BYTES = blockBytesOf(MAX_TEXT_BYTES);

/**
 * The block of `text`. Throws HotlineError `hotline/bad-argument` when the text is empty or not well-formed Unicode,
 * `hotline/too-long` beyond 4,000 bytes.
 */
export function blockOf(text: string): Uint8Array {
  if (!text.isWellFormed()) {
    throw new HotlineError('hotline/bad-argument', 'the text must be well-formed Unicode; it holds half a character');
  }
  const bytes = new TextEncoder().encode(text);
  if (bytes.length === 0)
    throw new HotlineError('hotline/bad-argument', 'the text is empty: write at least a character');
  if (bytes.length > MAX_TEXT_BYTES) {
    throw new HotlineError(
      'hotline/too-long',
      `the text has ${bytes.length} bytes; a message holds up to ${MAX_TEXT_BYTES}: send it in parts`,
    );
  }
  const block = new Uint8Array(blockBytesOf(bytes.length));
  new DataView(block.buffer).setUint16(0, bytes.length);
  block.set(bytes, LENGTH_BYTES);
  bytes.fill(0);
  return block;
}

/** The text of an authentic block. Throws HotlineError `hotline/malformed` for a block that `blockOf` never makes. */
export function textOf(block: Uint8Array): string {
  const textBytes = new DataView(block.buffer, block.byteOffset, block.length).getUint16(0);
  const end = LENGTH_BYTES + textBytes;
  if (textBytes < 1 || textBytes > MAX_TEXT_BYTES || blockBytesOf(textBytes) !== block.length) {
    throw new HotlineError(
      'hotline/malformed',
      'the message is authentic, but its inner length is not one a desk writes',
    );
  }
  if (block.subarray(end).some((byte) => byte !== 0)) {
    throw new HotlineError('hotline/malformed', 'the message is authentic, but its filling is not of zeros');
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(block.subarray(LENGTH_BYTES, end));
  } catch (cause) {
    throw new HotlineError('hotline/malformed', 'the message is authentic, but its text is not UTF-8', { cause });
  }
}
