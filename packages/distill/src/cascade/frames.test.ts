import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { type Bits, equalBytes, pack, popcount, unpack, xor, zeros } from '@skykey/bits';
import { DistillError } from '../error.ts';
import { seededBytes, seededWords } from '../test/benchtop.ts';
import { FRAME_BITS, Frames } from './frames.ts';

const SEED = Uint8Array.from({ length: 16 }, (_, i) => i);

function randomBits(length: number, seed: number): Bits {
  const bytes = seededBytes(seed)(Math.ceil(length / 8));
  if (length & 7) bytes[bytes.length - 1]! &= (1 << (length & 7)) - 1;
  return { length, bytes };
}

/** Bits that are one with probability `rate`. */
function noiseOf(length: number, rate: number, seed: number): Bits {
  const next = seededWords(seed);
  const noise = zeros(length);
  const step = Math.log1p(-rate);
  for (let i = -1; ; ) {
    i += 1 + Math.floor(Math.log((next() + 0.5) / 2 ** 32) / step);
    if (!(i < length)) return noise;
    noise.bytes[i >> 3]! |= 1 << (i & 7);
  }
}

const all = (frames: Frames): number[] => Array.from({ length: frames.count }, (_, f) => f);

/** Both parties' searches to their ends; returns Bob's key and all that was said. */
function search(
  key: Bits,
  noise: Bits,
  rate: number,
  seed: Uint8Array = SEED,
): { key: Bits; found: number; parities: Bits[]; differences: Bits[] } {
  const alice = new Frames(key, seed, rate, false);
  const bob = new Frames(xor(key, noise), seed, rate, true);
  const open = all(alice);
  const parities: Bits[] = [];
  const answers: Bits[] = [];
  for (;;) {
    const said = alice.ask(open);
    const own = bob.ask(open);
    assert.equal(own.length, said.length, 'both ask the same');
    if (!said.length) break;
    parities.push(said);
    const differences = xor(said, own);
    answers.push(differences);
    alice.learn(open, differences);
    bob.learn(open, differences);
  }
  assert.equal(alice.found(), bob.found());
  return { key: bob.key(), found: bob.found(), parities, differences: answers };
}

test('frames share a key and put it together again', () => {
  for (const bits of [1, 7, 32_768, 32_769, 65_537, 200_003, FRAME_BITS, FRAME_BITS + 1, 3 * FRAME_BITS - 45]) {
    const key = randomBits(bits, bits);
    const frames = new Frames(key, SEED, 0.01, false);
    assert.equal(frames.count, Math.ceil(bits / FRAME_BITS));
    assert(equalBytes(frames.key().bytes, key.bytes));
    const length = frames.length(0);
    assert(length * frames.count >= bits && length * frames.count < bits + 32 * frames.count);
    const values = unpack(key);
    for (const f of all(frames)) {
      assert.equal(frames.length(f), length);
      const dealt = unpack(frames.bits(f));
      for (let i = 0; i < length; i++) {
        const at = frames.count === 1 ? i : ((i >> 5) * frames.count + f) * 32 + (i & 31);
        if (dealt[i] !== (values[at] ?? 0)) assert.fail(`bit ${i} of frame ${f} of a key of ${bits}`);
      }
    }
  }
});

test('a disclosed frame takes the place of the own, and nothing follows the last bit', () => {
  for (const bits of [13, 70_001, FRAME_BITS + 5]) {
    const key = randomBits(bits, 3);
    const frames = new Frames(zeros(bits), SEED, 0.01, true);
    const truth = new Frames(key, SEED, 0.01, false);
    for (const f of all(frames)) {
      const disclosed = truth.bits(f);
      assert.equal(disclosed.length, frames.length(f));
      frames.replace(f, disclosed);
    }
    assert(equalBytes(frames.key().bytes, key.bytes));
    const ones = truth.bits(0);
    ones.bytes.fill(255);
    frames.replace(0, ones);
    const last = frames.key().bytes.at(-1)!;
    assert.equal(bits & 7 ? last >> (bits & 7) : 0, 0);
  }
});

test('what a search leaves is even, and seldom there', () => {
  let left = 0;
  for (let run = 0; run < 250; run++) {
    const rate = [0.005, 0.01, 0.02, 0.03, 0.05][run % 5]!;
    const bits = 8000 + 100 * run;
    const key = randomBits(bits, run + 1);
    const { key: corrected } = search(key, noiseOf(bits, rate, 7 * run + 5), rate, seededBytes(run + 9)(16));
    const wrong = popcount(xor(corrected, key));
    assert(wrong % 2 === 0, `${wrong} wrong bits in run ${run}`);
    if (wrong) left++;
  }
  assert(left <= 5, `${left} searches of 250 leave errors to the tag`);
});

test('what is asked follows from the errors alone, whatever the key is', () => {
  const noise = noiseOf(50_000, 0.03, 4);
  const asked = (key: Bits): number[] => search(key, noise, 0.03).parities.map((bits) => bits.length);
  assert.deepEqual(asked(randomBits(50_000, 1)), asked(randomBits(50_000, 2)));
});

test('the rounds of a search are those of PROTOCOL.md', () => {
  const key = zeros(400);
  for (let i = 0; i < 50; i++) key.bytes[i] = 37 * i + 11;
  const noise = zeros(400);
  for (const i of [3, 40, 41, 90, 133, 170, 200, 201, 222, 260, 299, 305, 310, 319])
    noise.bytes[i >> 3]! |= 1 << (i & 7);
  const { parities, differences, found } = search(key, noise, 0.05);
  assert.equal(found, 14);
  const hex = ({ bytes }: Bits): string => Buffer.from(bytes).toString('hex');
  const text = readFileSync(new URL('../../PROTOCOL.md', import.meta.url), 'utf8');
  const told = text.slice(text.indexOf('**An example.**')).split('```')[1]!;
  assert.deepEqual(
    told.trim().split(/;\s+/),
    parities.map((bits, i) => `${bits.length} ${hex(bits)} ${hex(differences[i]!)}`),
  );
});

test('a key without errors costs a parity for each block of a pass', () => {
  const bits = 32_768;
  const { parities } = search(randomBits(bits, 1), zeros(bits), 1e-6);
  // One block in the first two passes, whose parity is known in the second; two in each of ten late ones.
  assert.deepEqual(
    parities.map(({ length }) => length),
    [1, ...Array(10).fill(1)],
  );
});

test('answers that cannot come from two strings end the search, they never keep it busy', () => {
  let contradictions = 0;
  for (let run = 1; run <= 60; run++) {
    const next = seededWords(run);
    const bits = run % 2 ? 600 : 40_000;
    const frames = new Frames(zeros(bits), SEED, 0.05, true);
    let asked = 0;
    try {
      for (let own = frames.ask([0]); own.length; own = frames.ask([0])) {
        asked += own.length;
        frames.learn([0], pack(Uint8Array.from({ length: own.length }, () => next() & 1)));
      }
    } catch (error) {
      assert(error instanceof DistillError && error.code === 'distill/protocol');
      contradictions++;
    }
    // Every node of every pass is halved once at most, and asked for its syndrome once.
    assert(asked <= 24 * 3 * bits, `${asked} parities`);
  }
  assert(contradictions > 0);
});

test('a wiped search holds no bit of the key', () => {
  const frames = new Frames(randomBits(5000, 2), SEED, 0.02, false);
  frames.ask([0]);
  frames.wipe();
  assert(frames.key().bytes.every((byte) => byte === 0));
});
