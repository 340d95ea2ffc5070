import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Bits, fromBytes, popcount, xor, zeros } from '@skykey/bits';
import { binaryEntropy } from '@skykey/finitekey';
import { Ldpc } from '@skykey/kernels';
import { seededBytes, seededWords } from '../test/benchtop.ts';
import { LEAST_LAYERS, MOST_LAYERS } from './degrees.ts';
import { addColumns, longestFrame } from './frame.ts';
import { codeOf, decodeOneWay, encodeOneWay, type OneWayOptions, prepareOneWay, withoutFrames } from './one-way.ts';
import { MOST_ERROR_RATE } from './rate.ts';

function keyOf(bits: number, seed: number): Bits {
  return fromBytes(seededBytes(seed)(Math.ceil(bits / 8)), bits);
}

function noiseOf(bits: number, rate: number, seed: number): Bits {
  const next = seededWords(seed);
  const out = zeros(bits);
  for (let i = 0; i < bits; i++) if (next() < rate * 2 ** 32) out.bytes[i >> 3]! |= 1 << (i & 7);
  return out;
}

/** Both parties; failed frames left out of both keys, and what they and the message disclose over the limit. */
function both(alice: Bits, bob: Bits, errorRate: number, options: OneWayOptions) {
  const { message } = encodeOneWay(alice, errorRate, options);
  const { key, ...found } = decodeOneWay(bob, message, errorRate);
  const kept = [alice, key].map((one) => withoutFrames(one, found.frames, found.failedFrames)) as [Bits, Bits];
  const limit = alice.length * binaryEntropy(popcount(xor(alice, bob)) / alice.length);
  return {
    ...found,
    bob: kept[1],
    messageBits: 8 * message.length,
    residualErrors: popcount(xor(...kept)),
    efficiency: (found.leakedBits + found.droppedBits) / limit,
  };
}

const HEADER_BYTES = 46;
const TAG_BITS = 32;

describe('reconciliation in one message', () => {
  it('gives both the same key at every error rate, and counts every bit that was said', () => {
    for (const rate of [0.01, 0.02, 0.05, 0.08]) {
      const alice = keyOf(204_800, 1);
      const noise = noiseOf(204_800, rate, 2);
      const found = both(alice, xor(alice, noise), rate, { random: seededBytes(3), family: 'short' });
      assert.deepEqual(found.failedFrames, []);
      assert.equal(found.residualErrors, 0);
      assert.deepEqual(found.bob, alice);
      assert.equal(found.corrected, popcount(noise));
      assert.equal(found.frames, 2);
      // Pitfall P9: what leaks is what is on the line, but for the header and the seed, which know nothing of the key.
      assert.equal(found.leakedBits, found.messageBits - 8 * HEADER_BYTES);
      assert.ok(found.efficiency < 1.34 && found.efficiency > 1.1, `${found.efficiency} at ${rate}`);
    }
  });

  it('does with a long frame what a short one does, closer to the limit', () => {
    const alice = keyOf(819_200, 4);
    const noise = noiseOf(819_200, 0.05, 5);
    const found = both(alice, xor(alice, noise), 0.05, { random: seededBytes(6) });
    assert.equal(found.frames, 1);
    assert.equal(found.residualErrors, 0);
    assert.deepEqual(found.failedFrames, []);
    assert.ok(found.efficiency < 1.12, `${found.efficiency}`);
  });

  it('takes keys of any length', () => {
    for (const bits of [3_999, 20_001, 50_000, 153_599, 153_601, 300_007]) {
      const alice = keyOf(bits, bits);
      const noise = noiseOf(bits, 0.03, bits + 1);
      const found = both(alice, xor(alice, noise), 0.03, { random: seededBytes(7), family: 'short' });
      assert.equal(found.residualErrors, 0, `${bits} bits`);
      assert.deepEqual(found.failedFrames, [], `${bits} bits`);
      assert.equal(found.bob.length, bits);
    }
  });

  it('needs no words for an empty key', () => {
    const empty = zeros(0);
    const { message, leakedBits } = encodeOneWay(empty, 0.02, { random: seededBytes(1) });
    assert.equal(leakedBits, 0);
    assert.equal(message.length, HEADER_BYTES);
    assert.deepEqual(decodeOneWay(empty, message, 0.02).key, empty);
  });

  it('names a frame that fails, and counts its syndrome and its bits (pitfall P8)', () => {
    const bits = 307_200;
    const alice = keyOf(bits, 8);
    const noise = noiseOf(bits, 0.03, 9);
    // The middle frame has far more errors than were expected.
    const worse = noiseOf(bits, 0.1, 10);
    noise.bytes.set(worse.bytes.subarray(12_800, 25_600), 12_800);
    const bob = xor(alice, noise);
    const clean = encodeOneWay(alice, 0.03, { random: seededBytes(11), family: 'short' });
    const found = decodeOneWay(bob, clean.message, 0.03);
    assert.deepEqual(found.failedFrames, [1]);
    assert.equal(found.leakedBits, clean.leakedBits);
    assert.equal(found.droppedBits, 102_400);
    // As Bob had it, and out of both keys.
    assert.deepEqual(found.key.bytes.subarray(12_800, 25_600), bob.bytes.subarray(12_800, 25_600));
    const kept = withoutFrames(alice, found.frames, found.failedFrames);
    assert.equal(kept.length, bits - 102_400);
    assert.deepEqual(withoutFrames(found.key, found.frames, found.failedFrames), kept);
    const again = both(alice, bob, 0.03, { random: seededBytes(11), family: 'short' });
    assert.equal(again.residualErrors, 0);
    assert.ok(again.efficiency > found.leakedBits / bits, 'dropped bits are in the efficiency');
  });

  it('notices a word that has the right syndrome and is wrong (pitfall P21)', () => {
    const bits = 3_200;
    const { lift } = longestFrame(bits, 1);
    const { message } = encodeOneWay(keyOf(bits, 12), 0.005, { random: seededBytes(13), family: 'short' });
    const rows = new DataView(message.buffer).getUint32(10, true);
    const codeword = codewordOf(lift, rows);
    const alice = keyOf(bits, 12);
    const bob = fromBytes(alice.bytes, bits);
    addColumns(bob, codeword, lift);
    assert.ok(popcount(xor(alice, bob)) > 0);
    // No error at all explains the syndrome; decoding has nothing to do, and is wrong.
    const found = decodeOneWay(bob, message, 0.005);
    assert.deepEqual(found.failedFrames, [0]);
    assert.deepEqual(found.key, bob);
    assert.equal(found.corrected, 0);
  });

  it('does not believe a tag of another seed', () => {
    const alice = keyOf(102_400, 14);
    const { message } = encodeOneWay(alice, 0.02, { random: seededBytes(15), family: 'short' });
    message[20]! ^= 1;
    assert.deepEqual(decodeOneWay(alice, message, 0.02).failedFrames, [0]);
  });

  it('needs more syndrome for an estimate that is less sure', () => {
    const alice = keyOf(102_400, 16);
    const sure = encodeOneWay(alice, 0.02, { random: seededBytes(1), family: 'short' });
    const unsure = encodeOneWay(alice, 0.02, { random: seededBytes(1), family: 'short', spread: 0.001 });
    assert.ok(unsure.leakedBits > sure.leakedBits + 1_000);
    const noise = noiseOf(102_400, 0.0235, 17);
    assert.deepEqual(decodeOneWay(xor(alice, noise), unsure.message, 0.02).key, alice);
  });

  it('gives a frame of few errors the least parities that there are, and corrects it', () => {
    const alice = keyOf(102_400, 20);
    for (const rate of [1e-5, 0.001, 0.003]) {
      const noise = noiseOf(102_400, rate, 21);
      const { message, leakedBits } = encodeOneWay(alice, rate, { random: seededBytes(2), family: 'short' });
      assert.equal(leakedBits, (LEAST_LAYERS / 200) * 102_400 + TAG_BITS);
      assert.deepEqual(decodeOneWay(xor(alice, noise), message, rate).key, alice);
    }
  });

  it('reaches up to its highest error rate, not beyond', () => {
    const alice = keyOf(102_400, 22);
    const noise = noiseOf(102_400, 0.104, 23);
    const { message } = encodeOneWay(alice, 0.104, { random: seededBytes(2), family: 'short' });
    assert.deepEqual(decodeOneWay(xor(alice, noise), message, 0.104).key, alice);
    const refused = (rate: number, spread: number, what: RegExp) =>
      assert.throws(() => encodeOneWay(alice, rate, { random: seededBytes(2), spread }), {
        code: 'distill/bad-argument',
        message: what,
      });
    refused(0.106, 0, /errorRate 0.106 .* Cascade corrects/);
    refused(0.09, 0.01, /errorRate 0.09 and its spread .* Cascade corrects/);
    refused(MOST_ERROR_RATE + 1e-9, 0, /at most 0.11 .* beyond, Cascade corrects/);
    prepareOneWay(819_200, MOST_ERROR_RATE);
  });

  it('has the code ready when asked to, and refuses then what it would refuse later', () => {
    prepareOneWay(102_400, 0.02, { family: 'short' });
    prepareOneWay(0, 0.02);
    assert.throws(() => prepareOneWay(102_400, 0.2), { code: 'distill/bad-argument', message: /errorRate/ });
    assert.throws(() => prepareOneWay(50, 0.05), { code: 'distill/bad-argument', message: /too short .* Cascade/ });
  });

  it('takes long frames for long keys, unless they have few errors', () => {
    const familyOf = (bits: number, rate: number) =>
      encodeOneWay(zeros(bits), rate, { random: seededBytes(1) }).message[1];
    assert.deepEqual([familyOf(409_600, 0.018), familyOf(409_599, 0.018), familyOf(409_600, 0.0179)], [1, 0, 0]);
  });

  it('refuses what has no code', () => {
    const random = seededBytes(1);
    const key = keyOf(102_400, 18);
    for (const rate of [0, -0.01, 0.12, 0.5, Number.NaN]) {
      assert.throws(() => encodeOneWay(key, rate, { random }), { code: 'distill/bad-argument', message: /errorRate/ });
    }
    for (const rate of [0, 0.5, Number.NaN]) {
      assert.throws(() => decodeOneWay(key, new Uint8Array(46), rate), { code: 'distill/bad-argument' });
    }
    for (const spread of [-0.1, 0.6, Number.NaN]) {
      assert.throws(() => encodeOneWay(key, 0.02, { random, spread }), {
        code: 'distill/bad-argument',
        message: /spread/,
      });
    }
    assert.throws(() => encodeOneWay(keyOf(100, 1), 0.1, { random }), {
      code: 'distill/bad-argument',
      message: /too short/,
    });
    assert.throws(() => encodeOneWay(key, 0.02, { random, family: 'huge' as 'long' }), {
      code: 'distill/bad-argument',
    });
  });

  it('refuses a message that no Alice would send, in a sentence', () => {
    const key = keyOf(102_400, 19);
    const { message } = encodeOneWay(key, 0.02, { random: seededBytes(1), family: 'short' });
    const changed = (change: (view: DataView) => void): Uint8Array => {
      const copy = message.slice();
      change(new DataView(copy.buffer));
      return copy;
    };
    const cases: readonly [Uint8Array, RegExp][] = [
      [changed((v) => v.setUint8(0, 2)), /version 2/],
      [changed((v) => v.setUint8(1, 2)), /family/],
      [changed((v) => v.setUint32(2, 102_401, true)), /about 102401 bits, the key here has 102400/],
      [changed((v) => v.setUint32(6, 0, true)), /0 frames, where a key of 102400 bits has 1/],
      [changed((v) => v.setUint32(6, 2, true)), /2 frames, where/],
      [changed((v) => v.setUint32(6, 0xffffffff, true)), /4294967295 frames, where/],
      [changed((v) => v.setUint32(10, 16, true)), /bytes of frames/],
      [message.subarray(0, message.length - 1), /bytes of frames/],
      [message.subarray(0, 30), /too early/],
      [new Uint8Array(0), /too early/],
      [Uint8Array.of(...message, 0), /bytes of frames/],
    ];
    for (const [wrong, what] of cases) {
      assert.throws(() => decodeOneWay(key, wrong, 0.02), { code: 'distill/protocol', message: what });
    }
    // Sizes that agree with each other, of a code that there is not.
    const tiny = new Uint8Array(HEADER_BYTES + 2 + TAG_BITS / 8);
    tiny.set(message.subarray(0, HEADER_BYTES));
    new DataView(tiny.buffer).setUint32(10, 16, true);
    assert.throws(() => decodeOneWay(key, tiny, 0.02), { code: 'distill/protocol', message: /which no code has/ });
  });

  it('is not kept busy by a stranger with as many frames as a message holds', () => {
    const key = keyOf(3_000, 20);
    const [frames, rows] = [375, 160];
    const { message } = encodeOneWay(key, 0.02, { random: seededBytes(1), family: 'short' });
    const many = new Uint8Array(HEADER_BYTES + (frames * (rows + TAG_BITS)) / 8);
    many.set(message.subarray(0, HEADER_BYTES));
    const view = new DataView(many.buffer);
    view.setUint32(6, frames, true);
    view.setUint32(10, rows, true);
    assert.throws(() => decodeOneWay(key, many, 0.02), { code: 'distill/protocol', message: /375 frames, where/ });
  });

  it('has a code for every number of layers', () => {
    for (let layers = LEAST_LAYERS; layers <= MOST_LAYERS; layers++) codeOf('short', 16, layers);
  });
});

/** A word other than zero that every row in use calls even, by elimination. */
function codewordOf(lift: number, rows: number): Uint8Array {
  const columns = 200 * lift;
  const kernel = new Ldpc(codeOf('short', lift, Math.max(LEAST_LAYERS, Math.ceil(rows / lift))));
  const pivots = new Map<number, { readonly parities: Uint8Array; readonly word: Uint8Array }>();
  for (let bit = 0; bit < columns; bit++) {
    const word = new Uint8Array(columns / 8);
    word[bit >> 3] = 1 << (bit & 7);
    const parities = kernel.syndrome(word).slice(0, rows / 8);
    for (;;) {
      const first = parities.findIndex((byte) => byte !== 0);
      if (first < 0) return word;
      const pivot = 8 * first + Math.log2(parities[first]! & -parities[first]!);
      const known = pivots.get(pivot);
      if (!known) {
        pivots.set(pivot, { parities, word });
        break;
      }
      for (let i = 0; i < parities.length; i++) parities[i]! ^= known.parities[i]!;
      for (let i = 0; i < word.length; i++) word[i]! ^= known.word[i]!;
    }
  }
  throw new Error('a code without words');
}
