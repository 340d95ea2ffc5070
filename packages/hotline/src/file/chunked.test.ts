import assert from 'node:assert/strict';
import { createHash, webcrypto } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { inflateSync } from 'node:zlib';
import { SecretBytes } from '@skykey/bits';
import { HotlineError } from '../error.ts';
import {
  CHUNK_BYTES,
  chunkBytes,
  chunkCount,
  chunkOffset,
  encryptedBytes,
  FileCipher,
  openFile,
  sealFile,
} from './chunked.ts';
import { patternBytes } from './test/random.ts';

interface Vector {
  readonly id: number;
  readonly name: string;
  readonly key: string;
  readonly context: string;
  readonly deflated: string;
  readonly valid: boolean;
  readonly messageBytes?: number;
  readonly messageSha512?: string;
  readonly prefixBytes?: number;
  readonly prefixSha512?: string;
}

interface ZeroVector {
  readonly id: number;
  readonly name: string;
  readonly key: string;
  readonly context: string;
  readonly header: string;
  readonly messageBytes: number;
  readonly messageSha512: string;
}

const published = JSON.parse(
  readFileSync(new URL('../../vectors/file/cobblestone-256.json', import.meta.url), 'utf8'),
) as { cases: readonly Vector[]; zeroCiphertext: readonly ZeroVector[] };

const bytesOf = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));
const secretOf = (hex: string): SecretBytes => SecretBytes.adopt(bytesOf(hex));
const sha512 = (bytes: Uint8Array): string => createHash('sha512').update(bytes).digest('hex');
const joined = (parts: Iterable<Uint8Array>): Uint8Array => new Uint8Array(Buffer.concat([...parts]));

const KEY = bytesOf('404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f');
const SALT = bytesOf('000102030405060708090a0b0c0d0e0f1011121314151617');
const CONTEXT = new TextEncoder().encode('a context');
const keyCopy = (): SecretBytes => SecretBytes.adopt(KEY.slice());

/** Lengths at which something changes: empty, one byte, either side of each chunk border. */
const LENGTHS = [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES - 1, 3 * CHUNK_BYTES, 50_000];

/** A second implementation, written from the specification alone, on WebCrypto. */
async function sealBySpecification(plaintext: Uint8Array): Promise<Uint8Array> {
  const { subtle } = webcrypto;
  const mac = await subtle.importKey('raw', KEY.slice(), { name: 'HMAC', hash: 'SHA-512' }, false, ['sign']);
  const label = Buffer.from('c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM');
  const info = Buffer.concat([label, Buffer.of(0), SALT, CONTEXT]);
  const first = Buffer.from(await subtle.sign('HMAC', mac, Buffer.concat([info, Buffer.of(1)])));
  const second = Buffer.from(await subtle.sign('HMAC', mac, Buffer.concat([first, info, Buffer.of(2)])));
  const okm = Buffer.concat([first, second]).subarray(0, 76);
  const aes = await subtle.importKey('raw', okm.subarray(0, 32), 'AES-GCM', false, ['encrypt']);
  const parts: Uint8Array[] = [SALT, okm.subarray(44, 76)];
  for (let k = 0, over = false; !over; k++) {
    const chunk = plaintext.slice(k * 16384, (k + 1) * 16384);
    over = chunk.length < 16384;
    const iv = Buffer.from(okm.subarray(32, 44));
    // The nonce as one big number, so that nothing here shares the other implementation's view of bytes.
    const nonce = (BigInt(`0x${iv.toString('hex')}`) ^ BigInt(k)).toString(16).padStart(24, '0');
    const sealed = await subtle.encrypt({ name: 'AES-GCM', iv: Buffer.from(nonce, 'hex') }, aes, chunk);
    parts.push(new Uint8Array(sealed));
  }
  return joined(parts);
}

const refusedFor =
  (...codes: string[]) =>
  (error: unknown): boolean =>
    error instanceof HotlineError && codes.includes(error.code);

describe('the vectors of Project Wycheproof', () => {
  for (const vector of published.cases) {
    it(`${vector.id}: ${vector.name}, ${vector.valid ? 'opens' : 'is refused'}`, () => {
      const encrypted = new Uint8Array(inflateSync(bytesOf(vector.deflated)));
      const opened: Uint8Array[] = [];
      let refusal: unknown = null;
      try {
        for (const chunk of openFile(secretOf(vector.key), bytesOf(vector.context), encrypted)) opened.push(chunk);
      } catch (error) {
        refusal = error;
      }
      const message = joined(opened);
      if (vector.valid) {
        assert.equal(refusal, null);
        assert.equal(message.length, vector.messageBytes);
        assert.equal(sha512(message), vector.messageSha512);
        const cipher = FileCipher.create(secretOf(vector.key), encrypted.slice(0, 24), bytesOf(vector.context));
        assert.deepEqual(joined(sealFile(cipher, [message])), encrypted, 'and seals to the same bytes');
        assert.equal(encryptedBytes(message.length), encrypted.length);
      } else {
        assert.ok(refusal instanceof HotlineError, 'refused');
        assert.equal(message.length, vector.prefixBytes ?? 0, 'what opened before is what the vector allows');
        if (vector.prefixSha512 !== undefined) assert.equal(sha512(message), vector.prefixSha512);
      }
    });
  }

  for (const vector of published.zeroCiphertext) {
    it(`${vector.id}: ${vector.name}: every nonce past 255`, () => {
      const cipher = FileCipher.open(secretOf(vector.key), bytesOf(vector.header), bytesOf(vector.context));
      const hash = createHash('sha512');
      for (let k = 0; k < chunkCount(vector.messageBytes); k++) {
        // In counter mode, sealing zeros yields the plaintext whose ciphertext is zeros.
        const zeros = new Uint8Array(chunkBytes(vector.messageBytes, k));
        hash.update(cipher.sealChunk(k, zeros).subarray(0, zeros.length));
      }
      assert.equal(hash.digest('hex'), vector.messageSha512);
    });
  }
});

describe('the format', () => {
  it('is what a second implementation makes of the specification, at every border', async () => {
    for (const bytes of LENGTHS) {
      const plaintext = patternBytes(bytes, bytes);
      const sealed = joined(sealFile(FileCipher.create(keyCopy(), SALT, CONTEXT), [plaintext]));
      assert.deepEqual(sealed, await sealBySpecification(plaintext), `${bytes} bytes`);
      assert.equal(sealed.length, encryptedBytes(bytes));
      assert.deepEqual(joined(openFile(keyCopy(), CONTEXT, sealed)), plaintext);
    }
  });

  it('does not depend on the pieces in which the plaintext comes', () => {
    const plaintext = patternBytes(2 * CHUNK_BYTES + 77, 5);
    const whole = joined(sealFile(FileCipher.create(keyCopy(), SALT, CONTEXT), [plaintext]));
    for (const size of [1000, CHUNK_BYTES, 20_000]) {
      const pieces: Uint8Array[] = [];
      for (let at = 0; at < plaintext.length; at += size) pieces.push(plaintext.subarray(at, at + size));
      assert.deepEqual(joined(sealFile(FileCipher.create(keyCopy(), SALT, CONTEXT), pieces)), whole);
    }
  });

  it('opens any chunk alone', () => {
    const plaintext = patternBytes(50_000, 6);
    const cipher = FileCipher.create(keyCopy(), SALT, CONTEXT);
    const sealed = joined(sealFile(cipher, [plaintext]));
    for (const k of [3, 1, 0, 2]) {
      const bytes = chunkBytes(plaintext.length, k);
      const chunk = cipher.openChunk(k, sealed.subarray(chunkOffset(k), chunkOffset(k) + bytes + 16));
      assert.deepEqual(chunk, plaintext.slice(k * CHUNK_BYTES, k * CHUNK_BYTES + bytes));
    }
  });

  it('has as many chunks as the specification says', () => {
    for (const [bytes, chunks] of [
      [0, 1],
      [1024, 1],
      [16_383, 1],
      [16_384, 2],
      [20 * 1024, 2],
      [32_768, 3],
      [2 ** 32 - 1, 2 ** 18],
    ] as const) {
      assert.equal(chunkCount(bytes), chunks, `${bytes} bytes`);
    }
  });

  it('takes chunk numbers up to 2^38 and no others', () => {
    const cipher = FileCipher.create(keyCopy(), SALT, CONTEXT);
    const last = cipher.sealChunk(2 ** 38 - 1, Uint8Array.of(1));
    assert.deepEqual(cipher.openChunk(2 ** 38 - 1, last), Uint8Array.of(1));
    for (const index of [-1, 0.5, 2 ** 38, Number.NaN]) {
      assert.throws(() => cipher.sealChunk(index, Uint8Array.of(1)), refusedFor('hotline/bad-argument'));
      assert.throws(() => cipher.openChunk(index, last), refusedFor('hotline/bad-argument'));
    }
    assert.throws(() => cipher.sealChunk(0, new Uint8Array(CHUNK_BYTES + 1)), refusedFor('hotline/bad-argument'));
  });
});

describe('an encrypted file that was tampered with is refused', () => {
  const plaintext = patternBytes(2 * CHUNK_BYTES + 100, 7);
  const sealed = joined(sealFile(FileCipher.create(keyCopy(), SALT, CONTEXT), [plaintext]));
  const refuse = (bytes: Uint8Array, key = keyCopy(), context: Uint8Array = CONTEXT): void => {
    assert.throws(() => joined(openFile(key, context, bytes)), refusedFor('hotline/forged', 'hotline/malformed'));
  };
  const part = (k: number): Uint8Array => sealed.subarray(chunkOffset(k), chunkOffset(k + 1));
  const prefix = sealed.subarray(0, 56);

  it('cut at every border and next to it', () => {
    const borders = [0, 24, 56, ...[0, 1, 2].flatMap((k) => [chunkOffset(k), chunkOffset(k) + 16]), sealed.length];
    for (const border of borders) {
      for (const at of [border - 1, border, border + 1]) {
        if (at >= 0 && at < sealed.length) refuse(sealed.slice(0, at));
      }
    }
  });

  it('cut at a chunk border although what is left would be shorter than a chunk', () => {
    const whole = patternBytes(CHUNK_BYTES, 8);
    const two = joined(sealFile(FileCipher.create(keyCopy(), SALT, CONTEXT), [whole]));
    refuse(two.slice(0, chunkOffset(1)));
  });

  it('chunks swapped, doubled, left out', () => {
    refuse(joined([prefix, part(1), part(0), part(2)]));
    refuse(joined([prefix, part(0), part(0), part(2)]));
    refuse(joined([prefix, part(0), part(2)]));
    refuse(joined([prefix, part(0), part(1), part(1), part(2)]));
    refuse(joined([prefix, part(2)]));
  });

  it('a chunk of another file, or a byte behind the end', () => {
    const salt = SALT.slice().fill(9);
    const other = joined(sealFile(FileCipher.create(keyCopy(), salt, CONTEXT), [plaintext]));
    refuse(joined([prefix, other.subarray(chunkOffset(0), chunkOffset(1)), part(1), part(2)]));
    refuse(joined([other.subarray(0, 56), part(0), part(1), part(2)]));
    refuse(joined([sealed, Uint8Array.of(0)]));
  });

  it('any bit of the head and of the short chunk', () => {
    for (let at = 0; at < sealed.length; at = at === 55 ? chunkOffset(2) : at + 1) {
      const changed = sealed.slice();
      changed[at]! ^= 1 << (at % 8);
      refuse(changed);
    }
  });

  it('another key or another context: by the commitment, before anything is decrypted', () => {
    const key = KEY.slice();
    key[31]! ^= 1;
    const context = new TextEncoder().encode('b context');
    for (const attempt of [
      () => FileCipher.open(SecretBytes.adopt(key), prefix, CONTEXT),
      () => FileCipher.open(keyCopy(), prefix, context),
      () => FileCipher.open(keyCopy(), prefix, CONTEXT.subarray(1)),
    ]) {
      assert.throws(attempt, (error) => refusedFor('hotline/forged')(error) && /does not belong/.test(String(error)));
    }
  });

  it('keys of another length', () => {
    for (const bytes of [0, 16, 31, 33]) {
      const key = SecretBytes.adopt(new Uint8Array(bytes).fill(1));
      assert.throws(() => FileCipher.create(key, SALT, CONTEXT), refusedFor('hotline/bad-argument'));
      assert.throws(() => FileCipher.open(key, prefix, CONTEXT), refusedFor('hotline/bad-argument'));
    }
  });
});

describe('after wipe', () => {
  it('nothing can be sealed or opened', () => {
    const cipher = FileCipher.create(keyCopy(), SALT, CONTEXT);
    const sealed = cipher.sealChunk(0, Uint8Array.of(1));
    cipher.wipe();
    assert.throws(() => cipher.sealChunk(0, Uint8Array.of(1)), /used and overwritten/);
    assert.throws(() => cipher.openChunk(0, sealed), /used and overwritten/);
  });
});
