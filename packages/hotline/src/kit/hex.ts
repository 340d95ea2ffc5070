import { createHash } from 'node:crypto';
import { SecretBytes } from '@skykey/bits';

/**
 * Bytes in a vector: pairs of hexadecimal digits in small letters. Parts stand side by side with a blank between them, and
 * `5a*1568` stands for 1,568 bytes 5a.
 */
export type Hex = string;

export function bytesOf(hex: Hex): Uint8Array<ArrayBuffer> {
  const parts = hex.split(' ').map((part) => {
    const repeated = /^([0-9a-f]{2})\*([0-9]+)$/.exec(part);
    if (repeated) return Buffer.alloc(Number(repeated[2]), Number.parseInt(repeated[1]!, 16));
    if (!/^([0-9a-f]{2})*$/.test(part)) throw new Error(`${part.slice(0, 40)} are no bytes of a vector`);
    return Buffer.from(part, 'hex');
  });
  return new Uint8Array(Buffer.concat(parts));
}

export function hexOf(bytes: Uint8Array): Hex {
  return Buffer.from(bytes).toString('hex');
}

export function secretOf(hex: Hex): SecretBytes {
  return SecretBytes.adopt(bytesOf(hex));
}

/** A secret of a vector, in the clear. */
export function shown(secret: SecretBytes): Hex {
  return secret.open(hexOf);
}

/** Bytes that are put out: as they are or, beyond 2,048, as their number and hash. */
export function briefly(bytes: Uint8Array): Hex | { readonly bytes: number; readonly sha256: Hex } {
  if (bytes.length <= 2048) return hexOf(bytes);
  return { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}
