import { encodeHeader, type Header, type ReadHeader } from './header.ts';
import { type Bytes, decrypt, encrypt, type FrameKeys, NONCE_BYTES } from './suites.ts';

/** The salt with the counter added to it, bit by bit without carry (RFC 9605, 4.4.3). */
export function frameNonce(salt: Bytes, ctr: bigint): Bytes {
  const nonce = salt.slice();
  const view = new DataView(nonce.buffer);
  view.setBigUint64(NONCE_BYTES - 8, view.getBigUint64(NONCE_BYTES - 8) ^ ctr);
  return nonce;
}

/**
 * One frame, sealed: header ‖ ciphertext ‖ tag, with the header and `metadata` authenticated (RFC 9605, 4.4.3).
 * The caller answers for using each pair of KID and CTR once. What the keys are needed for is done before this returns
 * its promise, so that they may be overwritten meanwhile.
 */
export async function sealFrame(keys: FrameKeys, header: Header, plaintext: Bytes, metadata: Bytes): Promise<Bytes> {
  const front = encodeHeader(header);
  const sealed = await encrypt(keys, frameNonce(keys.salt, header.ctr), joined(front, metadata), plaintext);
  return joined(front, sealed);
}

/** The plaintext of a frame whose header has been read, or undefined when it or `metadata` is not what was sealed. */
export async function openFrame(
  keys: FrameKeys,
  header: ReadHeader,
  frame: Bytes,
  metadata: Bytes,
): Promise<Bytes | undefined> {
  const aad = joined(frame.subarray(0, header.length), metadata);
  return decrypt(keys, frameNonce(keys.salt, header.ctr), aad, frame.subarray(header.length));
}

/** Two strings of bytes, one after the other. */
export function joined(first: Uint8Array, second: Uint8Array): Bytes {
  const out = new Uint8Array(first.length + second.length);
  out.set(first);
  out.set(second, first.length);
  return out;
}
