import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Bits, equalBytes, get, pack, popcount, xor, zeros } from '@skykey/bits';
import { binaryEntropy } from '@skykey/finitekey';
import fc from 'fast-check';
import { Transcript } from './authenticate.ts';
import { FRAME_BITS, Frames } from './cascade/frames.ts';
import { Shuffles } from './cascade/shuffle.ts';
import { Line } from './line.ts';
import { decode, encode, type Message } from './messages.ts';
import { MAX_DETECTIONS } from './protocol.ts';
import { reconcileAlice, reconcileBob } from './reconcile.ts';
import { linePair, MemoryPads, seededBytes, seededWords, settle } from './test/benchtop.ts';
import type { Channel, RandomBytes } from './types.ts';
import { FRAME_TAG_BITS } from './verify.ts';

const point = await new MemoryPads(1).hashKey();
const lineOf = (channel: Channel, role: 'alice' | 'bob') => new Line(channel, role, new Transcript(point));

function keyAndNoise(bits: number, rate: number, seed: number): { key: Bits; noise: Bits } {
  const next = seededWords(seed);
  return {
    key: pack(Uint8Array.from({ length: bits }, () => next() & 1)),
    noise: pack(Uint8Array.from({ length: bits }, () => (next() / 2 ** 32 < rate ? 1 : 0))),
  };
}

/** Both sides to their ends; what either said is counted on the wire, in the bytes that passed. */
async function reconcile(key: Bits, noise: Bits, rate: number, random: RandomBytes = seededBytes(77)) {
  const said = { parities: 0, tags: 0, disclosed: 0, announced: 0, answers: 0, messages: 0, bits: 0 };
  const channels = linePair((bytes, direction) => {
    const message = decode(bytes);
    said.bits += 8 * bytes.length;
    if (direction === 'alice-to-bob') said.messages++;
    if (message.type === 'parities') said.parities += message.bits.length;
    if (message.type === 'frame-tags') said.tags += FRAME_TAG_BITS * message.tags.length;
    if (message.type === 'frames') said.disclosed += message.bits.length;
    if (message.type === 'differences') said.announced += message.bits.length;
    if (message.type === 'frame-check') said.answers += message.failed.length;
    return [bytes];
  });
  const [alice, bob] = await settle(
    channels,
    reconcileAlice(lineOf(channels.alice, 'alice'), key, rate, random),
    reconcileBob(lineOf(channels.bob, 'bob'), xor(key, noise), rate),
  );
  if (alice.status === 'rejected') throw alice.reason;
  if (bob.status === 'rejected') throw bob.reason;
  const { key: corrected, ...result } = bob.value;
  assert.deepEqual(alice.value, result, 'both sides report the same');
  // Pitfall P9, row 10: the ledger is what went over the wire.
  assert.equal(result.leakedBits, said.parities + said.tags + said.disclosed);
  assert.equal(result.tagAnswers, said.answers);
  const count = key.length ? Math.ceil(Math.log2(key.length + 1)) : 0;
  assert.equal(result.announcedBits, said.announced + said.answers + count);
  assert.equal(result.messageBits, said.bits);
  return { ...result, key: corrected, said };
}

test('keys become equal, whatever their length and error rate', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 4000 }),
      fc.double({ min: 0, max: 0.1, noNaN: true }),
      fc.nat(),
      async (bits, rate, seed) => {
        const { key, noise } = keyAndNoise(bits, rate, seed + 1);
        const result = await reconcile(key, noise, Math.max(rate, 1e-4), seededBytes(seed + 2));
        assert(equalBytes(result.key.bytes, key.bytes));
        assert.equal(result.corrected, popcount(noise));
      },
    ),
    { numRuns: 150, seed: 7 },
  );
});

test('an empty key needs no word, a key of one bit is found wrong or right', async () => {
  const empty = await reconcile(zeros(0), zeros(0), 0.5);
  assert.deepEqual(
    { leaked: empty.leakedBits, messages: empty.said.messages, frames: empty.frames },
    { leaked: 0, messages: 0, frames: 0 },
  );
  for (const wrong of [0, 1]) {
    const result = await reconcile(pack([1]), pack([wrong]), 0.1);
    assert.equal(get(result.key, 0), 1);
    assert.equal(result.corrected, wrong);
    assert.equal(result.leakedBits, 1 + FRAME_TAG_BITS);
  }
});

test('10^6 bits: near the Shannon limit, in few round trips', async () => {
  for (const rate of [0.005, 0.01, 0.02, 0.03, 0.05]) {
    const bits = 1_000_000;
    let leaked = 0;
    let shannon = 0;
    for (const seed of [1, 2, 3]) {
      const { key, noise } = keyAndNoise(bits, rate, seed);
      const result = await reconcile(key, noise, rate, seededBytes(seed));
      assert(equalBytes(result.key.bytes, key.bytes));
      assert.equal(result.frames, 1);
      assert.equal(result.failedFrames, 0);
      assert(result.roundTrips <= 220, `${result.roundTrips} round trips at ${rate}`);
      leaked += result.leakedBits;
      const limit = bits * binaryEntropy(popcount(noise) / bits);
      shannon += limit;
      assert(result.messageBits <= 2.5 * limit, `${result.messageBits / limit} times the Shannon limit at ${rate}`);
    }
    assert(leaked / shannon <= 1.04, `f ${leaked / shannon} at ${rate}`);
  }
});

test('all frames go in lockstep, as many as a session can have', async () => {
  const bits = MAX_DETECTIONS;
  const noise = zeros(bits);
  for (let i = 11; i < bits; i += 400_003) noise.bytes[i >> 3]! |= 1 << (i & 7);
  const key = { length: bits, bytes: seededBytes(3)(bits / 8) };
  const result = await reconcile(key, noise, 1e-5);
  assert(equalBytes(result.key.bytes, key.bytes));
  assert.equal(result.frames, 16);
  assert.equal(result.said.tags, 16 * FRAME_TAG_BITS);
});

test('whatever is wrong is put right: all bits, all but one, one in two', async () => {
  for (const bits of [1, 2, 3, 31, 32, 33, 1000]) {
    const { key } = keyAndNoise(bits, 0, bits);
    for (const wrong of [() => 1, (i: number) => Number(i > 0), (i: number) => i & 1]) {
      // Where all blocks of all passes are even, the tag still tells, and the frame is disclosed.
      const result = await reconcile(key, pack(Uint8Array.from({ length: bits }, (_, i) => wrong(i))), 0.5);
      assert.deepEqual(result.key, key);
    }
  }
});

test('a wrong estimate of the error rate costs bits, never the key', async () => {
  const bits = 200_000;
  for (const [rate, seed] of [
    [0, 31],
    [0.002, 32],
    [0.02, 33],
    [0.11, 34],
  ] as const) {
    const { key, noise } = keyAndNoise(bits, rate, seed);
    for (const factor of [0.5, 2]) {
      const result = await reconcile(key, noise, Math.max(1e-4, rate * factor));
      assert.deepEqual(result.key, key, `${rate} taken for ${rate * factor}`);
      assert.equal(result.failedFrames, 0);
      const shannon = bits * binaryEntropy(rate);
      assert(result.leakedBits <= 1.15 * shannon + 600, `${result.leakedBits} at ${rate} taken for ${rate * factor}`);
    }
  }
});

test('what Bob says tells of the errors alone, never of the key', async () => {
  const { noise } = keyAndNoise(20_000, 0.03, 20);
  const heard = async (seed: number): Promise<string[]> => {
    const { key } = keyAndNoise(20_000, 0, seed);
    const said: string[] = [];
    const channels = linePair((bytes, direction) => {
      if (direction === 'bob-to-alice') said.push(bytes.join());
      return [bytes];
    });
    await settle(
      channels,
      reconcileAlice(lineOf(channels.alice, 'alice'), key, 0.03, seededBytes(4)),
      reconcileBob(lineOf(channels.bob, 'bob'), xor(key, noise), 0.03),
    );
    return said;
  };
  assert.deepEqual(await heard(21), await heard(22));
});

test('a burst of errors is spread over frames and blocks', async () => {
  for (const bits of [140_000, 2_200_000]) {
    const length = bits / 50;
    const burst = pack(
      Uint8Array.from({ length: bits }, (_, i) => (i >= 30_000 && i < 30_000 + length && i % 2 ? 1 : 0)),
    );
    const { key } = keyAndNoise(bits, 0, 8);
    const result = await reconcile(key, burst, 0.01);
    assert.deepEqual(result.key, key);
    const f = result.leakedBits / (bits * binaryEntropy(0.01));
    assert(f <= 1.12, `f ${f}`);
  }
});

/**
 * Two bits that stand in the same lane in all of the first 12 passes: where a lane is one block, Cascade cannot see it when
 * both are wrong.
 */
function blindPair(shuffles: Shuffles): [number, number] {
  const seen = new Map<string, number>();
  for (let bit = 0; bit < shuffles.rows * shuffles.lanes; bit++) {
    const row = Math.floor(bit / shuffles.lanes);
    const lanes = Array.from(
      { length: 12 },
      (_, pass) => (bit + shuffles.pass(pass).turn[row]!) % shuffles.lanes,
    ).join();
    const other = seen.get(lanes);
    if (other !== undefined) return [other, bit];
    seen.set(lanes, bit);
  }
  throw new Error('no such pair with this seed');
}

test('errors that Cascade cannot see are caught by the frame tag and corrected by more passes', async () => {
  const bits = 60_000;
  // With so low a rate every pass has two blocks, the two lanes of the frame, and there are two and ten passes.
  const rate = 1e-6;
  const random = seededBytes(5);
  const [first, second] = blindPair(new Shuffles(seededBytes(5)(16), bits / 2, 2));
  const noise = pack(Uint8Array.from({ length: bits }, (_, i) => Number(i === first || i === second)));
  const { key } = keyAndNoise(bits, 0, 9);
  const result = await reconcile(key, noise, rate, random);
  assert.deepEqual(result.key, key);
  assert.equal(result.corrected, 2);
  assert.equal(result.said.tags, 2 * FRAME_TAG_BITS, 'the frame was tagged again');
  assert.equal(result.retaggedFrames, 1);
  assert.equal(result.failedFrames, 0);
});

test('a frame that stays different is disclosed, and all of it counts as leaked', async () => {
  // A Bob who calls his second frame wrong every time.
  const { key } = keyAndNoise(FRAME_BITS + 70_000, 0, 10);
  let messageBits = 0;
  const channels = linePair((bytes) => {
    messageBits += 8 * bytes.length;
    return [bytes];
  });
  const said: Message[] = [];
  const work = reconcileAlice(lineOf(channels.alice, 'alice'), key, 1e-6, seededBytes(3));
  const bob = (async () => {
    for (;;) {
      const message = decode(await channels.bob.receive());
      said.push(message);
      if (message.type === 'parities') {
        await channels.bob.send(encode({ type: 'differences', bits: zeros(message.bits.length) }));
      } else if (message.type === 'frame-tags') {
        await channels.bob.send(
          encode({ type: 'frame-check', failed: pack(message.tags.length === 2 ? [0, 1] : [1]) }),
        );
      } else if (message.type === 'frames') {
        await channels.bob.send(encode({ type: 'reconciled', corrected: 12 }));
        return message.bits;
      }
    }
  })();
  const [alice, disclosed] = await settle(channels, work, bob);
  assert(alice.status === 'fulfilled' && disclosed.status === 'fulfilled');
  assert.deepEqual(disclosed.value, new Frames(key, new Uint8Array(16), 0.1, false).bits(1));
  const count = (type: Message['type']) => said.filter((message) => message.type === type).length;
  assert.equal(count('frame-tags'), 4, 'the first check and three more');
  const parities = said.reduce((sum, message) => sum + (message.type === 'parities' ? message.bits.length : 0), 0);
  assert.deepEqual(alice.value, {
    leakedBits: parities + (2 + 1 + 1 + 1) * FRAME_TAG_BITS + disclosed.value.length,
    method: 'cascade',
    tagAnswers: 2 + 1 + 1 + 1,
    announcedBits: parities + 2 + 1 + 1 + 1 + 21,
    roundTrips: count('parities') + 4,
    messageBits,
    frames: 2,
    retaggedFrames: 1,
    failedFrames: 1,
    corrected: 12,
  });
});

test('Bob takes a disclosed frame for his own', async () => {
  // An Alice whose tags of one frame never match.
  const { key, noise } = keyAndNoise(3000, 0.02, 11);
  const channels = linePair((bytes, direction) => {
    const message = decode(bytes);
    if (direction === 'alice-to-bob' && message.type === 'frame-tags') {
      return [encode({ ...message, tags: message.tags.map((tag) => tag ^ 1) })];
    }
    return [bytes];
  });
  const [alice, bob] = await settle(
    channels,
    reconcileAlice(lineOf(channels.alice, 'alice'), key, 0.02, seededBytes(3)),
    reconcileBob(lineOf(channels.bob, 'bob'), xor(key, noise), 0.02),
  );
  assert(alice.status === 'fulfilled' && bob.status === 'fulfilled');
  assert.deepEqual(bob.value.key, key);
  assert.equal(bob.value.failedFrames, 1);
  assert.equal(bob.value.corrected, popcount(noise));
  assert.equal(alice.value.leakedBits, bob.value.leakedBits);
});

test('a peer that answers with too few, too many or impossible numbers is refused', async () => {
  const { key } = keyAndNoise(500, 0, 12);
  for (const [type, change, message] of [
    [
      'differences',
      (m: Message) => m.type === 'differences' && { ...m, bits: zeros(m.bits.length + 1) },
      /differences/,
    ],
    ['frame-check', (m: Message) => m.type === 'frame-check' && { ...m, failed: zeros(2) }, /frame tags/],
    ['reconciled', (m: Message) => m.type === 'reconciled' && { ...m, corrected: 4 }, /corrected 4 bits where 0/],
  ] as const) {
    const channels = linePair((bytes) => {
      const changed = change(decode(bytes));
      return [changed ? encode(changed) : bytes];
    });
    const [alice] = await settle(
      channels,
      reconcileAlice(lineOf(channels.alice, 'alice'), key, 0.01, seededBytes(3)),
      reconcileBob(lineOf(channels.bob, 'bob'), key, 0.01),
    );
    assert(alice.status === 'rejected', type);
    assert.equal(alice.reason.code, 'distill/protocol');
    assert.match(alice.reason.message, message);
  }
});

test('the corrected key is overwritten when the last word cannot be said', async (t) => {
  const corrected = t.mock.method(Frames.prototype, 'key');
  const { key, noise } = keyAndNoise(4000, 0.01, 9);
  const channels = linePair((bytes) => {
    if (decode(bytes).type === 'reconciled') throw new Error('the line broke');
    return [bytes];
  });
  const [, bob] = await settle(
    channels,
    reconcileAlice(lineOf(channels.alice, 'alice'), key, 0.01, seededBytes(1)),
    reconcileBob(lineOf(channels.bob, 'bob'), xor(key, noise), 0.01),
  );
  assert(bob.status === 'rejected' && bob.reason.message === 'the line broke');
  assert.deepEqual(corrected.mock.calls[0]!.result, zeros(4000));
});
