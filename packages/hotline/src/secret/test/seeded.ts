import { createCipheriv } from 'node:crypto';
import { SecretBytes } from '@skykey/bits';

/** A generator whose whole sequence follows from `seed`: AES-128-CTR of zeros. For tests alone. */
export class Seeded {
  readonly #cipher;

  constructor(seed: number) {
    const key = new Uint8Array(16);
    new DataView(key.buffer).setFloat64(0, seed);
    this.#cipher = createCipheriv('aes-128-ctr', key, new Uint8Array(16));
  }

  readonly bytes = (count: number): Uint8Array => new Uint8Array(this.#cipher.update(new Uint8Array(count)));

  secret(count = 32): SecretBytes {
    return SecretBytes.adopt(this.bytes(count));
  }

  /** 0 to below `limit`, at most 2^32. */
  below(limit: number): number {
    return Number((BigInt(new DataView(this.bytes(4).buffer).getUint32(0)) * BigInt(limit)) >> 32n);
  }

  uuid(): string {
    const hex = Buffer.from(this.bytes(16)).toString('hex');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  }
}

/** The bytes of a secret, in the clear: for comparisons in tests. */
export function reveal(secret: SecretBytes): string {
  return secret.open((bytes) => Buffer.from(bytes).toString('hex'));
}

/** A second secret of the same bytes. */
export function copy(secret: SecretBytes): SecretBytes {
  return secret.slice(0, secret.length);
}

export function unhex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'hex'));
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
