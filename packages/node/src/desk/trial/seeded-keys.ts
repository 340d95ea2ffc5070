/** A key manager for trials: each key comes out of a seed and its id, the same at both sites. */
import { hkdfSync, randomUUID } from 'node:crypto';
import type { KeyManagerCall } from '../site-keys.ts';

/** The key with this id; both sites make the same of it. */
export function seededKey(seed: string, keyId: string, bytes: number): Uint8Array {
  return new Uint8Array(hkdfSync('sha512', seed, keyId, 'a key of a trial', bytes));
}

const DIGITS = new TextEncoder().encode('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');

/** As the key manager writes it: in bytes, never in a string. */
function writeBase64(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(Math.ceil(bytes.length / 3) * 4).fill(0x3d);
  for (let i = 0; i < bytes.length; i++) {
    const [at, part] = [Math.floor(i / 3) * 4, i % 3];
    const byte = bytes[i]!;
    const next = bytes[i + 1] ?? 0;
    if (part === 0) out[at] = DIGITS[byte >> 2]!;
    if (part === 0) out[at + 1] = DIGITS[((byte & 3) << 4) | (next >> 4)]!;
    if (part === 1) out[at + 2] = DIGITS[((byte & 15) << 2) | (next >> 6)]!;
    if (part === 2) out[at + 3] = DIGITS[byte & 63]!;
  }
  return out;
}

/** `onKey`: a key was handed out. */
export function seededCall(seed: string, onKey: (keyId: string, bytes: number) => void): KeyManagerCall {
  return async (_method, path, body) => {
    const asked = body as { number?: number; size?: number; key_IDs?: { key_ID: string }[] };
    const ids = path.endsWith('enc_keys')
      ? Array.from({ length: asked.number! }, () => sizedId(asked.size! / 8))
      : asked.key_IDs!.map(({ key_ID }) => key_ID);
    const parts: Uint8Array[] = [];
    for (const [i, keyId] of ids.entries()) {
      const bytes = sizeOf(keyId);
      const key = seededKey(seed, keyId, bytes);
      parts.push(Buffer.from(`${i === 0 ? '{"keys":[' : ','}{"key_ID":"${keyId}","key":"`), writeBase64(key));
      parts.push(Buffer.from(i === ids.length - 1 ? '"}]}' : '"}'));
      key.fill(0);
      onKey(keyId, bytes);
    }
    const whole = new Uint8Array(Buffer.concat(parts));
    for (const part of parts) part.fill(0);
    return { status: 200, body: whole };
  };
}

/** The size of a key is in its id, so that the other side knows it: the last two bytes. */
function sizedId(bytes: number): string {
  return randomUUID().slice(0, -4) + bytes.toString(16).padStart(4, '0');
}

const sizeOf = (keyId: string): number => Number.parseInt(keyId.slice(-4), 16);
