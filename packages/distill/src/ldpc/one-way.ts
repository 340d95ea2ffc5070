import { type Bits, concat, fromBytes } from '@skykey/bits';
import { Ldpc, type LiftedCode } from '@skykey/kernels';
import { DistillError } from '../error.ts';
import type { RandomBytes } from '../types.ts';
import { FRAME_SEED_BYTES, FRAME_TAG_BITS, frameTag } from '../verify.ts';
import { Reader, Writer } from '../wire.ts';
import { construct } from './construct.ts';
import { degreesFor, type Family, LEAST_LAYERS, MOST_LAYERS } from './degrees.ts';
import { addColumns, filled, frameOf, longestFrame, toColumns } from './frame.ts';
import { type ColumnEdges, columnEdges, POLISH_ROWS, polish } from './polish.ts';
import { rowsFor } from './rate.ts';

/**
 * Error correction in one message, for links without a way back: Alice sends parities of a low-density code and a
 * tag of each frame, Bob finds the errors. Nothing he does changes what Alice sent, so that nothing else leaks.
 *
 * What a syndrome cannot show, that decoding ended at another word than Alice's, the tag does (pitfall P21). A frame
 * that fails stays as Bob has it and is named; its syndrome and its tag are disclosed all the same and count (P8). Where
 * he can say so, Alice discloses it whole (`reconcile-one-way.ts`); where he cannot before the end, both leave it out
 * (`withoutFrames`), and `droppedBits` are what the key length has to lose on top.
 *
 * How much she sends adapts to what is known before: error rate, its spread, length (`rate.ts`). Nothing can be asked
 * for afterwards, so the spread of an estimate costs parities here, not another message.
 *
 * The message, little-endian: version 1 (1 byte), family (1 byte: 0 short, 1 long), key bits, frames and rows of a
 * frame (4 bytes each), seed of the tags (32 bytes), and for each frame its packed parities (`rows / 8` bytes) and
 * its tag (4 bytes). How frames are cut is in `frame.ts`, the rows of which code they are in `codeOf`.
 */
const VERSION = 1;
const FAMILIES: readonly Family[] = ['short', 'long'];
/** Bits that frames of a family should have; a key is cut into equal frames of about so many. */
const FRAME_BITS: Readonly<Record<Family, number>> = { short: 102_400, long: 819_200 };
/** Error rate from which on long frames are taken unasked. */
const LONG_ERROR_RATE = 0.018;
/** Sweeps before a frame is given up. */
const SWEEPS: Readonly<Record<Family, number>> = { short: 60, long: 150 };
/**
 * What the channel's ratio is multiplied with, try after try: another path often misses what the first was caught in.
 */
const TRIES: readonly number[] = [1, 0.75, 1.3];
/** Codes kept ready, the last used ones: some megabytes each. */
const CODES_KEPT = 4;

export interface OneWayOptions {
  /** Of the seed of the tags: drawn when both strings are fixed. */
  readonly random: RandomBytes;
  /** Frames of about 1e5 bits, fast, or 8e5, tight; without it `long` from 409,600 bits and 1.8 % on. */
  readonly family?: Family;
  /** Standard deviation of the estimated error rate, absolute; 0 when left out. */
  readonly spread?: number;
}

export interface OneWayMessage {
  readonly message: Uint8Array;
  readonly frames: number;
  /** Syndromes and tags of all frames. The seed tells nothing about the key. */
  readonly leakedBits: number;
}

export interface OneWayResult {
  /** Bob's key with the errors that were found taken out; failed frames as he had them. */
  readonly key: Bits;
  /** Errors taken out. */
  readonly corrected: number;
  readonly frames: number;
  /** Indices of frames for which no error pattern was found that has both syndrome and tag. */
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

/**
 * From so many layers on the columns of long codes are mixed: by simulation the syndrome can then be 3 % smaller at
 * 8 %, as large at 5 %, and has to be 1 % larger at 2 %. Short codes need more sweeps when they are mixed.
 */
const MIXED_LAYERS = 64;

export function isMixed(family: Family, layers: number): boolean {
  return family === 'long' && layers >= MIXED_LAYERS;
}

/** The parity-check matrix that both parties use. */
export function codeOf(family: Family, lift: number, layers: number): LiftedCode {
  return construct(lift, layers, degreesFor(family, layers), layers, isMixed(family, layers));
}

/** A code at work. */
interface Codec {
  readonly code: LiftedCode;
  readonly kernel: Ldpc;
  readonly edges: ColumnEdges;
}

const codecs = new Map<string, Codec>();

/** The code of a family: made when first asked for, in some tenths of a second. */
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

/**
 * Long frames, which disclose less, where a key has half of one, but not for few errors: there the decoder stops a few
 * bits short in most of them, too far in some.
 */
function usualFamily(keyBits: number, errorRate: number): Family {
  return keyBits >= FRAME_BITS.long / 2 && errorRate >= LONG_ERROR_RATE ? 'long' : 'short';
}

/** Frames of a key. */
function framesOf(keyBits: number, family: Family): number {
  return keyBits && Math.max(1, Math.round(keyBits / FRAME_BITS[family]));
}

/** How a key is cut, and how many parities a frame gets: `frames * (rows + 32)` bits leak. Throws as `encodeOneWay`. */
export function planOneWay(
  keyBits: number,
  errorRate: number,
  { family = usualFamily(keyBits, errorRate), spread = 0 }: Omit<OneWayOptions, 'random'>,
) {
  if (!FAMILIES.includes(family)) {
    throw new DistillError('distill/bad-argument', `family must be one of ${FAMILIES.join(', ')}, not ${family}`);
  }
  const frames = framesOf(keyBits, family);
  const longest = longestFrame(keyBits, frames || 1);
  const rows = frames && rowsFor(family, longest, errorRate, spread);
  return { family, frames, longest, rows };
}

/**
 * Makes the code that a key of this length and error rate will be corrected with, and keeps it for the next messages: a
 * tenth of a second, which either side may spend before there are keys. Throws as `encodeOneWay`.
 */
export function prepareOneWay(keyBits: number, errorRate: number, options: Omit<OneWayOptions, 'random'> = {}): void {
  const { family, frames, longest, rows } = planOneWay(keyBits, errorRate, options);
  if (frames) codecOf(family, longest.lift, Math.ceil(rows / longest.lift));
}

/**
 * What Alice sends. `errorRate` in (0, 0.11] is the estimate for this key, from other bits than these. An empty key
 * needs no frame. Throws DistillError `distill/bad-argument` for an error rate outside, or a key too short for it.
 */
export function encodeOneWay(key: Bits, errorRate: number, options: OneWayOptions): OneWayMessage {
  const { family, frames, longest, rows } = planOneWay(key.length, errorRate, options);
  const seed = new Uint8Array(options.random(FRAME_SEED_BYTES));
  const out = new Writer();
  out.byte(VERSION);
  out.byte(FAMILIES.indexOf(family));
  out.uint32(key.length);
  out.uint32(frames);
  out.uint32(rows);
  out.bytes(seed);
  if (frames) {
    const { kernel } = codecOf(family, longest.lift, Math.ceil(rows / longest.lift));
    for (let f = 0; f < frames; f++) {
      const frame = frameOf(key, frames, f);
      const columns = toColumns(frame, longest.lift);
      out.bytes(kernel.syndrome(columns).subarray(0, rows / 8));
      out.uint32(frameTag(seed, frame));
      columns.fill(0);
    }
    kernel.wipe();
  }
  return { message: out.finish(), frames, leakedBits: frames * (rows + FRAME_TAG_BITS) };
}

/**
 * What Bob makes of it. `errorRate`: as Alice's; a wrong one costs success, never correctness. Throws DistillError
 * `distill/protocol` for a message that no Alice with a key of this length would send, `distill/bad-argument` for an
 * error rate outside (0, 1/2).
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
  const frames = reader.uint32();
  const rows = reader.uint32();
  const seed = reader.bytes(FRAME_SEED_BYTES);
  // Before anything is authenticated: a stranger's many small frames would keep this side busy for an hour.
  const due = framesOf(length, family);
  if (frames !== due) throw reader.error(`${frames} frames, where a key of ${length} bits has ${due}`);
  if (reader.left !== frames * (rows / 8 + FRAME_TAG_BITS / 8)) {
    throw reader.error(`${reader.left} bytes of frames, not those of ${frames} frames of ${rows} parities`);
  }

  const codec = frames ? codecFor(reader, family, length, frames, rows) : undefined;
  // A copy of the key, made when the message can be refused no more.
  const corrected = fromBytes(key.bytes, length);
  const failedFrames: number[] = [];
  let errors = 0;
  let iterations = 0;
  let savedFrames = 0;
  let droppedBits = 0;
  if (codec) {
    for (let f = 0; f < frames; f++) {
      const frame = frameOf(corrected, frames, f);
      const told = { syndrome: reader.bytes(rows / 8), rows, seed, tag: reader.uint32() };
      const found = correct(codec, frame, told, errorRate, SWEEPS[family]);
      iterations += found.sweeps;
      errors += found.errors;
      if (found.outcome === 'saved') savedFrames++;
      if (found.outcome !== 'failed') continue;
      failedFrames.push(f);
      droppedBits += frame.length;
    }
    codec.kernel.wipe();
  }
  const leakedBits = frames * (rows + FRAME_TAG_BITS);
  return { key: corrected, corrected: errors, frames, failedFrames, savedFrames, iterations, leakedBits, droppedBits };
}

/** The codec for the frames of a message; throws the reader's error when there is none. */
function codecFor(reader: Reader, family: Family, length: number, frames: number, rows: number): Codec {
  const { bits, lift } = longestFrame(length, frames);
  const layers = Math.ceil(rows / lift);
  if (rows % 16 || layers < LEAST_LAYERS || layers > MOST_LAYERS) {
    throw reader.error(`${rows} parities a frame of ${bits} bits, which no code has`);
  }
  return codecOf(family, lift, layers);
}

/** What Alice told about a frame. */
interface Told {
  readonly syndrome: Uint8Array;
  readonly rows: number;
  readonly seed: Uint8Array;
  readonly tag: number;
}

interface Corrected {
  readonly outcome: 'found' | 'saved' | 'failed';
  readonly errors: number;
  readonly sweeps: number;
}

/**
 * Takes the error pattern with the right syndrome and tag out of a frame; leaves the frame alone when none is found.
 */
function correct({ code, kernel, edges }: Codec, frame: Bits, told: Told, errorRate: number, most: number): Corrected {
  const { rows } = told;
  const columns = toColumns(frame, code.lift);
  const own = kernel.syndrome(columns);
  columns.fill(0);
  const wanted = told.syndrome.map((byte, i) => byte ^ own[i]!);
  own.fill(0);
  const unknown = filled(frame);
  const nats = Math.log((1 - errorRate) / errorRate);
  let sweeps = 0;
  for (const [attempt, factor] of TRIES.entries()) {
    const found = kernel.decode(wanted, { rows, unknown, nats: factor * nats, sweeps: most });
    sweeps += found.sweeps;
    const { errors, unsatisfied } = found;
    if (unsatisfied) {
      if (unsatisfied > POLISH_ROWS) continue;
      const parities = kernel.syndrome(errors);
      const wrong = wanted.map((byte, i) => byte ^ parities[i]!);
      if (!polish(code, edges, rows, unknown, wrong, errors)) continue;
    }
    addColumns(frame, errors, code.lift);
    if (frameTag(told.seed, frame) === told.tag) {
      return { outcome: unsatisfied || attempt ? 'saved' : 'found', errors: ones(errors), sweeps };
    }
    addColumns(frame, errors, code.lift);
  }
  return { outcome: 'failed', errors: 0, sweeps };
}

/** Ones in packed bytes, a multiple of four. */
function ones(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let sum = 0;
  for (let at = 0; at < view.byteLength; at += 4) {
    let word = view.getUint32(at, true);
    word -= (word >>> 1) & 0x55555555;
    word = (word & 0x33333333) + ((word >>> 2) & 0x33333333);
    sum += Math.imul((word + (word >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
  }
  return sum;
}

/** A key without its failed frames, for both parties alike. `frames`: of the whole key. */
export function withoutFrames(key: Bits, frames: number, failed: readonly number[]): Bits {
  if (!failed.length) return key;
  const gone = new Set(failed);
  const kept: Bits[] = [];
  for (let f = 0; f < frames; f++) if (!gone.has(f)) kept.push(frameOf(key, frames, f));
  return concat(...kept);
}
