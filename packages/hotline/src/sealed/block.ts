import { Reader, Writer } from '../bytes.ts';
import { HotlineError } from '../error.ts';
import type { KeyNeed } from './key.ts';

/**
 * What somebody wrote, and the block of bytes that is encrypted for it:
 *
 *   time (8) ‖ length of author (1) ‖ author ‖ length of text (2) ‖ text ‖ salt (32, on the record only) ‖ zero bytes
 *
 * Author and time are inside, so that a one-time pad hides them as well. The blocks come in few sizes, so that who counts
 * bytes learns little about the length: those for which a one-time pad of whole keys fits without a rest, `count` keys of
 * one size, a multiple of 64 bytes and at most the 512 bytes (4,096 bits) of ETSI GS QKD 014, 32 bytes of them for the tag.
 *
 * A text is sent as it was typed: no Unicode normalisation, no byte order mark added or taken away.
 */
export interface Words {
  /** 1 to 4,000 bytes of UTF-8. */
  readonly text: string;
  /** Who wrote it at its site: 1 to 64 bytes of UTF-8 on one line. */
  readonly author: string;
  /** Milliseconds of UTC at the sender. */
  readonly sentAtMs: number;
  /** 32 random bytes when the words are on the record, to open the commitment of the transcript; else null. */
  readonly salt: Uint8Array | null;
}

/** Longest text, bytes of UTF-8. */
export const MAX_TEXT_BYTES = 4000;
export const MAX_AUTHOR_BYTES = 64;
export const SALT_BYTES = 32;
/** What a one-time pad spends besides one byte for each byte of the block: point and mask of the tag. */
export const TAG_KEY_BYTES = 32;

/** Time and the two lengths. */
const FIXED_BYTES = 11;
const STEP_BYTES = 64;
const MAX_KEY_BYTES = 512;

/** Keys of a one-time pad for words of so many bytes of UTF-8. */
export function padNeed(textBytes: number, authorBytes: number, onRecord: boolean): KeyNeed {
  return needOf(FIXED_BYTES + authorBytes + textBytes + (onRecord ? SALT_BYTES : 0));
}

function needOf(contentBytes: number): KeyNeed {
  const bytes = TAG_KEY_BYTES + contentBytes;
  const count = Math.ceil(bytes / MAX_KEY_BYTES);
  return { bytesPerKey: STEP_BYTES * Math.ceil(bytes / (STEP_BYTES * count)), count };
}

function sizeFor(contentBytes: number): number {
  const { bytesPerKey, count } = needOf(contentBytes);
  return bytesPerKey * count - TAG_KEY_BYTES;
}

/** Bytes of the largest block. */
export const MAX_BLOCK_BYTES = sizeFor(FIXED_BYTES + MAX_AUTHOR_BYTES + MAX_TEXT_BYTES + SALT_BYTES);

/** Keys that a one-time pad of a block of `blockBytes` is made of, or null when no words have a block of this size. */
export function padNeedOfBlock(blockBytes: number): KeyNeed | null {
  if (!Number.isInteger(blockBytes) || blockBytes < 1 || blockBytes > MAX_BLOCK_BYTES) return null;
  const need = needOf(blockBytes);
  return need.count * need.bytesPerKey === blockBytes + TAG_KEY_BYTES ? need : null;
}

/**
 * The block of `words`: of the least size that holds them, or of `blockBytes`. Throws HotlineError `hotline/bad-argument`
 * for words that no desk sends, `hotline/too-long` beyond 4,000 bytes or beyond `blockBytes`.
 */
export function blockOf(words: Words, blockBytes?: number): Uint8Array {
  const text = textBytesOf(words.text);
  const author = authorBytesOf(words.author);
  checkMargin(words);
  const contentBytes = FIXED_BYTES + author.length + text.length + (words.salt?.length ?? 0);
  const size = blockBytes ?? sizeFor(contentBytes);
  if (contentBytes > size) {
    throw new HotlineError(
      'hotline/too-long',
      `the text has ${text.length} bytes; here is room for ${size - contentBytes + text.length}: shorten it or send it in parts`,
    );
  }
  const content = new Writer().u64(words.sentAtMs).short(author).u16(text.length).raw(text);
  text.fill(0);
  return content
    .raw(words.salt ?? new Uint8Array(0))
    .raw(new Uint8Array(size - contentBytes))
    .finish();
}

/**
 * The words of an authentic block. `blockBytes`: as for `blockOf`. Throws HotlineError `hotline/malformed` for a block
 * that `blockOf` never makes, for no words have two.
 */
export function wordsOf(block: Uint8Array, onRecord: boolean, blockBytes?: number): Words {
  const reader = new Reader(block, 'the message is authentic, but');
  const sentAtMs = reader.u64();
  const author = reader.name();
  const textBytes = reader.u16();
  const inner = reader.raw(textBytes);
  const text = reader.text(inner);
  inner.fill(0);
  const salt = onRecord ? reader.raw(SALT_BYTES) : null;
  if (block.length !== (blockBytes ?? sizeFor(reader.at))) throw reader.refuse('its filling has a size no desk writes');
  if (reader.raw(reader.left).some((byte) => byte !== 0)) throw reader.refuse('its filling is not of zeros');
  if (textBytes < 1 || textBytes > MAX_TEXT_BYTES) throw reader.refuse(`its text has ${textBytes} bytes`);
  if (authorFault(author) !== null) throw reader.refuse('its author is none a desk names');
  return { text, author, sentAtMs, salt };
}

function textBytesOf(text: string): Uint8Array {
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
  return bytes;
}

function authorBytesOf(author: string): Uint8Array {
  const fault = authorFault(author);
  if (fault !== null) throw new HotlineError('hotline/bad-argument', `the author's name ${fault}`);
  return new TextEncoder().encode(author);
}

/** A name on several lines, or with control characters, could pass for something the page says. */
function authorFault(author: string): string | null {
  if (!author.isWellFormed()) return 'must be well-formed Unicode; it holds half a character';
  const bytes = new TextEncoder().encode(author).length;
  if (bytes < 1 || bytes > MAX_AUTHOR_BYTES) return `must have 1 to ${MAX_AUTHOR_BYTES} bytes of UTF-8, not ${bytes}`;
  return /[\p{Cc}\u2028\u2029]/u.test(author) ? 'must be one line without control characters' : null;
}

function checkMargin({ sentAtMs, salt }: Words): void {
  if (!Number.isSafeInteger(sentAtMs) || sentAtMs < 0) {
    throw new HotlineError(
      'hotline/bad-argument',
      `sentAtMs must be whole milliseconds of UTC since 1970, not ${sentAtMs}`,
    );
  }
  if (salt !== null && (salt.length !== SALT_BYTES || salt.every((byte) => byte === 0))) {
    throw new HotlineError(
      'hotline/bad-argument',
      `the salt of a text on the record must be ${SALT_BYTES} random bytes`,
    );
  }
}
