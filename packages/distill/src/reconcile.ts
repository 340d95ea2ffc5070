import { type Bits, get, pack, popcount, xor } from '@skykey/bits';
import { Frames } from './cascade/frames.ts';
import { DistillError } from './error.ts';
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
 *
 * What an adversary hears: Alice's parities and tags (leakedBits), and from Bob where his parities differ. The differences
 * are a function of the error pattern alone, never of the key (a test says so), and so are all sizes and all that is asked;
 * but the error pattern is then not hers to guess any more, and a proof has to grant it to her: D. Tupkary and N. Lütkenhaus,
 * Using Cascade in quantum key distribution, Phys. Rev. Applied 20, 064040, arXiv:2307.00576 (pitfall P1).
 */
const ATTEMPTS = 3;

/** What Cascade cost and found; the same at both ends. */
export interface CascadeOutcome extends Reconciliation {
  /** What Bob announced about his parities and tags, in bits. Functions of the error pattern; no part of leakedBits. */
  readonly announcedBits: number;
  /** All messages of both directions as encoded, in bits. */
  readonly messageBits: number;
  /** Frames whose first tag differed: lost, were there no more passes. */
  readonly retaggedFrames: number;
}

/** What reconciliation needs of a line. */
export type ReconciliationLine = Pick<Line, 'send' | 'receive' | 'bytes'>;

/** An empty key needs no words. */
const NOTHING: CascadeOutcome = {
  ...{ leakedBits: 0, announcedBits: 0, roundTrips: 0, messageBits: 0 },
  ...{ frames: 0, retaggedFrames: 0, failedFrames: 0, corrected: 0 },
};

/** The figures as they grow. */
class Ledger {
  readonly #line: ReconciliationLine;
  readonly #start: number;
  leakedBits = 0;
  announcedBits = 0;
  roundTrips = 0;
  retaggedFrames = 0;
  failedFrames = 0;

  constructor(line: ReconciliationLine) {
    this.#line = line;
    this.#start = line.bytes;
  }

  /** One round: Alice disclosed, Bob announced. */
  round(leakedBits: number, announcedBits: number): void {
    this.leakedBits += leakedBits;
    this.announcedBits += announcedBits;
    this.roundTrips++;
  }

  close(frames: number, corrected: number): CascadeOutcome {
    const { leakedBits, announcedBits, roundTrips, retaggedFrames, failedFrames } = this;
    const messageBits = 8 * (this.#line.bytes - this.#start);
    return { leakedBits, announcedBits, roundTrips, messageBits, frames, retaggedFrames, failedFrames, corrected };
  }
}

/** Alice's side. `errorRate` in (0, 1/2] must be Bob's. Throws what `Line` throws. */
export async function reconcileAlice(
  line: ReconciliationLine,
  key: Bits,
  errorRate: number,
  random: RandomBytes,
): Promise<CascadeOutcome> {
  if (!key.length) return NOTHING;
  const ledger = new Ledger(line);
  const seed = random(16);
  await line.send({ type: 'shuffle', seed });
  const frames = new Frames(key, seed, errorRate, false);
  try {
    let open = Array.from({ length: frames.count }, (_, f) => f);
    for (let attempt = 0; open.length; attempt++) {
      for (let parities = frames.ask(open); parities.length; parities = frames.ask(open)) {
        await line.send({ type: 'parities', bits: parities });
        parities.bytes.fill(0);
        const { bits } = await line.receive('differences');
        expectCount('differences of parities', bits.length, parities.length);
        ledger.round(parities.length, bits.length);
        frames.learn(open, bits);
      }
      const tagSeed = random(FRAME_SEED_BYTES);
      const tags = Uint32Array.from(open, (f) => tagOf(tagSeed, frames, f));
      await line.send({ type: 'frame-tags', seed: tagSeed, tags });
      const { failed } = await line.receive('frame-check');
      expectCount('answers to frame tags', failed.length, open.length);
      ledger.round(FRAME_TAG_BITS * open.length, failed.length);
      open = open.filter((_, i) => get(failed, i));
      if (!attempt) ledger.retaggedFrames = open.length;
      if (attempt === ATTEMPTS) break;
      frames.extend(open);
    }
    let disclosed = 0;
    for (const f of open) {
      const bits = frames.bits(f);
      await line.send({ type: 'frames', bits });
      disclosed += bits.length;
      bits.bytes.fill(0);
    }
    ledger.leakedBits += disclosed;
    ledger.failedFrames = open.length;
    const { corrected } = await line.receive('reconciled');
    const found = frames.found();
    if (Math.abs(corrected - found) > disclosed || corrected > key.length) {
      throw new DistillError(
        'distill/protocol',
        `the peer corrected ${corrected} bits where ${found} errors were found`,
      );
    }
    return ledger.close(frames.count, corrected);
  } finally {
    frames.wipe();
  }
}

/** Bob's side: the same, and the corrected key. */
export async function reconcileBob(
  line: ReconciliationLine,
  key: Bits,
  errorRate: number,
): Promise<CascadeOutcome & { readonly key: Bits }> {
  if (!key.length) return { ...NOTHING, key };
  const ledger = new Ledger(line);
  const { seed } = await line.receive('shuffle');
  const frames = new Frames(key, seed, errorRate, true);
  try {
    let open = Array.from({ length: frames.count }, (_, f) => f);
    for (let attempt = 0; open.length; attempt++) {
      for (let own = frames.ask(open); own.length; own = frames.ask(open)) {
        const { bits } = await line.receive('parities');
        expectCount('parities', bits.length, own.length);
        const differences = xor(bits, own);
        own.bytes.fill(0);
        await line.send({ type: 'differences', bits: differences });
        ledger.round(bits.length, differences.length);
        frames.learn(open, differences);
      }
      const { seed: tagSeed, tags } = await line.receive('frame-tags');
      expectCount('frame tags', tags.length, open.length);
      const failed = pack(open.map((f, i) => Number(tagOf(tagSeed, frames, f) !== tags[i])));
      await line.send({ type: 'frame-check', failed });
      ledger.round(FRAME_TAG_BITS * open.length, failed.length);
      open = open.filter((_, i) => get(failed, i));
      if (!attempt) ledger.retaggedFrames = open.length;
      if (attempt === ATTEMPTS) break;
      frames.extend(open);
    }
    for (const f of open) {
      const { bits } = await line.receive('frames');
      expectCount('bits of a disclosed frame', bits.length, frames.length(f));
      frames.replace(f, bits);
      ledger.leakedBits += bits.length;
    }
    ledger.failedFrames = open.length;
    const result = frames.key();
    const corrected = popcount(xor(key, result));
    await line.send({ type: 'reconciled', corrected });
    return { ...ledger.close(frames.count, corrected), key: result };
  } finally {
    frames.wipe();
  }
}

function tagOf(seed: Uint8Array, frames: Frames, f: number): number {
  const bits = frames.bits(f);
  const tag = frameTag(seed, bits);
  bits.bytes.fill(0);
  return tag;
}
