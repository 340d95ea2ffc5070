import type { SecretBytes } from '@skykey/bits';

/**
 * Base64 (RFC 4648, table 1) and hexadecimal digits of keys inside JSON, written into bytes: a string cannot be
 * overwritten after use.
 */
export type SecretPart = string | { readonly base64: SecretBytes } | { readonly hex: SecretBytes };

const ALPHABET = new TextEncoder().encode('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');
const DIGITS = new TextEncoder().encode('0123456789abcdef');
const PAD = 0x3d;

/** The parts one after another. The caller overwrites the result; the secrets stay as they are. */
export function secretJson(parts: readonly SecretPart[]): Uint8Array {
  const texts = parts.map((part) => (typeof part === 'string' ? new TextEncoder().encode(part) : part));
  const out = new Uint8Array(texts.reduce((length, part) => length + lengthOf(part), 0));
  let at = 0;
  for (const part of texts) {
    const to = out.subarray(at, (at += lengthOf(part)));
    if (part instanceof Uint8Array) to.set(part);
    else if ('hex' in part) part.hex.open((bytes) => writeHex(bytes, to));
    else part.base64.open((bytes) => writeBase64(bytes, to));
  }
  return out;
}

/** Whole bytes of canonical, padded base64; undefined for anything else, stray bits in the padding too. */
export function readBase64(text: string): Uint8Array | undefined {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) return undefined;
  const decoded = Buffer.from(text, 'base64');
  const bytes = Uint8Array.from(decoded);
  decoded.fill(0);
  const last = ALPHABET.indexOf(text.replace(/=+$/, '').charCodeAt(text.indexOf('=') - 1));
  const stray = text.endsWith('==') ? 15 : text.endsWith('=') ? 3 : 0;
  if (!stray || (last & stray) === 0) return bytes;
  bytes.fill(0);
  return undefined;
}

function lengthOf(part: Uint8Array | Exclude<SecretPart, string>): number {
  if (part instanceof Uint8Array) return part.length;
  return 'hex' in part ? part.hex.length * 2 : Math.ceil(part.base64.length / 3) * 4;
}

function writeHex(bytes: Uint8Array, to: Uint8Array): void {
  bytes.forEach((byte, i) => {
    to[2 * i] = DIGITS[byte >> 4]!;
    to[2 * i + 1] = DIGITS[byte & 15]!;
  });
}

function writeBase64(bytes: Uint8Array, to: Uint8Array): void {
  for (let i = 0, o = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i;
    const group = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    to[o++] = ALPHABET[group >> 18]!;
    to[o++] = ALPHABET[(group >> 12) & 63]!;
    to[o++] = left > 1 ? ALPHABET[(group >> 6) & 63]! : PAD;
    to[o++] = left > 2 ? ALPHABET[group & 63]! : PAD;
  }
}
