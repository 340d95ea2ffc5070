import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Bits, equalBytes, get, pack, popcount, xor, zeros } from '@skykey/bits';
import { Transcript } from './authenticate.ts';
import { frameOf } from './ldpc/frame.ts';
import { Line } from './line.ts';
import { decode, encode, type Message } from './messages.ts';
import { reconcileOneWayAlice, reconcileOneWayBob } from './reconcile-one-way.ts';
import { linePair, MemoryPads, seededBytes, seededWords, settle } from './test/benchtop.ts';
import type { Channel } from './types.ts';

const point = await new MemoryPads(1).hashKey();
const lineOf = (channel: Channel, role: 'alice' | 'bob') => new Line(channel, role, new Transcript(point));

function keyAndNoise(bits: number, rate: number, seed: number): { key: Bits; noise: Bits } {
  const next = seededWords(seed);
  return {
    key: pack(Uint8Array.from({ length: bits }, () => next() & 1)),
    noise: pack(Uint8Array.from({ length: bits }, () => (next() / 2 ** 32 < rate ? 1 : 0))),
  };
}

async function reconcile(key: Bits, noise: Bits, rate: number, change: (message: Message) => Message = (m) => m) {
  const said: Message[] = [];
  let wireBits = 0;
  const channels = linePair((bytes) => {
    const message = change(decode(bytes));
    said.push(message);
    const sent = encode(message);
    wireBits += 8 * sent.length;
    return [sent];
  });
  const [alice, bob] = await settle(
    channels,
    reconcileOneWayAlice(lineOf(channels.alice, 'alice'), key, { errorRate: rate, random: seededBytes(5) }),
    reconcileOneWayBob(lineOf(channels.bob, 'bob'), xor(key, noise), rate),
  );
  return { alice, bob, said, wireBits };
}

/** Errors where there are none expected: the second of three frames. */
function broken(bits: number, seed: number): { key: Bits; noise: Bits } {
  const made = keyAndNoise(bits, 0.02, seed);
  const wrong = frameOf(made.noise, 3, 1);
  wrong.bytes.set(seededBytes(9)(wrong.bytes.length));
  return made;
}

test('one message and two answers make the keys equal', async () => {
  const { key, noise } = keyAndNoise(200_003, 0.02, 1);
  const { alice, bob, said, wireBits } = await reconcile(key, noise, 0.02);
  assert(alice.status === 'fulfilled' && bob.status === 'fulfilled');
  const { key: corrected, ...result } = bob.value;
  assert(equalBytes(corrected.bytes, key.bytes));
  assert.deepEqual(alice.value, result);
  assert.deepEqual(
    said.map(({ type }) => type),
    ['syndromes', 'decoded', 'reconciled'],
  );
  const [syndromes] = said as [Message & { type: 'syndromes' }];
  // What stands before the frames is 46 bytes: version, family, three numbers, seed (`ldpc/one-way.ts`).
  assert.equal(result.leakedBits, 8 * (syndromes.message.length - 46));
  assert.deepEqual(result, {
    ...{ method: 'ldpc', leakedBits: result.leakedBits, tagAnswers: 2, announcedBits: 2 + 18, messageBits: wireBits },
    ...{ roundTrips: 1, frames: 2, failedFrames: 0, corrected: popcount(noise) },
  });
});

test('a frame that failed is disclosed whole, stays in the key, and all of it counts as leaked', async () => {
  const { key, noise } = broken(306_000, 2);
  const { alice, bob, said } = await reconcile(key, noise, 0.02);
  assert(alice.status === 'fulfilled' && bob.status === 'fulfilled');
  const { key: corrected, ...result } = bob.value;
  assert.equal(corrected.length, key.length);
  assert(equalBytes(corrected.bytes, key.bytes));
  assert.deepEqual(alice.value, result);
  assert.equal(result.corrected, popcount(noise), 'errors of the failed frame are errors');
  assert.deepEqual([result.frames, result.failedFrames, result.roundTrips], [3, 1, 2]);
  assert.deepEqual(
    said.map(({ type }) => type),
    ['syndromes', 'decoded', 'frames', 'reconciled'],
  );
  const [syndromes, decoded, frames] = said;
  assert(syndromes?.type === 'syndromes' && decoded?.type === 'decoded' && frames?.type === 'frames');
  assert.deepEqual(
    [0, 1, 2].map((f) => get(decoded.failed, f)),
    [0, 1, 0],
  );
  assert.deepEqual(frames.bits, { ...frameOf(key, 3, 1), bytes: frameOf(key, 3, 1).bytes.slice() });
  assert.equal(result.leakedBits, 8 * (syndromes.message.length - 46) + frames.bits.length);
});

test('an empty key needs no word', async () => {
  const { alice, bob, said } = await reconcile(zeros(0), zeros(0), 0.02);
  assert(alice.status === 'fulfilled' && bob.status === 'fulfilled');
  assert.deepEqual([said.length, alice.value.leakedBits, alice.value.method], [0, 0, 'ldpc']);
});

test('nothing is said where one message cannot do it', async () => {
  const { key, noise } = keyAndNoise(50_000, 0.2, 3);
  const { alice, said } = await reconcile(key, noise, 0.2);
  assert(alice.status === 'rejected');
  assert.equal(alice.reason.code, 'distill/bad-argument');
  assert.deepEqual(said, []);
});

test('a peer that answers with too few, too many or impossible numbers is refused', async () => {
  const { key, noise } = broken(306_000, 4);
  for (const [change, party, message] of [
    [
      (m: Message): Message => (m.type === 'decoded' ? { ...m, failed: zeros(2) } : m),
      'alice',
      /2 answers about frames/,
    ],
    [(m: Message): Message => (m.type === 'reconciled' ? { ...m, corrected: 306_001 } : m), 'alice', /306001 bits of/],
    [(m: Message): Message => (m.type === 'frames' ? { ...m, bits: zeros(9) } : m), 'bob', /bits of a disclosed frame/],
    [
      (m: Message): Message => (m.type === 'syndromes' ? { ...m, message: m.message.subarray(1) } : m),
      'bob',
      /'one-way'/,
    ],
  ] as const) {
    const ends = await reconcile(key, noise, 0.02, change);
    const end = ends[party];
    assert(end.status === 'rejected');
    assert.equal(end.reason.code, 'distill/protocol');
    assert.match(end.reason.message, message);
  }
});
