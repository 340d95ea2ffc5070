import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  timingSafeEqual,
} from 'node:crypto';
import type { SecretBytes } from '@skykey/bits';
import { VaultError } from './error.ts';
import type { Epoch } from './store/store.ts';

/**
 * Keys that key bytes at rest are sealed under, numbered by epoch; kept outside the store, so that a copy of the store alone
 * says nothing. When an epoch is destroyed, every copy of the store that was made in it is unreadable for ever.
 */
export interface Keyring {
  /** The newest epoch. Its key has 32 bytes and stays the keyring's. */
  current(): { readonly epoch: number; readonly key: SecretBytes };
  /** The key of an epoch, also of one that another process has begun; undefined when it is not there (any more). */
  find(epoch: number): SecretBytes | undefined;
  /** Begins the next epoch with a new random key, durable before it resolves. Returns its number. */
  next(): Promise<number>;
  /** Overwrites the keys of all epochs before this one, durably. */
  destroyBefore(epoch: number): Promise<void>;
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/**
 * Shows that whoever has the key of an epoch has the one that a vault was sealed under: HMAC-SHA-256 of the vault's identity
 * and the epoch. It lies in the open beside the vault and says nothing about the key. Undefined: the keyring has none.
 */
export function proofOf(keyring: Keyring, id: Uint8Array, epoch: number): Uint8Array | undefined {
  return keyring
    .find(epoch)
    ?.open(
      (key) =>
        new Uint8Array(createHmac('sha256', key).update('skykey vault proof').update(id).update(`${epoch}`).digest()),
    );
}

export function isProven(keyring: Keyring, id: Uint8Array, { epoch, proof }: Epoch): boolean {
  const ours = proofOf(keyring, id, epoch);
  return ours !== undefined && ours.length === proof.length && timingSafeEqual(ours, proof);
}

/** Keys derived for blocks that were used last; deriving one costs about as much as two seals. */
const KEPT = 512;

/** What a seal is of. */
interface Sealed {
  readonly epoch: number;
  readonly block: number;
  readonly piece: number;
  /** Bytes that are still to be used. */
  readonly live: number;
}

/**
 * AES-256-GCM (NIST SP 800-38D) with a key for each block and epoch: HKDF-SHA-256 (RFC 5869) of the epoch's key, salted with
 * the vault's identity. Nonces are random; a block has at most 2^20 pieces of 1,024 bytes, each sealed anew when some of its
 * bytes are used, so that one key never comes near the 2^32 seals that random nonces allow (SP 800-38D, 8.3).
 *
 * A sealed piece is nonce (12) ‖ ciphertext ‖ tag (16). What it belongs to is authenticated with it: vault, piece, epoch, and
 * how many of its bytes are still to be used.
 */
export class Seal {
  readonly #keyring: Keyring;
  readonly #random: (bytes: number) => Uint8Array;
  readonly #id: Uint8Array;
  readonly #derived = new Map<string, KeyObject>();
  #newest = 0;

  constructor(keyring: Keyring, random: (bytes: number) => Uint8Array, id: Uint8Array) {
    this.#keyring = keyring;
    this.#random = random;
    this.#id = id;
  }

  /** Whether the keyring has the key of an epoch. */
  knows(epoch: number): boolean {
    return this.#keyring.find(epoch) !== undefined;
  }

  static readonly overhead = NONCE_BYTES + TAG_BYTES;

  /** Throws VaultError `vault/unavailable` when the keyring does not know the epoch. */
  close({ epoch, block, piece, live }: Sealed, plain: Uint8Array): Uint8Array {
    const key = this.#key(epoch, block);
    if (!key) {
      throw new VaultError(
        'vault/unavailable',
        `the keyring has no key of epoch ${epoch}, in which the vault is sealed now: use the keyring that belongs to it`,
      );
    }
    const nonce = this.#random(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', key, nonce);
    cipher.setAAD(this.#context(piece, epoch, live));
    const sealed = new Uint8Array(plain.length + Seal.overhead);
    sealed.set(nonce);
    sealed.set(cipher.update(plain), NONCE_BYTES);
    cipher.final();
    sealed.set(cipher.getAuthTag(), NONCE_BYTES + plain.length);
    return sealed;
  }

  /** The bytes, in an array of their own; undefined when they are not what was sealed for this place. */
  open({ epoch, block, piece, live }: Sealed, sealed: Uint8Array): Uint8Array | undefined {
    const key = this.#key(epoch, block);
    if (!key || sealed.length <= Seal.overhead) return undefined;
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(this.#context(piece, epoch, live));
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    const plain = decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES));
    try {
      decipher.final();
      return plain;
    } catch {
      plain.fill(0);
      return undefined;
    }
  }

  /** Drops the derived keys; what has become of them in memory is OpenSSL's, which clears what it frees. */
  forget(): void {
    this.#derived.clear();
  }

  #context(piece: number, epoch: number, live: number): Uint8Array {
    const context = new Uint8Array(this.#id.length + 24);
    context.set(this.#id);
    const numbers = new DataView(context.buffer, this.#id.length);
    numbers.setBigUint64(0, BigInt(piece));
    numbers.setBigUint64(8, BigInt(epoch));
    numbers.setBigUint64(16, BigInt(live));
    return context;
  }

  #key(epoch: number, block: number): KeyObject | undefined {
    // Whoever began an epoch destroys those before it: nothing derived from them stays here longer than it must.
    if (epoch > this.#newest) {
      this.#newest = epoch;
      this.forget();
    }
    const name = `${epoch}/${block}`;
    const known = this.#derived.get(name);
    if (known) return known;
    const root = this.#keyring.find(epoch);
    if (!root) return undefined;
    const bytes = new Uint8Array(
      root.open((secret) => hkdfSync('sha256', secret, this.#id, `skykey vault ${name}`, 32)),
    );
    // As bytes it would be looked at anew for each seal, which takes as long as sealing.
    const key = createSecretKey(bytes);
    bytes.fill(0);
    if (this.#derived.size >= KEPT) this.#derived.delete(this.#derived.keys().next().value!);
    this.#derived.set(name, key);
    return key;
  }
}
