import type { Bits } from '@skykey/bits';
import type { CascadeShuffle } from './cascade-shuffle.ts';
import { KernelError } from './error.ts';
import cascade from './wasm/cascade.ts';
import { type KernelExports, Workspace } from './workspace.ts';

/**
 * The trees of Cascade in a frame, which is rows of up to 32 bits, one for each lane. In every pass the rows stand in another
 * order, and over them stands a binary tree of the parities of all lanes at once: leaf `leaves + s` is the row at position s,
 * node i is the sum of nodes 2i and 2i + 1. Of a node of one lane may be known, the same at both parties, that its parities
 * differ (it is odd), the parities of its halves (it is split), or its syndrome (it is named).
 *
 * What is asked: of a node, in one lane, the parity of its left half; or its syndrome, the sum of the positions of the ones
 * among its leaves, as many bits as it has levels, once. In the order of passes, then of nodes as they became odd in any
 * lane, then of syndromes before halves, then of lanes. Nothing is asked of a node whose right half holds no row, nor of a
 * pair of bits of which other passes have halved down to exactly one: what was odd has been flipped, so that one is right.
 *
 * What is asked depends on earlier answers alone; so does every branch and every address. Own bits are only moved and added.
 */
export interface CascadeSearch {
  /** This party's bits as they stand, a word each; valid until `open` is called for any frame of the same memory. */
  readonly rows: Uint32Array;
  /** Bits found wrong so far. */
  readonly found: number;
  /** Odd nodes above the leaves, in all passes. */
  readonly odd: number;
  /** Passes that are kept. */
  readonly passes: number;
  /**
   * Opens pass `number` and returns this party's parities of its blocks, in the order of their nodes, first those of
   * `level - 1` levels in lanes below `fineLanes`, then those of `level` in the others. The very last is left out of all
   * passes but the first: it follows.
   */
  open(number: number, shuffle: CascadeShuffle, level: number, fineLanes: number): Bits;
  /** This party's parities of what is asked in a round; syndromes of odd nodes of 2 to `syndromeLevel` levels. */
  ask(syndromeLevel: number): Bits;
  /**
   * Takes from `bytes`, from bit `from` on, 1 where parities that `ask` gave differ, then those that `open` gave; flips what is
   * found wrong. An opened pass in which nothing is odd is forgotten with `forgetful`.
   */
  learn(bytes: Uint8Array, from: number, forgetful: boolean): Learned;
}

export interface Learned {
  /** How many answers were taken. */
  readonly taken: number;
  /** How many blocks of a pass that was opened are odd. */
  readonly odd: number;
  /** Whether the answers contradict each other: then no two strings have them, and the search makes no sense any more. */
  readonly contradicts: boolean;
}

interface Exports extends KernelExports {
  frameBytes(mostPasses: number): number;
  passBytes(leaves: number): number;
  secretBytes(leaves: number): number;
  build(frame: number, to: number, order: number, place: number, turn: number, level: number, fineLanes: number): void;
  askBlocks(frame: number, follows: boolean, tape: number): number;
  learnBlocks(frame: number, follows: boolean, whole: number, tape: number, skip: number): number;
  wholeIsOdd(frame: number): number;
  ask(frame: number, most: number, tape: number): number;
  syndromesAsked(): number;
  learn(frame: number, most: number, tape: number, skip: number, found: number): number;
  flipFound(frame: number, found: number): number;
  countFound(frame: number): number;
}

/** Passes of a frame, at most. */
const MOST_PASSES = 64;
/** Fields of a frame in memory, four bytes each, as `assembly/lib/cascade-pass.ts` has them. */
const ROWS = 0;
const ERRORS = 1;
const ROW_COUNT = 2;
const LANES = 3;
const LEAVES = 4;
const CORRECTS = 5;
const PASSES = 6;
const ODD = 7;
const KNOWN = 8;
const FIRST_PASS = 9;
/** Bytes of what a syndrome has named. */
const NAMED = 16;
/** Bytes that a reader may look at behind the end. */
const ROOM = 16;

/** Instances that nobody uses, without a bit of a key, for the next search: to make one takes as long as to search ten thousand bits. */
const idle: Workspace<Exports>[] = [];
const MOST_IDLE = 4;
const MOST_IDLE_BYTES = 2 ** 24;

/** What the frames of one party share: memory, the orders of passes, room of passes that are forgotten. */
export class CascadeMemory {
  readonly rows: number;
  readonly lanes: number;
  /** The smallest power of two that holds all rows. */
  readonly leaves: number;
  readonly workspace: Workspace<Exports>;
  readonly #orders = new Map<number, number>();
  readonly #free: number[] = [];
  readonly #passBytes: number;
  /** Where bits of the key stand: address and bytes. */
  readonly #secrets: [at: number, bytes: number][] = [];
  #tape = 0;
  #tapeBytes = 0;
  /** Bytes of the tape that were written with bits of the key. */
  #tapeSecret = 0;

  /** Frames of `rows` rows, 1 to 32,768, of `lanes` bits, a power of two up to 32. Throws KernelError `kernels/argument`. */
  constructor(rows: number, lanes: number) {
    if (!(Number.isInteger(rows) && rows >= 1 && rows <= 2 ** 15)) {
      throw new KernelError('kernels/argument', `a frame has 1 to 32768 rows, not ${rows}`);
    }
    if (![1, 2, 4, 8, 16, 32].includes(lanes)) {
      throw new KernelError('kernels/argument', `a row has 1, 2, 4, 8, 16 or 32 bits, not ${lanes}`);
    }
    this.rows = rows;
    this.lanes = lanes;
    let leaves = 1;
    while (leaves < rows) leaves *= 2;
    this.leaves = leaves;
    this.workspace = idle.pop() ?? new Workspace<Exports>(cascade);
    this.#passBytes = this.workspace.kernel.passBytes(leaves);
  }

  /** Address of order, place and turn of a pass, one after the other. */
  order(number: number, { order, place, turn }: CascadeShuffle): number {
    let at = this.#orders.get(number);
    if (at !== undefined) return at;
    at = this.workspace.take(5 * this.rows);
    this.workspace.uint16(at, this.rows).set(order);
    this.workspace.uint16(at + 2 * this.rows, this.rows).set(place);
    this.workspace.bytes(at + 4 * this.rows, this.rows).set(turn);
    this.#orders.set(number, at);
    return at;
  }

  /** Room for rows of a frame. */
  frame(): number {
    const at = this.workspace.take(4 * this.rows);
    this.#secrets.push([at, 4 * this.rows]);
    return at;
  }

  /** Room for a pass. */
  pass(): number {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    const at = this.workspace.take(this.#passBytes);
    this.#secrets.push([at, this.workspace.kernel.secretBytes(this.leaves)]);
    return at;
  }

  /** Takes the room of a pass back. */
  forget(pass: number): void {
    this.#free.push(pass);
  }

  /** Room that is used from one call to the next only. */
  tape(bytes: number): number {
    if (bytes > this.#tapeBytes) {
      this.#wipeTape();
      this.#tapeBytes = 2 * bytes;
      this.#tape = this.workspace.take(this.#tapeBytes);
    }
    return this.#tape;
  }

  /** What a party says of its bits, copied from the tape. */
  said(length: number): Bits {
    const size = (length + 7) >> 3;
    // The kernel writes whole words.
    this.#tapeSecret = Math.max(this.#tapeSecret, size + 4);
    return { length, bytes: this.workspace.bytes(this.#tape, size).slice() };
  }

  #wipeTape(): void {
    this.workspace.bytes(this.#tape, this.#tapeSecret).fill(0);
    this.#tapeSecret = 0;
  }

  /** Overwrites all that is of the key and gives the memory back; the frames are gone. */
  wipe(): void {
    this.#wipeTape();
    for (const [at, bytes] of this.#secrets) this.workspace.bytes(at, bytes).fill(0);
    this.#secrets.length = 0;
    this.workspace.reset();
    if (idle.length < MOST_IDLE && this.workspace.kernel.memory.buffer.byteLength <= MOST_IDLE_BYTES) {
      idle.push(this.workspace);
    }
  }
}

/** The search in one frame, in WebAssembly. Throws what `CascadeMemory` throws. */
export class CascadeFrame implements CascadeSearch {
  readonly #memory: CascadeMemory;
  readonly #frame: number;
  readonly #rows: number;
  #syndromeLevel = 0;
  #syndromes = 0;
  /** Bits asked in this round. */
  #asked = 0;
  #opening = false;
  #wholeIsOdd = 0;

  /** `rows`: as many as the memory is for, copied. `corrects`: this is Bob, whose bits are corrected as errors are found. */
  constructor(memory: CascadeMemory, rows: Uint32Array, corrects: boolean) {
    if (rows.length !== memory.rows) {
      throw new KernelError(
        'kernels/argument',
        `the frame has ${rows.length} rows where ${memory.rows} were announced`,
      );
    }
    const { workspace } = memory;
    this.#memory = memory;
    this.#rows = memory.frame();
    const errors = workspace.take(4 * rows.length);
    const known = workspace.take(4 * rows.length);
    this.#frame = workspace.take(workspace.kernel.frameBytes(MOST_PASSES));
    this.rows.set(rows);
    workspace.bytes(errors, 4 * rows.length).fill(0);
    workspace.bytes(known, 4 * rows.length).fill(0);
    const fields = this.#fields();
    fields[ROWS] = this.#rows;
    fields[ERRORS] = errors;
    fields[ROW_COUNT] = memory.rows;
    fields[LANES] = memory.lanes;
    fields[LEAVES] = memory.leaves;
    fields[CORRECTS] = Number(corrects);
    fields[PASSES] = 0;
    fields[ODD] = 0;
    fields[KNOWN] = known;
  }

  #fields(): Uint32Array {
    return this.#memory.workspace.uint32(this.#frame, FIRST_PASS + MOST_PASSES);
  }

  get rows(): Uint32Array {
    return this.#memory.workspace.uint32(this.#rows, this.#memory.rows);
  }

  get found(): number {
    return this.#memory.workspace.kernel.countFound(this.#frame);
  }

  get odd(): number {
    return this.#fields()[ODD]!;
  }

  get passes(): number {
    return this.#fields()[PASSES]!;
  }

  open(number: number, shuffle: CascadeShuffle, level: number, fineLanes: number): Bits {
    const { workspace, rows } = this.#memory;
    const { kernel } = workspace;
    const { passes } = this;
    if (passes === MOST_PASSES) throw new KernelError('kernels/argument', `a frame has at most ${MOST_PASSES} passes`);
    const order = this.#memory.order(number, shuffle);
    const tape = this.#memory.tape(4 * rows + ROOM);
    this.#opening = true;
    if (passes) this.#wholeIsOdd = kernel.wholeIsOdd(this.#frame);
    const pass = this.#memory.pass();
    kernel.build(this.#frame, pass, order, order + 2 * rows, order + 4 * rows, level, fineLanes);
    return this.#said(kernel.askBlocks(this.#frame, passes > 0, tape));
  }

  ask(syndromeLevel: number): Bits {
    const { workspace, rows } = this.#memory;
    // No more bits are asked than are in the blocks asked about.
    const tape = this.#memory.tape(4 * rows * this.passes + ROOM);
    this.#syndromeLevel = syndromeLevel;
    const length = workspace.kernel.ask(this.#frame, syndromeLevel, tape);
    this.#syndromes = workspace.kernel.syndromesAsked();
    return this.#said(length);
  }

  #said(length: number): Bits {
    this.#asked += length;
    return this.#memory.said(length);
  }

  learn(bytes: Uint8Array, from: number, forgetful: boolean): Learned {
    const { workspace } = this.#memory;
    const { kernel } = workspace;
    const said = bytes.subarray(from >> 3, Math.ceil((from + this.#asked) / 8));
    const length = Math.ceil(said.length / 16) * 16 + ROOM;
    const tape = this.#memory.tape(length + NAMED * this.#syndromes);
    workspace.bytes(tape, said.length).set(said);
    const found = tape + length;
    const taken = kernel.learn(this.#frame, this.#syndromeLevel, tape, from & 7, found);
    let odd = 0;
    if (this.#opening) {
      const last = this.passes - 1;
      const skip = (from & 7) + taken;
      odd = kernel.learnBlocks(this.#frame, last > 0, this.#wholeIsOdd, tape, skip);
      if (!odd && forgetful) {
        const fields = this.#fields();
        this.#memory.forget(fields[FIRST_PASS + last]!);
        fields[PASSES] = last;
      }
    }
    const asked = this.#asked;
    this.#opening = false;
    this.#asked = 0;
    this.#syndromes = 0;
    return { taken: asked, odd, contradicts: kernel.flipFound(this.#frame, found) !== 0 };
  }
}
