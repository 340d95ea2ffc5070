import { createHmac } from 'node:crypto';
import { SecretBytes } from '@skykey/bits';

/**
 * HKDF (RFC 5869) with SHA-512. Node's own `hkdfSync` takes at most 1,024 bytes of info, fewer than the context of an
 * epoch has (an ML-KEM-1024 key and ciphertext alone are 3,136), and hands its result out as a bare buffer.
 */

/** Bytes of a hash value, and of the pseudorandom key that `extract` gives. */
export const HASH_BYTES = 64;

/** HMAC-SHA-512 (RFC 2104), 64 bytes. */
export function hmacSha512(key: SecretBytes, message: Uint8Array): SecretBytes {
  return key.open((bytes) => adopt(createHmac('sha512', bytes).update(message).digest()));
}

/** A Buffer taken over as an ordinary array: a Buffer's own `slice` shares its memory, and would be wiped with the part. */
export function adopt(buffer: Buffer): SecretBytes {
  return SecretBytes.adopt(new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length));
}

/** RFC 5869, 2.2: 64 bytes. */
export function extract(salt: SecretBytes, input: SecretBytes): SecretBytes {
  return input.open((bytes) => hmacSha512(salt, bytes));
}

/** RFC 5869, 2.3. Throws RangeError unless `length` is 1 to 16,320 bytes. */
export function expand(pseudorandomKey: SecretBytes, info: Uint8Array, length: number): SecretBytes {
  if (!(Number.isInteger(length) && length >= 1 && length <= 255 * HASH_BYTES)) {
    throw new RangeError(`HKDF gives 1 to ${255 * HASH_BYTES} bytes, not ${length}`);
  }
  const output = new Uint8Array(length);
  pseudorandomKey.open((key) => {
    let block: Uint8Array = new Uint8Array(0);
    for (let i = 1, at = 0; at < length; i++, at += HASH_BYTES) {
      const previous = block;
      block = createHmac('sha512', key).update(previous).update(info).update(Uint8Array.of(i)).digest();
      previous.fill(0);
      output.set(block.subarray(0, length - at), at);
    }
    block.fill(0);
  });
  return SecretBytes.adopt(output);
}

/** The info under which one purpose of this protocol version gets its key, none being the beginning of another. */
export function label(purpose: string): Uint8Array {
  return new TextEncoder().encode(`skykey/hotline/2 ${purpose}\0`);
}
