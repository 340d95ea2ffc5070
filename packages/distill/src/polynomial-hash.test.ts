import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { multiplyBytes, PolynomialHash } from './polynomial-hash.ts';

fc.configureGlobal({ seed: 127 });

const P = 2n ** 127n - 1n;

function integer(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => value * 256n + BigInt(byte), 0n);
}

function littleEndian(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 16 }, (_, i) => Number((value >> BigInt(8 * i)) & 255n));
}

/** The hash by its definition, in integers of any size. */
function twin(point: Uint8Array, text: Uint8Array): bigint {
  const r = (integer(point) & (2n ** 127n - 1n)) % P;
  let sum = 0n;
  for (let at = 0; at < text.length; at += 15) sum = ((sum + integer(text.subarray(at, at + 15))) * r) % P;
  return ((sum + BigInt(text.length)) * r) % P;
}

const hash = (point: Uint8Array, text: Uint8Array): bigint => integer(new PolynomialHash(point).update(text).digest());

/** Points whose digits are extreme in every way: limbs all ones, at the edge of their sign, single bits, 0 and p. */
const edges = [
  0n,
  1n,
  2n,
  P - 1n,
  P,
  2n ** 126n,
  ...[21n, 22n, 43n, 44n, 109n, 110n, 126n].flatMap((bit) => [2n ** bit - 1n, 2n ** bit, 2n ** bit + 1n]),
  (BigInt(`0x${'1fffff'.padStart(6, '0')}`) * ((2n ** 132n - 1n) / (2n ** 22n - 1n))) & P,
  (2n ** 21n * ((2n ** 132n - 1n) / (2n ** 22n - 1n))) & P,
].map(littleEndian);
const bytes16 = fc.uint8Array({ minLength: 16, maxLength: 16 });
const point = fc.oneof(bytes16, fc.constantFrom(...edges));
const text = fc.oneof(
  fc.uint8Array({ maxLength: 100 }),
  fc.nat(3000).map((n) => new Uint8Array(n).fill(0xff)),
);

describe('PolynomialHash', () => {
  it('equals its definition in BigInt', () => {
    fc.assert(
      fc.property(point, text, (r, t) => assert.equal(hash(r, t), twin(r, t))),
      { numRuns: 1000 },
    );
  });

  it('equals its definition on long random text', () => {
    fc.assert(
      fc.property(bytes16, fc.uint8Array({ minLength: 20_000, maxLength: 30_000, size: 'max' }), (r, t) =>
        assert.equal(hash(r, t), twin(r, t)),
      ),
      { numRuns: 20 },
    );
  });

  it('keeps its digits in bounds at the worst: every digit of point and text at its largest, a long way', () => {
    const ones = new Uint8Array(150_000).fill(0xff);
    for (const r of edges) assert.equal(hash(r, ones), twin(r, ones));
  });

  it('agrees with values computed elsewhere', () => {
    const r = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
    const hex = (t: Uint8Array): string => Buffer.from(new PolynomialHash(r).update(t).digest()).toString('hex');
    assert.equal(hex(Uint8Array.from({ length: 40 }, (_, i) => i)), '0e3a53c0eca5382d0e2fcbeca6b8c72b');
    assert.equal(hex(new Uint8Array(0)), '00000000000000000000000000000000');
  });

  it('ignores the top bit of the point, and takes p for 0', () => {
    fc.assert(
      fc.property(bytes16, text, (r, t) => {
        const flipped = r.slice();
        flipped[15]! ^= 0x80;
        assert.equal(hash(flipped, t), hash(r, t));
      }),
    );
    assert.equal(hash(littleEndian(P), Uint8Array.of(1, 2, 3)), 0n);
  });

  it('writes the digest that is p modulo p as 0', () => {
    // At the point 1 the digest is the sum of the blocks and the length: 127 full blocks and one made to fit.
    const whole = new Uint8Array(128 * 15).fill(0xff);
    const last = P - 127n * (2n ** 120n - 1n) - BigInt(whole.length);
    whole.set(littleEndian(last).subarray(0, 15), 127 * 15);
    assert.equal(hash(littleEndian(1n), whole), 0n);
    whole[127 * 15]! -= 1;
    assert.equal(hash(littleEndian(1n), whole), P - 1n);
  });

  it('does not depend on how the text is cut into calls', () => {
    const size = fc.oneof(fc.nat(50), fc.integer({ min: 4060, max: 4100 }), fc.constantFrom(4080, 8160, 70_000));
    fc.assert(
      fc.property(bytes16, fc.array(size, { maxLength: 8 }), (r, sizes) => {
        const whole = Uint8Array.from({ length: sizes.reduce((a, b) => a + b, 0) }, (_, i) => (i * 40503) >> 6);
        const cut = new PolynomialHash(r);
        let at = 0;
        for (const bytes of sizes) cut.update(whole.subarray(at, (at += bytes)));
        assert.equal(integer(cut.digest()), hash(r, whole));
        assert.equal(integer(cut.clone().digest()), hash(r, whole));
        assert.equal(cut.textBytes, whole.length);
      }),
    );
  });

  it('reads a view of a larger buffer where the view lies', () => {
    const large = Uint8Array.from({ length: 100 }, (_, i) => i);
    const r = littleEndian(12345n ** 8n);
    assert.equal(hash(r, large.subarray(7, 83)), hash(r, large.slice(7, 83)));
  });

  it('leaves the point that it was given alone, a Buffer too', () => {
    const point = Buffer.alloc(16, 7);
    const hash = new PolynomialHash(point).update(Buffer.from('text'));
    hash.wipe();
    assert.deepEqual(point, Buffer.alloc(16, 7));
    multiplyBytes(point, point);
    assert.deepEqual(point, Buffer.alloc(16, 7));
  });

  it('goes on after a digest, and a clone goes its own way', () => {
    const r = littleEndian(987654321n ** 4n);
    const first = Uint8Array.from({ length: 20 }, (_, i) => i);
    const state = new PolynomialHash(r).update(first);
    const before = integer(state.digest());
    const branch = state.clone();
    branch.update(Uint8Array.of(1));
    branch.wipe();
    assert.equal(integer(state.digest()), before);
    state.update(Uint8Array.of(2));
    assert.equal(integer(state.digest()), twin(r, Uint8Array.of(...first, 2)));
  });

  it('tells apart texts that differ in trailing zeros alone', () => {
    const r = littleEndian(3n ** 70n);
    const digests = new Set(Array.from({ length: 50 }, (_, n) => hash(r, new Uint8Array(n))));
    assert.equal(digests.size, 50);
  });

  it('refuses a point of another size, and any use after wipe', () => {
    for (const size of [0, 15, 17]) {
      assert.throws(() => new PolynomialHash(new Uint8Array(size)), { code: 'distill/bad-argument' });
    }
    const state = new PolynomialHash(new Uint8Array(16));
    state.wipe();
    assert.throws(() => state.update(new Uint8Array(1)), { code: 'distill/wiped' });
    assert.throws(() => state.digest(), { code: 'distill/wiped' });
    assert.throws(() => state.clone(), { code: 'distill/wiped' });
  });
});

describe('multiplyBytes', () => {
  it('multiplies modulo p', () => {
    fc.assert(
      fc.property(point, point, (x, y) => {
        const low = (value: Uint8Array): bigint => integer(value) & P;
        assert.equal(integer(multiplyBytes(x, y)), (low(x) * low(y)) % P);
      }),
      { numRuns: 1000 },
    );
  });
});
