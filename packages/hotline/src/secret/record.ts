import { createCipheriv, createDecipheriv, timingSafeEqual } from 'node:crypto';
import type { SecretBytes } from '@skykey/bits';
import { Reader, Writer } from '../bytes.ts';
import { HotlineError } from '../error.ts';
import { EPOCH_ID_BYTES } from './combiner.ts';
import { type Direction, LANES, type Lane } from './lanes.ts';
import { COMMITMENT_BYTES, type MessageKey } from './ratchet.ts';

/**
 * A record of a lane, integers big-endian:
 *
 *   "SKYH" ‖ 02 ‖ 02 ‖ lane ‖ direction ‖ epoch id (16) ‖ counter (8) ‖ commitment (16) ‖ ciphertext ‖ tag (16)
 *
 * AES-256-GCM (NIST SP 800-38D) under the one key of this record; nonce: 4 zero bytes ‖ counter; associated data:
 * everything before the ciphertext. Ciphertext and plaintext are equally long.
 */

const MAGIC = 0x534b5948;
const VERSION = 2;
const KIND_RECORD = 2;
const LANE_BYTE: Readonly<Record<Lane, number>> = { control: 1, text: 2, file: 3 };

/** Bytes before the ciphertext, and of the tag. */
export const HEADER_BYTES = 8 + EPOCH_ID_BYTES + 8 + COMMITMENT_BYTES;
export const TAG_BYTES = 16;
/** Longest plaintext. A file's chunk has 16 KiB and a little more. */
export const MAX_PLAINTEXT_BYTES = 65_536;

/** A record taken apart. None of it may be believed before `openRecord` has given its plaintext. */
export interface LaneRecord {
  readonly lane: Lane;
  readonly direction: Direction;
  readonly epochId: Uint8Array;
  readonly counter: number;
  readonly commitment: Uint8Array;
  /** The header as it came. */
  readonly header: Uint8Array;
  readonly ciphertext: Uint8Array;
  readonly tag: Uint8Array;
}

/** Throws HotlineError `hotline/too-long` for more than 65,536 bytes. */
export function checkPlaintext(plaintext: Uint8Array): void {
  if (plaintext.length <= MAX_PLAINTEXT_BYTES) return;
  throw new HotlineError(
    'hotline/too-long',
    `a record holds up to ${MAX_PLAINTEXT_BYTES} bytes, not ${plaintext.length}: send it in parts`,
  );
}

/** The whole record. Wipes the key, so that it cannot seal a second one. Throws HotlineError `hotline/too-long`. */
export function sealRecord(
  lane: Lane,
  direction: Direction,
  epochId: Uint8Array,
  { key, counter, commitment }: MessageKey,
  plaintext: Uint8Array,
): Uint8Array {
  checkPlaintext(plaintext);
  const header = new Writer()
    .u32(MAGIC)
    .u8(VERSION)
    .u8(KIND_RECORD)
    .u8(LANE_BYTE[lane])
    .u8(direction)
    .raw(epochId)
    .u64(counter)
    .raw(commitment)
    .finish();
  const { ciphertext, tag } = sealAead(key, counter, header, plaintext);
  key.wipe();
  return new Writer().raw(header).raw(ciphertext).raw(tag).finish();
}

/** Throws HotlineError `hotline/malformed` for whatever is not a record of this version. */
export function parseRecord(received: Uint8Array): LaneRecord {
  const bytes = new Uint8Array(received);
  const reader = new Reader(bytes, 'the record');
  if (reader.u32() !== MAGIC || reader.u8() !== VERSION || reader.u8() !== KIND_RECORD) {
    throw reader.refuse('it is not a record of version 2');
  }
  const laneByte = reader.u8();
  const lane = LANES.find((one) => LANE_BYTE[one] === laneByte);
  const direction = reader.u8();
  if (!lane || (direction !== 1 && direction !== 2)) throw reader.refuse('its lane or direction does not exist');
  const epochId = reader.raw(EPOCH_ID_BYTES);
  const counter = reader.u64();
  const commitment = reader.raw(COMMITMENT_BYTES);
  const ciphertextBytes = reader.left - TAG_BYTES;
  if (ciphertextBytes > MAX_PLAINTEXT_BYTES) throw reader.refuse(`it holds more than ${MAX_PLAINTEXT_BYTES} bytes`);
  if (ciphertextBytes < 0) throw reader.refuse('it ends too early');
  const ciphertext = reader.raw(ciphertextBytes);
  const tag = reader.raw(TAG_BYTES);
  return { lane, direction, epochId, counter, commitment, header: bytes.slice(0, HEADER_BYTES), ciphertext, tag };
}

/** The plaintext, or null when commitment or tag is wrong. */
export function openRecord(
  { counter, commitment, header, ciphertext, tag }: LaneRecord,
  key: SecretBytes,
  expectedCommitment: Uint8Array,
): Uint8Array | null {
  if (!timingSafeEqual(commitment, expectedCommitment)) return null;
  return openAead(key, counter, header, ciphertext, tag);
}

function nonceOf(counter: number): Uint8Array {
  return new Writer().u32(0).u64(counter).finish();
}

export function sealAead(
  key: SecretBytes,
  counter: number,
  header: Uint8Array,
  plaintext: Uint8Array,
): { readonly ciphertext: Uint8Array; readonly tag: Uint8Array } {
  const cipher = key.open((bytes) =>
    createCipheriv('aes-256-gcm', bytes, nonceOf(counter), { authTagLength: TAG_BYTES }),
  );
  cipher.setAAD(header);
  const ciphertext = cipher.update(plaintext);
  cipher.final();
  return { ciphertext, tag: cipher.getAuthTag() };
}

/** The plaintext, or null when the tag is wrong; what was decrypted until then is overwritten. */
export function openAead(
  key: SecretBytes,
  counter: number,
  header: Uint8Array,
  ciphertext: Uint8Array,
  tag: Uint8Array,
): Uint8Array | null {
  const decipher = key.open((bytes) =>
    createDecipheriv('aes-256-gcm', bytes, nonceOf(counter), { authTagLength: TAG_BYTES }),
  );
  decipher.setAAD(header);
  decipher.setAuthTag(tag);
  const plaintext = decipher.update(ciphertext);
  try {
    decipher.final();
    // Not a copy: that would leave the first one behind.
    return new Uint8Array(plaintext.buffer, plaintext.byteOffset, plaintext.length);
  } catch {
    plaintext.fill(0);
    return null;
  }
}
