import { type Bits, concat, get, pack, popcount, unpack, xor } from '@skykey/bits';
import { DistillError } from './error.ts';
import { Frames } from './frames.ts';
import { expectCount, type Line } from './line.ts';
import type { Reconciliation } from './report.ts';
import type { RandomBytes } from './types.ts';
import { FRAME_SEED_BYTES, FRAME_TAG_BITS, frameTag } from './verify.ts';

/**
 * Error correction: Bob makes his key Alice's, and every bit that Alice says about hers is counted (pitfalls P8, P9, P26).
 *
 * Alice draws the seed of the shuffles only now. Rounds follow, parities from Alice and differences from Bob, until the
 * searches of all frames are over; then a tag of every frame, whose seed is drawn when both strings stand still. Frames
 * whose tags differ get more passes, at most ATTEMPTS times; what still differs Alice discloses whole: its bits count as
 * leaked, so that nothing secret rests on them, and the frame stays in the key, so that the estimate stays about all of it.
 */
const ATTEMPTS = 3;

/** An empty key needs no words. */
const NOTHING: Reconciliation = { leakedBits: 0, roundTrips: 0, frames: 0, failedFrames: 0, corrected: 0 };

/** Alice's side. `errorRate` in (0, 1/2] must be Bob's. Throws what `Line` throws. */
export async function reconcileAlice(
  line: Line,
  key: Bits,
  errorRate: number,
  random: RandomBytes,
): Promise<Reconciliation> {
  if (!key.length) return NOTHING;
  const seed = random(16);
  await line.send({ type: 'shuffle', seed });
  const frames = new Frames(key, seed, errorRate);
  try {
    let leakedBits = 0;
    let roundTrips = 0;
    let failedFrames = 0;
    let open = Array.from({ length: frames.count }, (_, f) => f);
    for (let attempt = 0; open.length; attempt++) {
      for (let wanted = frames.next(open); wanted; wanted = frames.next(open)) {
        await line.send({ type: 'parities', bits: pack(frames.parities(open, wanted)) });
        leakedBits += wanted;
        roundTrips++;
        const { bits } = await line.receive('differences');
        expectCount('differences of parities', bits.length, wanted);
        frames.learn(open, unpack(bits), false);
      }
      const tagSeed = random(FRAME_SEED_BYTES);
      const tags = Uint32Array.from(open, (f) => frameTag(tagSeed, frames.bits(f)));
      await line.send({ type: 'frame-tags', seed: tagSeed, tags });
      leakedBits += FRAME_TAG_BITS * open.length;
      roundTrips++;
      const { failed } = await line.receive('frame-check');
      expectCount('answers to frame tags', failed.length, open.length);
      open = open.filter((_, i) => get(failed, i));
      if (attempt === ATTEMPTS && open.length) {
        const bits = concat(...open.map((f) => frames.bits(f)));
        await line.send({ type: 'frames', bits });
        leakedBits += bits.length;
        failedFrames = open.length;
        break;
      }
      frames.extend(open);
    }
    const { corrected } = await line.receive('reconciled');
    const found = frames.found();
    const disclosed = failedFrames ? open.reduce((sum, f) => sum + frames.length(f), 0) : 0;
    if (corrected < found || corrected > found + disclosed) {
      throw new DistillError(
        'distill/protocol',
        `the peer corrected ${corrected} bits where ${found} errors were found`,
      );
    }
    return { leakedBits, roundTrips, frames: frames.count, failedFrames, corrected };
  } finally {
    frames.wipe();
  }
}

/** Bob's side: the same, and the corrected key. */
export async function reconcileBob(
  line: Line,
  key: Bits,
  errorRate: number,
): Promise<Reconciliation & { readonly key: Bits }> {
  if (!key.length) return { ...NOTHING, key };
  const { seed } = await line.receive('shuffle');
  const frames = new Frames(key, seed, errorRate);
  try {
    let leakedBits = 0;
    let roundTrips = 0;
    let failedFrames = 0;
    let open = Array.from({ length: frames.count }, (_, f) => f);
    for (let attempt = 0; open.length; attempt++) {
      for (let wanted = frames.next(open); wanted; wanted = frames.next(open)) {
        const { bits } = await line.receive('parities');
        expectCount('parities', bits.length, wanted);
        leakedBits += wanted;
        roundTrips++;
        const differences = xor(bits, pack(frames.parities(open, wanted)));
        await line.send({ type: 'differences', bits: differences });
        frames.learn(open, unpack(differences), true);
      }
      const { seed: tagSeed, tags } = await line.receive('frame-tags');
      expectCount('frame tags', tags.length, open.length);
      leakedBits += FRAME_TAG_BITS * open.length;
      roundTrips++;
      const failed = pack(open.map((f, i) => Number(frameTag(tagSeed, frames.bits(f)) !== tags[i])));
      await line.send({ type: 'frame-check', failed });
      open = open.filter((_, i) => get(failed, i));
      if (attempt === ATTEMPTS && open.length) {
        const { bits } = await line.receive('frames');
        expectCount(
          'bits of disclosed frames',
          bits.length,
          open.reduce((sum, f) => sum + frames.length(f), 0),
        );
        let at = 0;
        for (const f of open) {
          frames.replace(f, bits, at);
          at += frames.length(f);
        }
        leakedBits += bits.length;
        failedFrames = open.length;
        break;
      }
      frames.extend(open);
    }
    const result = frames.key();
    const corrected = popcount(xor(key, result));
    await line.send({ type: 'reconciled', corrected });
    return { leakedBits, roundTrips, frames: frames.count, failedFrames, corrected, key: result };
  } finally {
    frames.wipe();
  }
}
