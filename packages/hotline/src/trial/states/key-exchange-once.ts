import { createHash } from 'node:crypto';
import { SecretBytes } from '@skykey/bits';
import * as shipped from '../../secret/key-exchange.ts';
import { tape } from './tape.ts';

/**
 * Stands before the shipped key exchanges in a search, and asks them once for each question. ML-KEM draws chance of its
 * own when it encapsulates; here the same answer comes wherever the answering desk stands at the same draw of its own.
 */

export {
  KEM_CIPHERTEXT_BYTES,
  KEM_PUBLIC_KEY_BYTES,
  KEM_SEED_BYTES,
  POINT_BYTES,
  SCALAR_BYTES,
  SHARED_BYTES,
} from '../../secret/key-exchange.ts';

export function kemPublicKey(seed: SecretBytes): Uint8Array {
  const hidden = reveal(seed);
  const { a } = once(`kem public ${hidden}`, () => ({ a: shipped.kemPublicKey(seed) }));
  tape.kemSeeds.set(short(a), hidden);
  return a.slice();
}

export function encapsulate(key: Uint8Array): { readonly shared: SecretBytes; readonly ciphertext: Uint8Array } {
  const { a, b } = once(`encapsulate ${short(key)} ${tape.lastDrawn}`, () => {
    const { shared, ciphertext } = shipped.encapsulate(key);
    return { a: shared.open((bytes) => bytes.slice()), b: ciphertext };
  });
  return { shared: SecretBytes.adopt(a.slice()), ciphertext: b!.slice() };
}

export function decapsulate(seed: SecretBytes, ciphertext: Uint8Array): SecretBytes {
  const name = `decapsulate ${reveal(seed)} ${short(ciphertext)}`;
  return SecretBytes.adopt(once(name, () => ({ a: bytesOf(shipped.decapsulate(seed, ciphertext)) })).a.slice());
}

export function pointOf(scalar: SecretBytes): Uint8Array {
  const hidden = reveal(scalar);
  const { a } = once(`point ${hidden}`, () => ({ a: shipped.pointOf(scalar) }));
  tape.scalars.set(short(a), hidden);
  return a.slice();
}

export function diffieHellman(scalar: SecretBytes, point: Uint8Array): SecretBytes {
  const name = `ecdh ${reveal(scalar)} ${short(point)}`;
  return SecretBytes.adopt(once(name, () => ({ a: bytesOf(shipped.diffieHellman(scalar, point)) })).a.slice());
}

function once(name: string, make: () => { a: Uint8Array; b?: Uint8Array }): { a: Uint8Array; b?: Uint8Array } {
  const known = tape.memo.get(name);
  if (known) return known;
  const made = make();
  tape.memo.set(name, made);
  return made;
}

function bytesOf(secret: SecretBytes): Uint8Array {
  return secret.open((bytes) => bytes.slice());
}

function reveal(secret: SecretBytes): string {
  return secret.open((bytes) => Buffer.from(bytes).toString('hex'));
}

/** A public value by its hash. */
export function short(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 32);
}
