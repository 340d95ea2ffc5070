import * as crypto from 'node:crypto';
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import type { SecretBytes } from '@skykey/bits';
import { HotlineError } from '../error.ts';
import { adopt } from './hkdf.ts';

/**
 * ML-KEM-1024 (FIPS 203) and X25519 (RFC 7748), with private keys as the seeds they grow from, in SecretBytes: a pending
 * agreement can then overwrite them. OpenSSL's own copy lives from one call of these functions to the next collection
 * of garbage; it cannot be overwritten from here.
 */

/** Node 24.7 has them; their types come later. */
const kem = crypto as unknown as {
  encapsulate(key: KeyObject): { sharedKey: Buffer; ciphertext: Buffer };
  decapsulate(key: KeyObject, ciphertext: Uint8Array): Buffer;
};

/** d ‖ z of FIPS 203, algorithm 16. */
export const KEM_SEED_BYTES = 64;
export const KEM_PUBLIC_KEY_BYTES = 1568;
export const KEM_CIPHERTEXT_BYTES = 1568;
export const SCALAR_BYTES = 32;
export const POINT_BYTES = 32;
/** Bytes of what either of the two gives both sides. */
export const SHARED_BYTES = 32;

/** What stands before the raw bytes in PKCS #8 and in SubjectPublicKeyInfo (RFC 8410; RFC 9935 for the seed alone). */
const DER = {
  kemSeed: Buffer.from('3054020100300b060960864801650304040304428040', 'hex'),
  kemPublicKey: Buffer.from('30820632300b06096086480165030404030382062100', 'hex'),
  scalar: Buffer.from('302e020100300506032b656e04220420', 'hex'),
  point: Buffer.from('302a300506032b656e032100', 'hex'),
};

/** The public key, 1,568 bytes, that grows from a seed of 64 random bytes. */
export function kemPublicKey(seed: SecretBytes): Uint8Array {
  return rawPublicKey(privateKey(DER.kemSeed, seed, KEM_SEED_BYTES), DER.kemPublicKey);
}

/** Throws HotlineError `hotline/malformed` for a public key that is none (FIPS 203, 7.2) or is all zeros. */
export function encapsulate(key: Uint8Array): { readonly shared: SecretBytes; readonly ciphertext: Uint8Array } {
  return attempt('the ML-KEM-1024 public key', () => {
    const { sharedKey, ciphertext } = kem.encapsulate(publicKey(DER.kemPublicKey, key, KEM_PUBLIC_KEY_BYTES));
    return { shared: adopt(sharedKey), ciphertext: new Uint8Array(ciphertext) };
  });
}

/**
 * A ciphertext that was altered gives another secret, not an error (implicit rejection; FIPS 203, algorithm 18). Throws
 * HotlineError `hotline/malformed` when it is not 1,568 bytes long.
 */
export function decapsulate(seed: SecretBytes, ciphertext: Uint8Array): SecretBytes {
  const own = privateKey(DER.kemSeed, seed, KEM_SEED_BYTES);
  return attempt('the ML-KEM-1024 ciphertext', () => adopt(kem.decapsulate(own, ciphertext)));
}

/** The public point, 32 bytes, of a private scalar of 32 random bytes. */
export function pointOf(scalar: SecretBytes): Uint8Array {
  return rawPublicKey(privateKey(DER.scalar, scalar, SCALAR_BYTES), DER.point);
}

/**
 * Throws HotlineError `hotline/malformed` for a point of low order, which would give zeros whatever the scalar
 * (RFC 7748, 6.1).
 */
export function diffieHellman(scalar: SecretBytes, point: Uint8Array): SecretBytes {
  const own = privateKey(DER.scalar, scalar, SCALAR_BYTES);
  return attempt('the X25519 point', () =>
    adopt(crypto.diffieHellman({ privateKey: own, publicKey: publicKey(DER.point, point, POINT_BYTES) })),
  );
}

function privateKey(prefix: Uint8Array, secret: SecretBytes, length: number): KeyObject {
  if (secret.length !== length)
    throw new RangeError(`a private key of ${length} bytes is needed, not ${secret.length}`);
  const der = Buffer.alloc(prefix.length + length);
  der.set(prefix);
  secret.open((bytes) => der.set(bytes, prefix.length));
  try {
    return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  } finally {
    der.fill(0);
  }
}

function publicKey(prefix: Uint8Array, raw: Uint8Array, length: number): KeyObject {
  if (raw.length !== length) throw new Error(`it has ${raw.length} bytes, not ${length}`);
  // OpenSSL takes the ML-KEM key of zeros, under which a ciphertext shows its secret to everybody.
  if (raw.every((byte) => byte === 0)) throw new Error('it is all zeros');
  return createPublicKey({ key: Buffer.concat([prefix, raw]), format: 'der', type: 'spki' });
}

function rawPublicKey(own: KeyObject, prefix: Uint8Array): Uint8Array {
  const der = createPublicKey(own).export({ format: 'der', type: 'spki' });
  return new Uint8Array(der.subarray(prefix.length));
}

function attempt<T>(what: string, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    throw new HotlineError(
      'hotline/malformed',
      `${what} in this agreement is none that a desk sends: ${(cause as Error).message}`,
      { cause },
    );
  }
}
