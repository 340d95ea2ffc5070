import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { describe, it } from 'node:test';
import { type Bits, fromBytes, pack, zeros } from '@skykey/bits';
import fc from 'fast-check';
import { frameTag, verificationTag } from './verify.ts';

fc.configureGlobal({ seed: 32 });

const P = 2n ** 127n - 1n;
const integer = (bytes: Uint8Array): bigint => bytes.reduceRight((v, byte) => v * 256n + BigInt(byte), 0n);

/** The hash by its definition: bit length in 8 bytes, then the packed bits. */
function twin(seed: Uint8Array, bits: Bits): bigint {
  const r = (integer(seed) & P) % P;
  const text = Uint8Array.from([...new Uint8Array(BigUint64Array.of(BigInt(bits.length)).buffer), ...bits.bytes]);
  let sum = 0n;
  for (let at = 0; at < text.length; at += 15) sum = ((sum + integer(text.subarray(at, at + 15))) * r) % P;
  return ((sum + BigInt(text.length)) * r) % P;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const bits = fc.array(fc.integer({ min: 0, max: 1 }), { maxLength: 300 }).map(pack);
const seedOf = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const seed16 = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
const seed32 = Uint8Array.from([...seed16, ...Array.from({ length: 16 }, (_, i) => 0x80 + i)]);
const sample = fromBytes(Uint8Array.of(0x53, 0x6b, 0x79, 0x01), 25);

/** A string and every string that differs from it in one bit or in a zero more or less at its end. */
function neighbours(original: Bits): Bits[] {
  const out = [original, fromBytes(Uint8Array.of(...original.bytes, 0), original.length + 1)];
  for (let i = 0; i < original.length; i++) {
    const flipped = fromBytes(original.bytes, original.length);
    flipped.bytes[i >> 3]! ^= 1 << (i & 7);
    out.push(flipped);
  }
  return out;
}

describe('verificationTag', () => {
  it('is the polynomial hash of length and bits', () => {
    fc.assert(
      fc.property(seedOf(16), bits, (seed, key) => assert.equal(integer(verificationTag(seed, key)), twin(seed, key))),
    );
  });

  it('agrees with a value computed elsewhere', () => {
    assert.equal(hex(verificationTag(seed16, sample)), '8c06a0cbfdaa4748345f31ef6640294f');
  });

  it('one wrong bit anywhere is seen (P21), and so is a zero bit more', () => {
    const key = fromBytes(
      Uint8Array.from({ length: 60 }, (_, i) => 37 * i),
      477,
    );
    assert.equal(new Set(neighbours(key).map((k) => hex(verificationTag(seed16, k)))).size, 479);
  });

  it('tells all-zero keys of any length apart', () => {
    const tags = new Set(Array.from({ length: 300 }, (_, n) => hex(verificationTag(seed16, zeros(n)))));
    assert.equal(tags.size, 300);
  });

  it('refuses a seed of another size', () => {
    for (const size of [0, 15, 17, 32]) {
      assert.throws(() => verificationTag(new Uint8Array(size), sample), { code: 'distill/bad-argument' });
    }
  });
});

describe('frameTag', () => {
  it('is the low 32 bits of the hash times the second half of the seed modulo p', () => {
    fc.assert(
      fc.property(seedOf(32), bits, (seed, frame) => {
        const product = (twin(seed.subarray(0, 16), frame) * (integer(seed.subarray(16)) & P)) % P;
        assert.equal(frameTag(seed, frame), Number(product & 0xffffffffn));
      }),
    );
  });

  it('agrees with a value computed elsewhere', () => {
    assert.equal(frameTag(seed32, sample), 0x0e9ab4bc);
  });

  it('one wrong bit anywhere is seen (P21), and so is a zero bit more', () => {
    const frame = fromBytes(
      Uint8Array.from({ length: 60 }, (_, i) => 91 * i),
      475,
    );
    assert.equal(new Set(neighbours(frame).map((f) => frameTag(seed32, f))).size, 477);
  });

  it('two fixed frames never agree over many seeds, in whole or in more low bits than chance allows', () => {
    // Frames whose digests differ by a multiple of 2^32 at the point 1: cutting the digest itself would miss it.
    const a = fromBytes(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0));
    const b = fromBytes(Uint8Array.of(0, 0, 0, 0, 1, 0, 0, 0));
    const one = Uint8Array.from({ length: 16 }, (_, i) => (i === 0 ? 1 : 0));
    assert.equal((twin(one, b) - twin(one, a)) % 2n ** 32n, 0n);
    const byte = fc.sample(seedOf(16), 4096);
    let lowByteEqual = 0;
    for (const factor of byte) {
      const seed = Uint8Array.from([...one, ...factor]);
      const [x, y] = [frameTag(seed, a), frameTag(seed, b)];
      assert.notEqual(x, y);
      if ((x & 0xff) === (y & 0xff)) lowByteEqual++;
    }
    // Expected at most 4096 * 2 / 256 = 32; 80 would be eight standard deviations more.
    assert.ok(lowByteEqual < 80, `${lowByteEqual}`);
  });

  it('refuses a seed of another size', () => {
    for (const size of [0, 16, 31, 33]) {
      assert.throws(() => frameTag(new Uint8Array(size), sample), { code: 'distill/bad-argument' });
    }
  });
});
