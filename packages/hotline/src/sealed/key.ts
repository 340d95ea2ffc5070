import type { SecretBytes } from '@skykey/bits';

/** A key as the key manager delivers it (ETSI GS QKD 014 V1.1.1, 6.2 and 6.3). */
export interface NamedKey {
  /** UUID in lower case. */
  readonly keyId: string;
  /** Handed over: whoever takes it overwrites it after use. */
  readonly key: SecretBytes;
}

/** `count` keys of `bytesPerKey` bytes each. */
export interface KeyNeed {
  readonly bytesPerKey: number;
  readonly count: number;
}
