/** How one piece is sealed at rest: AES-256-GCM (NIST SP 800-38D), bound to its place, and never twice under one nonce. */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from 'node:crypto';
import { SecretBytes } from '@skykey/bits';

export type RandomBytes = (bytes: number) => Uint8Array;

export const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Bytes that a sealed piece has more than what is in it. */
export const SEAL_BYTES: number = NONCE_BYTES + TAG_BYTES;
const BLIND_BYTES = 16;
/** What is padded has a length that is a multiple of this many bytes, so that the length of a text does not show. */
const PAD_BYTES = 256;

/**
 * nonce (12, random) ‖ ciphertext ‖ tag (16). Random, not counted: a counter would come out of a database that may be put
 * back from an old copy beside keys that were not, and then count again over what was sealed before. Of 2^32 pieces under
 * one key two share a nonce with probability below 2^-32 (SP 800-38D, 8.3); a key here lives for a day, in which a disk
 * that takes 1,000 writes a second takes fewer than 2^27: below 2^-42.
 */
export function seal(key: SecretBytes, random: RandomBytes, plain: Uint8Array, context: Uint8Array): Uint8Array {
  const nonce = random(NONCE_BYTES);
  return key.open((bytes) => {
    const cipher = createCipheriv('aes-256-gcm', bytes, nonce).setAAD(context);
    return new Uint8Array(Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]));
  });
}

/** What was sealed; undefined when it is not this piece, not of this place, or not under this key. */
export function unseal(key: SecretBytes, sealed: Uint8Array, context: Uint8Array): Uint8Array | undefined {
  if (sealed.length < SEAL_BYTES) return undefined;
  return key.open((bytes) => {
    const end = sealed.length - TAG_BYTES;
    const decipher = createDecipheriv('aes-256-gcm', bytes, sealed.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    })
      .setAAD(context)
      .setAuthTag(sealed.subarray(end));
    const head = decipher.update(sealed.subarray(NONCE_BYTES, end));
    try {
      decipher.final();
      return new Uint8Array(head);
    } catch {
      return undefined;
    } finally {
      head.fill(0);
    }
  });
}

/** Every part after its length, so that no two places are called the same. */
export function contextOf(...parts: readonly (string | number | Uint8Array)[]): Uint8Array {
  return Buffer.concat(
    parts.flatMap((part) => {
      const bytes = typeof part === 'number' ? numberBytes(part) : Buffer.from(part as Uint8Array);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return [length, bytes];
    }),
  );
}

/** A name that says nothing: HMAC-SHA-256 under a key of this store, cut to 128 bits. */
export function blind(key: SecretBytes, kind: string, name: string): Uint8Array {
  return key.open((bytes) => {
    const mac = createHmac('sha256', bytes).update(contextOf(kind, name)).digest();
    return new Uint8Array(mac.subarray(0, BLIND_BYTES));
  });
}

/** A key for one purpose out of another (HKDF-SHA-256, RFC 5869), gone when that one is. */
export const derived = (key: SecretBytes, purpose: Uint8Array): SecretBytes =>
  key.open((bytes) => SecretBytes.adopt(new Uint8Array(hkdfSync('sha256', bytes, '', purpose, KEY_BYTES))));

function numberBytes(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

/** length (4, big-endian) ‖ content ‖ zeros. */
export function padded(content: Uint8Array): Uint8Array {
  const whole = Buffer.alloc(Math.ceil((4 + content.length) / PAD_BYTES) * PAD_BYTES);
  whole.writeUInt32BE(content.length);
  whole.set(content, 4);
  return whole;
}

export function unpadded(plain: Uint8Array): Uint8Array {
  const length = new DataView(plain.buffer, plain.byteOffset).getUint32(0);
  return plain.subarray(4, 4 + length);
}
