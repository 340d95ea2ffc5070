import { createHash, createHmac } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

// For the second readings: the notation of PROTOCOL.md, and the files. Nothing of the implementation is imported here.

export interface Read {
  readonly name: string;
  readonly does: string;
  // biome-ignore lint/suspicious/noExplicitAny: it is what the files hold
  readonly input: any;
  // biome-ignore lint/suspicious/noExplicitAny: it is what the files hold
  readonly output?: any;
  readonly error?: string;
}

/** The vectors that do one thing; `good`: those that succeed. */
export function vectors(does: string, good = false): readonly Read[] {
  const path = fileURLToPath(new URL(`../../../vectors/${does.slice(0, does.indexOf('/'))}/`, import.meta.url));
  const all = readdirSync(path).map((file) => JSON.parse(readFileSync(path + file, 'utf8')) as Read);
  return all.filter((vector) => vector.does === does && !(good && vector.error));
}

/** Pairs of hexadecimal digits; `5a*1568` are 1,568 bytes 5a; parts stand with a blank between them. */
export function unhex(text: string): Buffer {
  const parts = text.split(' ').map((part) => {
    const [byte, times] = part.split('*');
    return Buffer.from(times === undefined ? part : byte!.repeat(Number(times)), 'hex');
  });
  return Buffer.concat(parts);
}

export function briefly(bytes: Buffer): unknown {
  return bytes.length <= 2048 ? bytes.toString('hex') : { bytes: bytes.length, sha256: sha256(bytes).toString('hex') };
}

export function sha256(...parts: readonly Uint8Array[]): Buffer {
  return createHash('sha256').update(Buffer.concat(parts)).digest();
}

export function hmac(key: Buffer, message: Buffer): Buffer {
  return createHmac('sha512', key).update(message).digest();
}

/** HKDF-Expand with SHA-512. */
export function expand(key: Buffer, info: Buffer, bytes: number): Buffer {
  let [all, block] = [Buffer.alloc(0), Buffer.alloc(0)];
  for (let i = 1; all.length < bytes; i++) {
    block = Buffer.from(hmac(key, Buffer.concat([block, info, Buffer.of(i)])));
    all = Buffer.concat([all, block]);
  }
  return all.subarray(0, bytes);
}

export function label(purpose: string): Buffer {
  return Buffer.from(`skykey/hotline/2 ${purpose}\0`);
}

/** A number in so many bytes. */
export function integer(value: number, bytes: number): Buffer {
  return Buffer.from(value.toString(16).padStart(2 * bytes, '0'), 'hex');
}

export function name(text: string): Buffer {
  return Buffer.concat([integer(Buffer.byteLength(text), 1), Buffer.from(text)]);
}

export function long(bytes: Buffer): Buffer {
  return Buffer.concat([integer(bytes.length, 4), bytes]);
}

export function lp(text: string, bytes: Buffer): Buffer {
  return Buffer.concat([name(text), long(bytes)]);
}

export function uuid(text: string): Buffer {
  return Buffer.from(text.replaceAll('-', ''), 'hex');
}
