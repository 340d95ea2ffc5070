import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import {
  COVERED_BYTES,
  LAST_BLOCK,
  MAX_SPEECH_FRAME_BYTES,
  PAD_BLOCK_BYTES,
  SLOTS_PER_BLOCK,
  SpeechCover,
  SpeechUncover,
} from './speech-pad.ts';
import type { Bytes } from './suites.ts';

/** A block of pad that is the same whenever it is asked for by the same number. */
function pad(number: number, name = 'pad'): Bytes {
  return new Uint8Array(createHash('shake256', { outputLength: PAD_BLOCK_BYTES }).update(`${name} ${number}`).digest());
}

const frameOf = (i: number, length = 78): Bytes => Uint8Array.from({ length }, (_, at) => (i * 31 + at) & 0xff);

function ends(blocks: readonly number[]): { cover: SpeechCover; uncover: SpeechUncover } {
  const [cover, uncover] = [new SpeechCover(), new SpeechUncover()];
  for (const number of blocks) {
    cover.add(number, pad(number));
    uncover.add(number, pad(number));
  }
  return { cover, uncover };
}

const indexOf = (covered: Bytes): number => new DataView(covered.buffer).getUint32(0);

/** Numbers from a seed (Park and Miller), so that a failure can be repeated. */
function dice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 48_271) % 0x7fffffff;
    return state % below;
  };
}

describe('speech by one-time pad', () => {
  test('comes out as it went in, and what is sealed has one length whatever was said', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const roll = dice(seed);
      const { cover, uncover } = ends([0, 1, 2, 3]);
      for (let i = 0; i < 4 * SLOTS_PER_BLOCK; i++) {
        const frame = frameOf(i, roll(MAX_SPEECH_FRAME_BYTES + 1));
        const covered = cover.cover(frame);
        assert.equal(covered.length, COVERED_BYTES);
        assert.equal(indexOf(covered), i);
        assert.deepEqual(uncover.uncover(covered), frame, `seed ${seed}, frame ${i}`);
      }
      assert.throws(() => cover.cover(frameOf(0)), { code: 'hotline/no-key' });
    }
  });

  test('is the frame XOR the bytes of its slot, and nothing else', () => {
    const { cover } = ends([7]);
    const frame = frameOf(1, 60);
    const [first, second] = [cover.cover(frame), cover.cover(frame)];
    const block = pad(7);
    for (const [slot, covered] of [first, second].entries()) {
      assert.equal(indexOf(covered), 7 * SLOTS_PER_BLOCK + slot);
      const filled = Buffer.concat([Buffer.of(60), frame, Buffer.alloc(19)]);
      assert.deepEqual(
        [...covered.subarray(4)],
        [...filled].map((byte, i) => byte ^ block[80 * slot + i]!),
      );
    }
  });

  test('frames that are lost or late cost only themselves, whatever the line does', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const roll = dice(seed);
      const { cover, uncover } = ends([0, 1, 2, 5, 6]);
      const sent = Array.from({ length: 5 * SLOTS_PER_BLOCK }, (_, i) => ({ i, covered: cover.cover(frameOf(i)) }));
      // Each comes up to ten places late, or not at all, or twice.
      const coming = sent
        .filter(() => roll(5) > 0)
        .map((each) => ({ ...each, at: each.i + roll(10) }))
        .sort((a, b) => a.at - b.at);
      for (const { i, covered } of coming) {
        assert.deepEqual(uncover.uncover(covered), frameOf(i), `seed ${seed}, frame ${i}`);
        assert.equal(uncover.uncover(covered), undefined, 'a slot is used once');
      }
    }
  });

  test('attack: no way leads to two frames under one slot', () => {
    const cover = new SpeechCover();
    const bytes = pad(3);
    cover.add(3, bytes);
    assert.ok(
      bytes.every((byte) => byte === 0),
      'whoever handed it in has it no more',
    );
    // The same block again, an older one, one that was not drawn, half of one: none is taken, all are overwritten.
    const attempts: readonly (readonly [number, Bytes])[] = [
      [3, pad(3)],
      [2, pad(2)],
      [4, bytes],
      [4, pad(4).slice(0, 2000)],
      [LAST_BLOCK + 1, pad(4)],
      [4.5, pad(4)],
    ];
    for (const [number, again] of attempts) {
      assert.throws(() => cover.add(number, again), { code: 'hotline/bad-argument' }, `${number}`);
      assert.ok(again.every((byte) => byte === 0));
    }
    const seen = new Set<number>();
    for (let i = 0; i < SLOTS_PER_BLOCK; i++) {
      if (i === 10)
        assert.throws(() => cover.cover(frameOf(0, MAX_SPEECH_FRAME_BYTES + 1)), { code: 'hotline/too-long' });
      const index = indexOf(cover.cover(frameOf(i)));
      assert.ok(!seen.has(index) && index > Math.max(-1, ...seen));
      seen.add(index);
    }
    // Used up: it cannot come back, not even by its own number.
    assert.throws(() => cover.cover(frameOf(0)), { code: 'hotline/no-key' });
    assert.throws(() => cover.add(3, pad(3)), { code: 'hotline/bad-argument' });
    cover.add(4, pad(4));
    cover.cover(frameOf(0));
    cover.wipe();
    assert.throws(() => cover.cover(frameOf(0)), { code: 'hotline/no-key' });
    assert.throws(() => cover.add(4, pad(4)), { code: 'hotline/bad-argument' });
  });

  test('attack: what is not under a pad that is here is dropped, and a wrong pad shows nothing', () => {
    const { cover, uncover } = ends([0]);
    const covered = cover.cover(frameOf(5));
    for (const wrong of [
      covered.slice(0, COVERED_BYTES - 1),
      Uint8Array.of(...covered, 0),
      frameOf(5),
      new Uint8Array(0),
      new Uint8Array(COVERED_BYTES).fill(0xff),
    ]) {
      assert.equal(uncover.uncover(wrong), undefined);
    }
    assert.deepEqual(uncover.uncover(covered), frameOf(5), 'none of these used a slot of it');

    const other = new SpeechUncover();
    other.add(0, pad(0, 'another'));
    let same = 0;
    const sender = ends([0]).cover;
    for (let i = 0; i < SLOTS_PER_BLOCK; i++) {
      const got = other.uncover(sender.cover(frameOf(i)));
      if (got && Buffer.from(got).equals(Buffer.from(frameOf(i)))) same++;
    }
    assert.equal(same, 0);
  });

  test('blocks that are over are overwritten, and do not come back', () => {
    const { cover, uncover } = ends([0, 1, 2, 3]);
    const all = Array.from({ length: 4 * SLOTS_PER_BLOCK }, (_, i) => cover.cover(frameOf(i)));
    assert.ok(uncover.uncover(all[3 * SLOTS_PER_BLOCK]!));
    assert.ok(uncover.uncover(all[SLOTS_PER_BLOCK]!), 'two blocks late');
    assert.equal(uncover.uncover(all[0]!), undefined, 'three blocks late');
    for (const number of [0, 3])
      assert.throws(() => uncover.add(number, pad(number)), { code: 'hotline/bad-argument' });
    uncover.wipe();
    assert.equal(uncover.uncover(all[3 * SLOTS_PER_BLOCK + 1]!), undefined);
    assert.throws(() => uncover.add(3, pad(3)), { code: 'hotline/bad-argument' });
    // However many come, only so many are kept.
    for (let number = 4; number < 60; number++) uncover.add(number, pad(number));
    assert.throws(() => uncover.add(20, pad(20)), { code: 'hotline/bad-argument' });
  });

  test('a sender keeps a few seconds at most', () => {
    const { cover } = ends(Array.from({ length: 16 }, (_, i) => i));
    assert.deepEqual(cover.blocks.length, 16);
    assert.throws(() => cover.add(16, pad(16)), { code: 'hotline/bad-argument' });
    for (let i = 0; i < SLOTS_PER_BLOCK; i++) cover.cover(frameOf(i));
    assert.deepEqual(cover.blocks[0], 1);
    cover.add(17, pad(17));
  });
});
