import { type Bits, get, pack, xor } from '@skykey/bits';
import { Frames } from './cascade/frames.ts';
import { countDifferences } from './differences.ts';
import { DistillError } from './error.ts';
import { expectCount, type Line } from './line.ts';
import type { MessageOf } from './messages.ts';
import { countBits, nothingToReconcile, type Reconciliation } from './report.ts';
import type { RandomBytes } from './types.ts';
import { FRAME_SEED_BYTES, FRAME_TAG_BITS, frameTag } from './verify.ts';

/**
 * Error correction by Cascade: Bob makes his key Alice's, and every bit that either says is counted (pitfalls P8, P9, P26).
 *
 * Alice draws the seed of the shuffles only now. Rounds follow for all frames together, parities from Alice and differences
 * from Bob, until all searches are over; then a tag of every frame, whose seed is drawn when both strings stand still. Frames
 * whose tags differ get more passes, at most ATTEMPTS times; what still differs Alice discloses whole: its bits count as
 * leaked, so that nothing secret rests on them, and the frame stays in the key, so that the estimate stays about all of it.
 *
 * What an adversary hears: Alice's parities and tags (leakedBits), and from Bob where his parities differ, and which tags.
 * The differences are a function of the error pattern alone, never of the key (a test says so), and so are all sizes and all
 * that is asked; but the error pattern is then not hers to guess any more, and a proof has to grant it to her: D. Tupkary and
 * N. Lütkenhaus, Using Cascade in quantum key distribution, Phys. Rev. Applied 20, 064040, arXiv:2307.00576 (pitfall P1). The
 * answers to tags are not: tags are over GF(2^127 - 1), and whether those of two frames are equal depends, on rare seeds, on
 * the bits where they differ. So each answer is charged as a bit (tagAnswers).
 */
const ATTEMPTS = 3;

/** What Cascade cost and found; the same at both ends. */
export interface CascadeOutcome extends Reconciliation {
  /** Frames whose first tag differed: lost, were there no more passes. */
  readonly retaggedFrames: number;
}

/** What reconciliation needs of a line. */
export type ReconciliationLine = Pick<Line, 'send' | 'receive' | 'bytes'>;

/** An opening message that was received already, and the bytes that had passed before it. */
export interface Opening<K extends 'shuffle' | 'syndromes'> {
  readonly message: MessageOf<K>;
  readonly start: number;
}

/** The figures as they grow. */
class Ledger {
  readonly #line: ReconciliationLine;
  readonly #start: number;
  leakedBits = 0;
  announcedBits = 0;
  tagAnswers = 0;
  roundTrips = 0;
  retaggedFrames = 0;
  failedFrames = 0;

  constructor(line: ReconciliationLine, start = line.bytes) {
    this.#line = line;
    this.#start = start;
  }

  /** One round: Alice disclosed, Bob announced. */
  round(leakedBits: number, announcedBits: number): void {
    this.leakedBits += leakedBits;
    this.announcedBits += announcedBits;
    this.roundTrips++;
  }

  /** One round of tags and answers. */
  tags(count: number): void {
    this.round(FRAME_TAG_BITS * count, count);
    this.tagAnswers += count;
  }

  /** Alice disclosed a frame whole. */
  disclosed(bits: number): void {
    this.leakedBits += bits;
    this.failedFrames++;
  }

  close(keyBits: number, frames: number, corrected: number): CascadeOutcome {
    const { leakedBits, tagAnswers, roundTrips, retaggedFrames, failedFrames } = this;
    const announcedBits = this.announcedBits + countBits(keyBits);
    const messageBits = 8 * (this.#line.bytes - this.#start);
    return {
      ...{ method: 'cascade', leakedBits, tagAnswers, announcedBits, messageBits, roundTrips },
      ...{ frames, retaggedFrames, failedFrames, corrected },
    };
  }
}

/** Alice's side. `errorRate` in (0, 1/2] must be Bob's. Throws what `Line` throws. */
export async function reconcileAlice(
  line: ReconciliationLine,
  key: Bits,
  errorRate: number,
  random: RandomBytes,
): Promise<CascadeOutcome> {
  if (!key.length) return { ...nothingToReconcile('cascade'), retaggedFrames: 0 };
  const ledger = new Ledger(line);
  const seed = random(16);
  await line.send({ type: 'shuffle', seed });
  const frames = new Frames(key, seed, errorRate, false);
  try {
    let disclosed = 0;
    for (const f of await searchAlice(line, frames, random, ledger)) {
      const bits = frames.bits(f);
      await line.send({ type: 'frames', bits });
      ledger.disclosed(bits.length);
      disclosed += bits.length;
      bits.bytes.fill(0);
    }
    const { corrected } = await line.receive('reconciled');
    const found = frames.found();
    if (Math.abs(corrected - found) > disclosed || corrected > key.length) {
      throw new DistillError(
        'distill/protocol',
        `the peer corrected ${corrected} bits where ${found} errors were found`,
      );
    }
    return ledger.close(key.length, frames.count, corrected);
  } finally {
    frames.wipe();
  }
}

/** Alice's part in the search; returns the frames that stay different. */
async function searchAlice(
  line: ReconciliationLine,
  frames: Frames,
  random: RandomBytes,
  ledger: Ledger,
): Promise<readonly number[]> {
  let open = allOf(frames);
  for (let attempt = 0; open.length && attempt <= ATTEMPTS; attempt++) {
    if (attempt) frames.extend(open);
    for (let parities = frames.ask(open); parities.length; parities = frames.ask(open)) {
      await line.send({ type: 'parities', bits: parities });
      parities.bytes.fill(0);
      const { bits } = await line.receive('differences');
      expectCount('differences of parities', bits.length, parities.length);
      ledger.round(parities.length, bits.length);
      frames.learn(open, bits);
    }
    const seed = random(FRAME_SEED_BYTES);
    const tags = Uint32Array.from(open, (f) => tagOf(seed, frames, f));
    await line.send({ type: 'frame-tags', seed, tags });
    const { failed } = await line.receive('frame-check');
    expectCount('answers to frame tags', failed.length, open.length);
    ledger.tags(open.length);
    open = open.filter((_, i) => get(failed, i));
    if (!attempt) ledger.retaggedFrames += open.length;
  }
  return open;
}

/** Bob's side: the same, and the corrected key. `opening`: Alice's first message, where it is there already. */
export async function reconcileBob(
  line: ReconciliationLine,
  key: Bits,
  errorRate: number,
  opening?: Opening<'shuffle'>,
): Promise<CascadeOutcome & { readonly key: Bits }> {
  if (!key.length) return { ...nothingToReconcile('cascade'), retaggedFrames: 0, key };
  const ledger = new Ledger(line, opening?.start);
  const { seed } = opening?.message ?? (await line.receive('shuffle'));
  const frames = new Frames(key, seed, errorRate, true);
  try {
    for (const f of await searchBob(line, frames, ledger)) {
      const { bits } = await line.receive('frames');
      expectCount('bits of a disclosed frame', bits.length, frames.length(f));
      frames.replace(f, bits);
      ledger.disclosed(bits.length);
    }
    const result = frames.key();
    try {
      const corrected = countDifferences(key, result);
      await line.send({ type: 'reconciled', corrected });
      return { ...ledger.close(key.length, frames.count, corrected), key: result };
    } catch (error) {
      result.bytes.fill(0);
      throw error;
    }
  } finally {
    frames.wipe();
  }
}

/** Bob's part in the search; returns the frames that stay different. */
async function searchBob(line: ReconciliationLine, frames: Frames, ledger: Ledger): Promise<readonly number[]> {
  let open = allOf(frames);
  for (let attempt = 0; open.length && attempt <= ATTEMPTS; attempt++) {
    if (attempt) frames.extend(open);
    for (let own = frames.ask(open); own.length; own = frames.ask(open)) {
      const { bits } = await line.receive('parities');
      expectCount('parities', bits.length, own.length);
      const differences = xor(bits, own);
      own.bytes.fill(0);
      await line.send({ type: 'differences', bits: differences });
      ledger.round(bits.length, differences.length);
      frames.learn(open, differences);
    }
    const { seed, tags } = await line.receive('frame-tags');
    expectCount('frame tags', tags.length, open.length);
    const failed = pack(open.map((f, i) => Number(tagOf(seed, frames, f) !== tags[i])));
    await line.send({ type: 'frame-check', failed });
    ledger.tags(open.length);
    open = open.filter((_, i) => get(failed, i));
    if (!attempt) ledger.retaggedFrames += open.length;
  }
  return open;
}

/** Sixteen at most in a session: messages and memory are bounded by MAX_DETECTIONS. */
function allOf(frames: Frames): readonly number[] {
  return Array.from({ length: frames.count }, (_, f) => f);
}

function tagOf(seed: Uint8Array, frames: Frames, f: number): number {
  const bits = frames.bits(f);
  const tag = frameTag(seed, bits);
  bits.bytes.fill(0);
  return tag;
}
