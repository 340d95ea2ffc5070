import { createHash } from 'node:crypto';

/**
 * Chunks `from` (inclusive) to `to` (exclusive) of a stream, set aside together and known to both sides. Chunk i has the
 * serial number i + shift; the shift changes when it is not known whether an earlier assignment came to pass, so that no
 * key id is ever used for a second try.
 */
export interface ChunkWindow {
  readonly from: number;
  readonly to: number;
  readonly shift: number;
  /** When it was set aside, by this site's clock: its TTL counts from here. */
  readonly atMs: number;
}

/**
 * Key id of a chunk: SHA-256 of `skykey/etsi004/chunk`, a zero byte, the 16 bytes of the KSID and the serial number in 8
 * bytes, big-endian; its first 16 bytes as a UUID of version 8 (RFC 9562, 5.8). Both sites compute it; it says nothing of
 * the key, which is drawn from the pair's pool.
 */
export function chunkKeyId(ksid: string, serial: number): string {
  const number = new Uint8Array(8);
  new DataView(number.buffer).setBigUint64(0, BigInt(serial));
  const hash = createHash('sha256')
    .update('skykey/etsi004/chunk\0')
    .update(ksid.replaceAll('-', ''), 'hex')
    .update(number)
    .digest();
  hash[6] = (hash[6]! & 0x0f) | 0x80;
  hash[8] = (hash[8]! & 0x3f) | 0x80;
  return uuidOf(hash);
}

/** Random UUID of version 4 from 16 random bytes. */
export function randomUuid(random: Uint8Array): string {
  const bytes = Uint8Array.from(random);
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return uuidOf(bytes);
}

function uuidOf(bytes: Uint8Array): string {
  const hex = Array.from(bytes.subarray(0, 16), (byte) => byte.toString(16).padStart(2, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

export function windowOf(windows: readonly ChunkWindow[], index: number): ChunkWindow | undefined {
  return windows.find(({ from, to }) => index >= from && index < to);
}

/**
 * The list with one window more. It joins the last one when both were set aside within a 64th of the TTL, so that a list
 * stays short whatever the rate; what joins goes by the earlier time, and is erased that much early.
 */
export function withWindow(windows: readonly ChunkWindow[], added: ChunkWindow, ttlMs: number): ChunkWindow[] {
  const last = windows.at(-1);
  const joins =
    last && last.to === added.from && last.shift === added.shift && Math.abs(added.atMs - last.atMs) < ttlMs / 64;
  return joins ? [...windows.slice(0, -1), { ...last, to: added.to }] : [...windows, added];
}

/** Key ids of chunks `from` to `to` of a window. */
export function keyIdsOf(ksid: string, window: ChunkWindow, from = window.from): string[] {
  const first = Math.max(from, window.from);
  return Array.from({ length: Math.max(0, window.to - first) }, (_, i) => chunkKeyId(ksid, first + i + window.shift));
}
