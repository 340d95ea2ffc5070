import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  type Bits,
  concat,
  equalBytes,
  fromBytes,
  get,
  MAX_LENGTH,
  pack,
  parity,
  popcount,
  slice,
  unpack,
  xor,
  zeros,
} from './bits.ts';

fc.configureGlobal({ seed: 1 });

/** One 0 or 1 per bit: the form in which every operation is obvious. */
const loose = fc.array(fc.integer({ min: 0, max: 1 }), { maxLength: 200 });
const cut = fc.tuple(loose, fc.nat(200), fc.nat(200)).map(([values, a, b]) => {
  const [from, to] = [a % (values.length + 1), b % (values.length + 1)].sort((x, y) => x - y) as [number, number];
  return { values, from, to };
});

/** The promise of the type: as many bytes as needed, nothing beyond the last bit. */
function wellFormed(bits: Bits): Bits {
  assert.equal(bits.bytes.length, Math.ceil(bits.length / 8));
  for (let i = bits.length; i < bits.bytes.length * 8; i++) assert.equal((bits.bytes[i >> 3]! >> (i & 7)) & 1, 0);
  return bits;
}

const values = (bits: Bits): number[] => [...unpack(wellFormed(bits))];

describe('bit order', () => {
  it('puts bit i into bit (i & 7) of byte (i >> 3)', () => {
    assert.deepEqual([...pack([1, 0, 0, 0, 0, 0, 0, 0, 0, 1]).bytes], [0x01, 0x02]);
    assert.deepEqual([...pack([0, 0, 0, 0, 0, 0, 0, 1]).bytes], [0x80]);
    assert.deepEqual([...unpack(fromBytes(Uint8Array.of(0b0110_0001)))], [1, 0, 0, 0, 0, 1, 1, 0]);
  });
});

describe('packed strings agree with arrays of bits', () => {
  it('pack and unpack are inverse', () => {
    fc.assert(fc.property(loose, (a) => assert.deepEqual(values(pack(a)), a)));
  });

  it('pack takes any non-zero element for a one', () => {
    assert.deepEqual(values(pack([0, 2, -1, 0.5, 256])), [0, 1, 1, 1, 1]);
  });

  it('get', () => {
    fc.assert(
      fc.property(loose, (a) =>
        assert.deepEqual(
          a.map((_, i) => get(pack(a), i)),
          a,
        ),
      ),
    );
  });

  it('slice', () => {
    fc.assert(
      fc.property(cut, ({ values: a, from, to }) =>
        assert.deepEqual(values(slice(pack(a), from, to)), a.slice(from, to)),
      ),
    );
  });

  it('parity of a part and of the whole', () => {
    const odd = (a: number[]): number => a.reduce((sum, bit) => sum ^ bit, 0);
    fc.assert(
      fc.property(cut, ({ values: a, from, to }) => {
        assert.equal(parity(pack(a), from, to), odd(a.slice(from, to)));
        assert.equal(parity(pack(a)), odd(a));
      }),
    );
  });

  it('popcount', () => {
    fc.assert(fc.property(loose, (a) => assert.equal(popcount(pack(a)), a.filter(Boolean).length)));
  });

  it('xor', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 1 }), fc.integer({ min: 0, max: 1 }))), (pairs) => {
        const a = pack(pairs.map((p) => p[0]));
        const b = pack(pairs.map((p) => p[1]));
        assert.deepEqual(
          values(xor(a, b)),
          pairs.map((p) => p[0] ^ p[1]),
        );
      }),
    );
  });

  it('concat', () => {
    fc.assert(
      fc.property(fc.array(loose, { maxLength: 6 }), (parts) =>
        assert.deepEqual(values(concat(...parts.map(pack))), parts.flat()),
      ),
    );
  });

  it('fromBytes drops what is beyond the length', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20 }), fc.nat(160), (bytes, n) => {
        const length = n % (bytes.length * 8 + 1);
        assert.deepEqual(values(fromBytes(bytes, length)), [...unpack(fromBytes(bytes))].slice(0, length));
      }),
    );
  });
});

describe('nothing is shared with the caller', () => {
  it('fromBytes copies, a Buffer too', () => {
    const source = Buffer.from([0xff, 0xff]);
    const bits = fromBytes(source, 12);
    assert.deepEqual([...source], [0xff, 0xff]);
    source.fill(0);
    assert.equal(popcount(bits), 12);
  });

  it('slice of everything is a new string', () => {
    const a = pack([1, 1, 1]);
    slice(a, 0, 3).bytes.fill(0);
    assert.equal(popcount(a), 3);
  });
});

describe('asking for what is not there', () => {
  const three = pack([1, 0, 1]);
  const refusals: Record<string, () => unknown> = {
    'negative length': () => zeros(-1),
    'fractional length': () => zeros(1.5),
    'length that is not a number': () => zeros(Number.NaN),
    'length beyond 32-bit indices': () => zeros(MAX_LENGTH + 1),
    'too few bytes': () => fromBytes(new Uint8Array(1), 9),
    'negative length of bytes': () => fromBytes(new Uint8Array(1), -1),
    'bit before the first': () => get(three, -1),
    'bit after the last': () => get(three, 3),
    'bit between bits': () => get(three, 0.5),
    'slice that runs out': () => slice(three, 1, 4),
    'slice backwards': () => slice(three, 2, 1),
    'slice of no number': () => slice(three, Number.NaN, 2),
    'slice between bits': () => slice(three, 0.5, 2),
    'parity that runs out': () => parity(three, 0, 4),
    'xor of unequal lengths': () => xor(three, zeros(2)),
  };
  for (const [name, ask] of Object.entries(refusals)) it(`refuses: ${name}`, () => assert.throws(ask, RangeError));
});

describe('equalBytes', () => {
  it('is true for equal bytes alone', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 40 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (a, at, flip) => {
          const b = a.slice();
          assert.equal(equalBytes(a, b), true);
          b[at % a.length]! ^= flip;
          assert.equal(equalBytes(a, b), false);
        },
      ),
    );
  });

  it('is false for a prefix', () => {
    assert.equal(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2, 0)), false);
    assert.equal(equalBytes(new Uint8Array(0), new Uint8Array(0)), true);
  });
});
