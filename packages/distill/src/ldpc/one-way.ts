import { type Bits, concat, fromBytes, popcount, slice, xor } from '@skykey/bits';
import { binaryEntropy } from '@skykey/finitekey';
import { Ldpc, type LiftedCode } from '@skykey/kernels';
import { DistillError } from '../error.ts';
import type { RandomBytes } from '../types.ts';
import { FRAME_SEED_BYTES, FRAME_TAG_BITS, frameTag } from '../verify.ts';
import { Reader, Writer } from '../wire.ts';
import { construct } from './construct.ts';
import { degreesFor, type Family, LEAST_LAYERS, MOST_LAYERS } from './degrees.ts';
import { addColumns, type FrameShape, frameStart, shapeOf, toColumns } from './frame.ts';
import { type ColumnEdges, columnEdges, POLISH_ROWS, polish } from './polish.ts';
import { rowsFor } from './rate.ts';

/**
 * Error correction in one message, for links without a way back: Alice sends parities of a low-density code and a tag of
 * each frame, Bob finds the errors. Nothing he does changes what Alice sent, so that nothing else leaks.
 *
 * What a syndrome cannot show, that decoding ended at another word than Alice's, the tag does (pitfall P21). A frame that
 * fails stays as Bob has it and is named; both parties leave it out (`withoutFrames`) once he can say so, with his
 * acceptance. Its syndrome and its tag are disclosed all the same and count (P8), and its bits are gone: `droppedBits`,
 * which the key length has to lose on top.
 *
 * The message, little-endian: version 1 (1 byte), family (1 byte: 0 short, 1 long), key bits, frames and rows of a frame (4
 * bytes each), seed of the tags (32 bytes), and for each frame its packed parities (`rows / 8` bytes) and its tag (4
 * bytes). Frame `f` of F has the bits from `floor(f n / F)` on.
 */
const VERSION = 1;
const FAMILIES: readonly Family[] = ['short', 'long'];
/** Bits that frames of a family should have; a key is cut into equal frames of about so many. */
const FRAME_BITS: Readonly<Record<Family, number>> = { short: 102_400, long: 819_200 };
/** Longest frame that is decoded for a stranger: half again what a family makes of any key. */
const MOST_FRAME_BITS = 2_000_000;
/** Sweeps before a frame is given up. */
const SWEEPS: Readonly<Record<Family, number>> = { short: 60, long: 150 };
/** What the channel's ratio is multiplied with, try after try: another path often misses what the first was caught in. */
const TRIES: readonly number[] = [1, 0.75, 1.3];
/** Codes kept ready, the last used ones: some megabytes each. */
const CODES_KEPT = 4;

export interface OneWayOptions {
  /** Of the seed of the tags: drawn when both strings are fixed. */
  readonly random: RandomBytes;
  /** Frames of about 1e5 bits, fast, or 8e5, tight; without it `long` for keys from 400,000 bits on. */
  readonly family?: Family;
  /** Standard deviation of the estimated error rate, absolute; 0 when left out. */
  readonly spread?: number;
}

export interface OneWayMessage {
  readonly message: Uint8Array;
  /** Syndromes and tags of all frames. The seed tells nothing about the key. */
  readonly leakedBits: number;
}

export interface OneWayResult {
  /** Bob's key with the errors that were found taken out; failed frames as he had them. */
  readonly key: Bits;
  /** Errors taken out. */
  readonly corrected: number;
  readonly frames: number;
  /** Indices of frames of which no pattern has both syndrome and tag. */
  readonly failedFrames: readonly number[];
  /** Frames that a few flipped bits, or another try, saved. */
  readonly savedFrames: number;
  /** Sweeps of the decoder over all frames and tries. */
  readonly iterations: number;
  /** As Alice's. */
  readonly leakedBits: number;
  /** Bits of failed frames. */
  readonly droppedBits: number;
}

/** A code at work. */
interface Codec {
  readonly code: LiftedCode;
  readonly kernel: Ldpc;
  readonly edges: ColumnEdges;
}

const codecs = new Map<string, Codec>();

/** The code of a family with `layers` layers: made when first asked for, in some tenths of a second. */
function codecOf(family: Family, lift: number, layers: number): Codec {
  const name = `${family} ${lift} ${layers}`;
  let codec = codecs.get(name);
  if (codec) codecs.delete(name);
  else {
    const code = codeOf(family, lift, layers);
    codec = { code, kernel: new Ldpc(code), edges: columnEdges(code) };
  }
  codecs.set(name, codec);
  for (const oldest of codecs.keys()) {
    if (codecs.size <= CODES_KEPT) break;
    codecs.delete(oldest);
  }
  return codec;
}

/** The parity-check matrix that both parties use. */
export function codeOf(family: Family, lift: number, layers: number): LiftedCode {
  return construct(lift, layers, degreesFor(family, layers), layers);
}

/**
 * What Alice sends. `errorRate` in (0, 0.11] is the estimate for this key, from other bits than these. An empty key needs
 * no frame. Throws DistillError `distill/bad-argument` for an error rate outside, or a key too short for it.
 */
export function encodeOneWay(key: Bits, errorRate: number, options: OneWayOptions): OneWayMessage {
  const family = options.family ?? (key.length >= FRAME_BITS.long / 2 ? 'long' : 'short');
  const frames = key.length && Math.max(1, Math.round(key.length / FRAME_BITS[family]));
  const largest = shapeOf(Math.ceil(key.length / (frames || 1)));
  const rows = frames && rowsFor(family, largest, errorRate, options.spread ?? 0);
  const seed = options.random(FRAME_SEED_BYTES).slice();
  const out = new Writer();
  out.byte(VERSION);
  out.byte(FAMILIES.indexOf(family));
  out.uint32(key.length);
  out.uint32(frames);
  out.uint32(rows);
  out.bytes(seed);
  if (frames) {
    const { kernel } = codecOf(family, largest.lift, Math.ceil(rows / largest.lift));
    for (let f = 0; f < frames; f++) {
      const frame = frameOf(key, frames, f);
      const columns = toColumns({ ...shapeOf(frame.length), lift: largest.lift }, frame, 0);
      out.bytes(kernel.syndrome(columns).subarray(0, rows / 8));
      out.uint32(frameTag(seed, frame));
      columns.fill(0);
      frame.bytes.fill(0);
    }
    kernel.wipe();
  }
  return { message: out.finish(), leakedBits: frames * (rows + FRAME_TAG_BITS) };
}

function frameOf(key: Bits, frames: number, index: number): Bits {
  return slice(key, frameStart(key.length, frames, index), frameStart(key.length, frames, index + 1));
}

/**
 * What Bob makes of it. `errorRate`: as Alice's; a wrong one costs success, never correctness. Throws DistillError
 * `distill/protocol` for a message that no Alice with a key of this length would send, `distill/bad-argument` for an error
 * rate outside (0, 1/2).
 */
export function decodeOneWay(key: Bits, message: Uint8Array, errorRate: number): OneWayResult {
  if (!(errorRate > 0 && errorRate < 0.5)) {
    throw new DistillError('distill/bad-argument', `errorRate must be between 0 and 0.5, not ${errorRate}`);
  }
  const reader = new Reader(message, 'one-way');
  const version = reader.byte();
  if (version !== VERSION) throw reader.error(`version ${version}, this side speaks ${VERSION}`);
  const family = FAMILIES[reader.byte()];
  if (!family) throw reader.error('a family of codes that does not exist');
  const length = reader.uint32();
  if (length !== key.length) throw reader.error(`it is about ${length} bits, the key here has ${key.length}`);
  const frames = reader.uint32(key.length);
  const rows = reader.uint32();
  const seed = reader.bytes(FRAME_SEED_BYTES);
  if (frames === 0) {
    if (key.length || rows) throw reader.error('no frame for a key that has bits');
    reader.end();
    return {
      key,
      corrected: 0,
      frames,
      failedFrames: [],
      savedFrames: 0,
      iterations: 0,
      leakedBits: 0,
      droppedBits: 0,
    };
  }
  const largest = shapeOf(Math.ceil(length / frames));
  const layers = Math.ceil(rows / largest.lift);
  if (largest.bits > MOST_FRAME_BITS)
    throw reader.error(`frames of ${largest.bits} bits, ${MOST_FRAME_BITS} is the most`);
  if (rows % 16 || rows < LEAST_LAYERS * largest.lift || layers > MOST_LAYERS) {
    throw reader.error(`${rows} parities a frame, which no code has`);
  }
  if (reader.left !== frames * (rows / 8 + FRAME_TAG_BITS / 8)) {
    throw reader.error(`it has ${reader.left} bytes of frames, ${frames} frames need other ones`);
  }

  const codec = codecOf(family, largest.lift, layers);
  const corrected = fromBytes(key.bytes, key.length);
  const failedFrames: number[] = [];
  let iterations = 0;
  let savedFrames = 0;
  let droppedBits = 0;
  for (let f = 0; f < frames; f++) {
    const frame = frameOf(key, frames, f);
    const shape = { ...shapeOf(frame.length), lift: largest.lift };
    const syndrome = reader.bytes(rows / 8);
    const found = findErrors(
      codec,
      shape,
      frame,
      { syndrome, rows, seed, tag: reader.uint32() },
      errorRate,
      SWEEPS[family],
    );
    iterations += found.sweeps;
    if (found.errors) addColumns(shape, found.errors, corrected.bytes, frameStart(key.length, frames, f));
    else {
      failedFrames.push(f);
      droppedBits += frame.length;
    }
    if (found.saved) savedFrames++;
    frame.bytes.fill(0);
  }
  codec.kernel.wipe();
  return {
    key: corrected,
    corrected: popcount(xor(key, corrected)),
    frames,
    failedFrames,
    savedFrames,
    iterations,
    leakedBits: frames * (rows + FRAME_TAG_BITS),
    droppedBits,
  };
}

/** What Alice told about a frame. */
interface Told {
  readonly syndrome: Uint8Array;
  readonly rows: number;
  readonly seed: Uint8Array;
  readonly tag: number;
}

/** The error pattern that has the syndrome and the tag, columns as `toColumns` packs them; undefined when none is found. */
function findErrors(
  { code, kernel, edges }: Codec,
  shape: FrameShape,
  frame: Bits,
  { syndrome, rows, seed, tag }: Told,
  errorRate: number,
  sweeps: number,
): { readonly errors?: Uint8Array; readonly saved: boolean; readonly sweeps: number } {
  const columns = toColumns(shape, frame, 0);
  const own = kernel.syndrome(columns);
  columns.fill(0);
  const wanted = syndrome.map((byte, i) => byte ^ own[i]!);
  own.fill(0);
  const fits = (errors: Uint8Array): boolean => {
    const word = fromBytes(frame.bytes, frame.length);
    addColumns(shape, errors, word.bytes, 0);
    const same = frameTag(seed, word) === tag;
    word.bytes.fill(0);
    return same;
  };
  const nats = Math.log((1 - errorRate) / errorRate);
  let spent = 0;
  for (const [attempt, factor] of TRIES.entries()) {
    const found = kernel.decode(wanted, { rows, unknown: shape.filled, nats: factor * nats, sweeps });
    spent += found.sweeps;
    const { errors } = found;
    let solved = found.unsatisfied === 0;
    const polished = !solved && found.unsatisfied <= POLISH_ROWS;
    if (polished) {
      const parities = kernel.syndrome(errors);
      const wrong = wanted.map((byte, i) => byte ^ parities[i]!);
      solved = polish(code, edges, rows, shape.filled, wrong, errors);
    }
    if (solved && fits(errors)) return { errors, saved: polished || attempt > 0, sweeps: spent };
  }
  return { saved: false, sweeps: spent };
}

/** A key without its failed frames, for both parties alike. `frames`: of the whole key. */
export function withoutFrames(key: Bits, frames: number, failed: readonly number[]): Bits {
  const gone = new Set(failed);
  const kept: Bits[] = [];
  for (let f = 0; f < frames; f++) if (!gone.has(f)) kept.push(frameOf(key, frames, f));
  return concat(...kept);
}

export interface OneWayOutcome extends Omit<OneWayResult, 'key'> {
  /** Bob's corrected key and Alice's, failed frames left out of both. */
  readonly alice: Bits;
  readonly bob: Bits;
  /**
   * Syndromes, tags and the bits of failed frames over n h(q), with q the true error rate of the whole key; 0 for a key that is
   * empty or without errors.
   */
  readonly efficiency: number;
  /** One message, one way. */
  readonly roundTrips: 0.5;
  readonly messageBits: number;
  /** Bits in which the two keys differ, by full comparison (pitfall P22). */
  readonly residualErrors: number;
}

/** Both parties in one process. Throws what `encodeOneWay` and `decodeOneWay` throw, RangeError for unequal lengths. */
export function reconcileOneWayBoth(alice: Bits, bob: Bits, errorRate: number, options: OneWayOptions): OneWayOutcome {
  const { message } = encodeOneWay(alice, errorRate, options);
  const { key, ...found } = decodeOneWay(bob, message, errorRate);
  const truth = popcount(xor(alice, bob)) / (alice.length || 1);
  const kept = {
    alice: withoutFrames(alice, found.frames, found.failedFrames),
    bob: withoutFrames(key, found.frames, found.failedFrames),
  };
  const bound = alice.length * binaryEntropy(truth);
  return {
    ...found,
    ...kept,
    efficiency: bound ? (found.leakedBits + found.droppedBits) / bound : 0,
    roundTrips: 0.5,
    messageBits: 8 * message.length,
    residualErrors: popcount(xor(kept.alice, kept.bob)),
  };
}
