import { equalBytes } from '@skykey/bits';

/** What WebCrypto takes and gives: bytes whose memory nobody else writes. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** A cipher suite of RFC 9605, 4.5, and of the IANA registry "SFrame Cipher Suites". */
export interface Suite {
  readonly id: number;
  readonly name: string;
  readonly cipher: 'AES-GCM' | 'AES-CTR-HMAC';
  /** Hash of HKDF, and of HMAC where the suite has one. */
  readonly hash: 'SHA-256' | 'SHA-512';
  /** Nk, bytes: the key of the cipher and, where there is one, of the MAC. */
  readonly keyBytes: number;
  /** Nka, bytes: the part of it that is the key of the cipher. */
  readonly cipherKeyBytes: number;
  /** Nt, bytes. */
  readonly tagBytes: number;
}

/** Nn: every suite has nonces of 96 bits. */
export const NONCE_BYTES = 12;

/** The suite of every Skykey call: the longest key, and the full tag. */
export const SKYKEY_SUITE: Suite = gcm(0x0005, 'AES_256_GCM_SHA512_128', 'SHA-512', 32);

/**
 * All registered suites, so that every published vector can be held against this code. The calls of Skykey use
 * SKYKEY_SUITE alone: a tag of 32 bits falls within an hour at the packet rates of a call (RFC 9605, 9.3).
 */
export const SUITES: readonly Suite[] = [
  ctrHmac(0x0001, 'AES_128_CTR_HMAC_SHA256_80', 'SHA-256', 16, 10),
  ctrHmac(0x0002, 'AES_128_CTR_HMAC_SHA256_64', 'SHA-256', 16, 8),
  ctrHmac(0x0003, 'AES_128_CTR_HMAC_SHA256_32', 'SHA-256', 16, 4),
  gcm(0x0004, 'AES_128_GCM_SHA256_128', 'SHA-256', 16),
  SKYKEY_SUITE,
  ctrHmac(0x0006, 'AES_256_CTR_HMAC_SHA512_80', 'SHA-512', 32, 10),
  ctrHmac(0x0007, 'AES_256_CTR_HMAC_SHA512_64', 'SHA-512', 32, 8),
  ctrHmac(0x0008, 'AES_256_CTR_HMAC_SHA512_32', 'SHA-512', 32, 4),
];

function gcm(id: number, name: string, hash: Suite['hash'], keyBytes: number): Suite {
  return { id, name, cipher: 'AES-GCM', hash, keyBytes, cipherKeyBytes: keyBytes, tagBytes: 16 };
}

function ctrHmac(id: number, name: string, hash: Suite['hash'], cipherKeyBytes: number, tagBytes: number): Suite {
  const macKeyBytes = hash === 'SHA-256' ? 32 : 64;
  return { id, name, cipher: 'AES-CTR-HMAC', hash, keyBytes: cipherKeyBytes + macKeyBytes, cipherKeyBytes, tagBytes };
}

/** For what a key may be used: one base key is never for both (RFC 9605, 9.1). */
export type Use = 'seal' | 'open';

/** The key of one suite, not extractable, and only for its `use`. */
export interface CipherKey {
  readonly suite: Suite;
  readonly use: Use;
  readonly subtle: SubtleCrypto;
  readonly cipher: CryptoKey;
  /** For the suites of AES-CTR-HMAC. */
  readonly mac: CryptoKey | undefined;
}

/** What a base key becomes for one KID (RFC 9605, 4.4.2). */
export interface FrameKeys extends CipherKey {
  /** 12 bytes that the counter is added to. Bytes, since WebCrypto takes nonces from nowhere else; overwritten after use. */
  readonly salt: Bytes;
}

/**
 * Key and salt of `kid` (RFC 9605, 4.4.2): HKDF with an empty salt. With AES-GCM the key never becomes bytes in this
 * language. The base key is read, not kept and not overwritten.
 */
export async function deriveKeys(
  subtle: SubtleCrypto,
  suite: Suite,
  kid: bigint,
  baseKey: Bytes,
  use: Use,
): Promise<FrameKeys> {
  const base = await subtle.importKey('raw', baseKey, 'HKDF', false, ['deriveBits', 'deriveKey']);
  const hkdf = (info: Bytes): HkdfParams => ({ name: 'HKDF', hash: suite.hash, salt: new Uint8Array(0), info });
  const salt = new Uint8Array(await subtle.deriveBits(hkdf(saltLabel(suite, kid)), base, NONCE_BYTES * 8));
  const toKey = hkdf(keyLabel(suite, kid));
  if (suite.cipher === 'AES-GCM') {
    const form = { name: 'AES-GCM', length: suite.keyBytes * 8 };
    const cipher = await subtle.deriveKey(toKey, base, form, false, [usage(use)]);
    return { suite, use, subtle, cipher, mac: undefined, salt };
  }
  const key = new Uint8Array(await subtle.deriveBits(toKey, base, suite.keyBytes * 8));
  try {
    return { ...(await importKey(subtle, suite, key, use)), salt };
  } finally {
    key.fill(0);
  }
}

/** The key of a suite out of its Nk bytes: cipher ‖ MAC. */
export async function importKey(subtle: SubtleCrypto, suite: Suite, key: Bytes, use: Use): Promise<CipherKey> {
  if (key.length !== suite.keyBytes) throw new RangeError(`${suite.name} has keys of ${suite.keyBytes} bytes`);
  const ofCipher = key.slice(0, suite.cipherKeyBytes);
  const ofMac = key.slice(suite.cipherKeyBytes);
  try {
    const name = suite.cipher === 'AES-GCM' ? 'AES-GCM' : 'AES-CTR';
    const cipher = await subtle.importKey('raw', ofCipher, name, false, [usage(use)]);
    const mac =
      suite.cipher === 'AES-GCM'
        ? undefined
        : await subtle.importKey('raw', ofMac, { name: 'HMAC', hash: suite.hash }, false, ['sign']);
    return { suite, use, subtle, cipher, mac };
  } finally {
    ofCipher.fill(0);
    ofMac.fill(0);
  }
}

/** "SFrame 1.0 Secret key " ‖ KID (8) ‖ suite (2). */
export function keyLabel(suite: Suite, kid: bigint): Bytes {
  return label('SFrame 1.0 Secret key ', suite, kid);
}

/** "SFrame 1.0 Secret salt " ‖ KID (8) ‖ suite (2). */
export function saltLabel(suite: Suite, kid: bigint): Bytes {
  return label('SFrame 1.0 Secret salt ', suite, kid);
}

function label(text: string, suite: Suite, kid: bigint): Bytes {
  const words = new TextEncoder().encode(text);
  const out = new Uint8Array(words.length + 10);
  out.set(words);
  const view = new DataView(out.buffer);
  view.setBigUint64(words.length, kid);
  view.setUint16(words.length + 8, suite.id);
  return out;
}

/** Ciphertext ‖ tag. */
export async function encrypt(key: CipherKey, nonce: Bytes, aad: Bytes, plaintext: Bytes): Promise<Bytes> {
  if (!key.mac) return new Uint8Array(await key.subtle.encrypt(gcmParameters(key, nonce, aad), key.cipher, plaintext));
  const ciphertext = new Uint8Array(await key.subtle.encrypt(ctrParameters(nonce), key.cipher, plaintext));
  const tag = await macTag(key, key.mac, nonce, aad, ciphertext);
  const out = new Uint8Array(ciphertext.length + tag.length);
  out.set(ciphertext);
  out.set(tag, ciphertext.length);
  return out;
}

/** The plaintext of `sealed` (ciphertext ‖ tag), or undefined when the tag is wrong. A key for sealing throws. */
export async function decrypt(key: CipherKey, nonce: Bytes, aad: Bytes, sealed: Bytes): Promise<Bytes | undefined> {
  if (key.use !== 'open') throw new TypeError('this key is for sealing');
  const length = sealed.length - key.suite.tagBytes;
  if (length < 0) return undefined;
  if (key.mac) {
    const ciphertext = sealed.subarray(0, length);
    const tag = await macTag(key, key.mac, nonce, aad, ciphertext);
    if (!equalBytes(tag, sealed.subarray(length))) return undefined;
    return new Uint8Array(await key.subtle.decrypt(ctrParameters(nonce), key.cipher, ciphertext));
  }
  try {
    return new Uint8Array(await key.subtle.decrypt(gcmParameters(key, nonce, aad), key.cipher, sealed));
  } catch (error) {
    // What a wrong tag is called by WebCrypto; all else is a fault of this code and must not look like a forgery.
    if (error instanceof Error && error.name === 'OperationError') return undefined;
    throw error;
  }
}

function usage(use: Use): KeyUsage {
  return use === 'seal' ? 'encrypt' : 'decrypt';
}

function gcmParameters(key: CipherKey, nonce: Bytes, aad: Bytes): AesGcmParams {
  return { name: 'AES-GCM', iv: nonce, additionalData: aad, tagLength: key.suite.tagBytes * 8 };
}

/** The nonce, and a count of blocks from 0 in the four bytes after it (RFC 9605, 4.5.1). */
function ctrParameters(nonce: Bytes): AesCtrParams {
  const counter = new Uint8Array(16);
  counter.set(nonce);
  return { name: 'AES-CTR', counter, length: 32 };
}

/** HMAC over the lengths of AAD, ciphertext and tag (8 bytes each) ‖ nonce ‖ AAD ‖ ciphertext, cut to Nt. */
async function macTag(key: CipherKey, mac: CryptoKey, nonce: Bytes, aad: Bytes, ciphertext: Bytes): Promise<Bytes> {
  const input = new Uint8Array(24 + nonce.length + aad.length + ciphertext.length);
  const view = new DataView(input.buffer);
  view.setBigUint64(0, BigInt(aad.length));
  view.setBigUint64(8, BigInt(ciphertext.length));
  view.setBigUint64(16, BigInt(key.suite.tagBytes));
  input.set(nonce, 24);
  input.set(aad, 24 + nonce.length);
  input.set(ciphertext, 24 + nonce.length + aad.length);
  return new Uint8Array(await key.subtle.sign('HMAC', mac, input)).slice(0, key.suite.tagBytes);
}
