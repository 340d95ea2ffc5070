import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { SecretBytes } from '@skykey/bits';
import { TAG_BYTES } from './envelope.ts';

/**
 * AES-256 in Galois/counter mode (NIST SP 800-38D), one key for one message, so that any nonce is unique. Nonce: 4 zero
 * bytes ‖ sequence number (8 bytes, big-endian). Associated data: the header, so that key ids and number are bound.
 */

/** Bytes of the key. */
export const AES_KEY_BYTES = 32;

function nonceOf(sequence: number): Uint8Array {
  const nonce = new Uint8Array(12);
  new DataView(nonce.buffer).setBigUint64(4, BigInt(sequence));
  return nonce;
}

/** Ciphertext and tag of `block`. */
export function sealWithAes(
  key: SecretBytes,
  sequence: number,
  header: Uint8Array,
  block: Uint8Array,
): [Uint8Array, Uint8Array] {
  const cipher = key.open((bytes) =>
    createCipheriv('aes-256-gcm', bytes, nonceOf(sequence), { authTagLength: TAG_BYTES }),
  );
  cipher.setAAD(header);
  const ciphertext = new Uint8Array(cipher.update(block));
  cipher.final();
  return [ciphertext, new Uint8Array(cipher.getAuthTag())];
}

/** The block, or null when the tag is wrong. */
export function openWithAes(
  key: SecretBytes,
  sequence: number,
  header: Uint8Array,
  ciphertext: Uint8Array,
  received: Uint8Array,
): Uint8Array | null {
  const decipher = key.open((bytes) =>
    createDecipheriv('aes-256-gcm', bytes, nonceOf(sequence), { authTagLength: TAG_BYTES }),
  );
  decipher.setAAD(header);
  decipher.setAuthTag(received);
  const block = decipher.update(ciphertext);
  try {
    decipher.final();
    return block;
  } catch {
    block.fill(0);
    return null;
  }
}
