import { type Bits, zeros } from '@skykey/bits';
import type { RandomBytes } from '../types.ts';
import { seededWords } from './light.ts';

/** Seeded randomness for what can be run again. Nothing secret rests on it. */
export function seededBytes(seed: number): RandomBytes {
  const next = seededWords(seed);
  return (length) => {
    const out = new Uint8Array(length);
    for (let i = 0; i < length; i++) out[i] = next();
    return out;
  };
}

/** `length` random bits. */
export function randomBits(length: number, seed: number): Bits {
  const out = zeros(length);
  out.bytes.set(seededBytes(seed)(out.bytes.length));
  if (length & 7) out.bytes[out.bytes.length - 1]! &= (1 << (length & 7)) - 1;
  return out;
}

/** Two keys, each bit of which differs with probability `errorRate`. */
export function keyPair(length: number, errorRate: number, seed: number): { readonly alice: Bits; readonly bob: Bits } {
  const alice = randomBits(length, seed);
  const bob = { length, bytes: alice.bytes.slice() };
  const next = seededWords(seed + 1);
  // Distances between errors are geometric.
  const step = Math.log1p(-errorRate);
  for (let i = -1; ; ) {
    i += 1 + Math.floor(Math.log((next() + 0.5) / 2 ** 32) / step);
    if (i >= length) return { alice, bob };
    bob.bytes[i >> 3]! ^= 1 << (i & 7);
  }
}
