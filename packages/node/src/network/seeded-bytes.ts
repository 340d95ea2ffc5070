import { createCipheriv, createHash } from 'node:crypto';

/** Bytes of a seed and a name, always the same: the keystream of AES-256 in counter mode under their hash. */
export class SeededBytes {
  readonly #cipher: ReturnType<typeof createCipheriv>;

  constructor(seed: number, name: string) {
    const key = createHash('sha256').update(`${seed} ${name}`).digest();
    this.#cipher = createCipheriv('aes-256-ctr', key, new Uint8Array(16));
  }

  next(bytes: number): Uint8Array {
    return new Uint8Array(this.#cipher.update(new Uint8Array(bytes)));
  }

  /** Version 4. */
  uuid(): string {
    const bytes = this.next(16);
    bytes[6] = (bytes[6]! & 0x0f) | 0x40;
    bytes[8] = (bytes[8]! & 0x3f) | 0x80;
    const hex = Buffer.from(bytes).toString('hex');
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
  }
}
