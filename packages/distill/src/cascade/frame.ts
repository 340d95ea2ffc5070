import { DistillError } from '../error.ts';
import { firstBlock, lateBlocks, latePasses, secondBlock, shownErrorRate, syndromeBits } from './schedule.ts';
import type { Shuffle, Shuffles } from './shuffle.ts';
import { TapeReader, type TapeWriter } from './tape.ts';

/**
 * Cascade (Brassard and Salvail, EUROCRYPT '93) in one frame: a search for errors that both parties run alike. Alice says
 * parities, Bob answers where his differ, and from these answers both derive the same next questions: no coordinates are
 * sent, and neither party can make the other ask anything.
 *
 * The frame stands as rows of up to 32 bits, one for each lane. In every pass the rows stand in another order (shuffle.ts),
 * and over them stands a binary tree whose nodes hold the parities of all lanes at once: leaf `leaves + s` is the row at
 * position s, node i is the sum of nodes 2i and 2i + 1. A block is one lane of one node. What follows goes by nodes:
 *
 * - A block, or a part of it, whose parities differ is odd: an error is in it. Odd nodes are halved, all in the same round,
 *   until they are small enough for the syndrome of a Hamming code, which names the error at once (schedule.ts).
 * - A bit found wrong changes the parity of what holds it in every other pass: there its partner is, and the search goes on.
 * - When nothing is odd, the next pass is opened: the parities of its blocks are asked.
 *
 * Nothing that follows from known parities of the same pass is asked, and of two bits of which another pass has shown one
 * to be right, neither.
 */
export class Frame {
  /** This party's bits; Bob's are corrected as errors are found. */
  readonly rows: Uint32Array;
  /** Bits found wrong so far. */
  readonly errors: Uint32Array;
  readonly #shuffles: Shuffles;
  readonly #corrects: boolean;
  readonly #leaves: number;
  readonly #passes: Pass[] = [];
  #errorRate: number;
  /** Late passes not opened yet; the first two come before. */
  #late = 0;
  /** Nodes asked about in this round, and how each was; whether a pass was opened instead. */
  #asked: number[] = [];
  #manner: number[] = [];
  #opened = false;

  /**
   * `rows`: as many as the shuffles are for, taken over. `corrects`: this is Bob. `errorRate` in (0, 1/2].
   */
  constructor(rows: Uint32Array, shuffles: Shuffles, errorRate: number, corrects: boolean) {
    this.rows = rows;
    this.errors = new Uint32Array(rows.length);
    this.#shuffles = shuffles;
    this.#corrects = corrects;
    this.#errorRate = errorRate;
    let leaves = 1;
    while (leaves < rows.length) leaves *= 2;
    this.#leaves = leaves;
    this.extend();
  }

  /** More late passes: for a frame whose tag differs. */
  extend(): void {
    this.#late += latePasses(this.#blocks(this.#lateLevel()));
  }

  /** Decides what to ask next and writes this party's parities of it; writes nothing when the search is over. */
  ask(tape: TapeWriter): void {
    this.#asked.length = 0;
    this.#manner.length = 0;
    this.#opened = false;
    // A node may be implied by others without a question: then there is more to do before the round can end.
    for (const from = tape.length; tape.length === from; this.learn(NO_ANSWERS)) {
      this.#collect();
      if (this.#asked.length) for (const node of this.#asked) this.#manner.push(this.#askNode(node, tape));
      else if (!this.#open(tape)) return;
      if (tape.length > from) return;
    }
  }

  /**
   * Takes the answers to what was asked, 1 where the parities differ. Throws DistillError `distill/protocol` when the answers
   * cannot come from two strings.
   */
  learn(answers: TapeReader): void {
    const found: number[] = [];
    if (this.#opened) this.#learnOpening(answers, found);
    else
      for (let i = 0; i < this.#asked.length; i++) this.#learnNode(this.#asked[i]!, this.#manner[i]!, answers, found);
    // Only now: the answers were about the strings as they stood when they were asked.
    for (let i = 0; i < found.length; i += 2) {
      const pass = this.#passes[found[i]! >> PASS]!;
      const lane = found[i]! & 31;
      // An error that two passes have found at the same time is one.
      if (!pass.isOdd(nodeOf(found[i]!), lane)) continue;
      const row = pass.order[found[i + 1]! - this.#leaves]!;
      this.#flip(row, (lane - pass.turn[row]!) & (this.#shuffles.lanes - 1));
    }
    this.#asked.length = 0;
    this.#manner.length = 0;
    this.#opened = false;
  }

  /** Overwrites all copies of the key. */
  wipe(): void {
    this.rows.fill(0);
    for (const pass of this.#passes) pass.own.fill(0);
  }

  /** Number of blocks of a pass whose blocks are nodes `level` levels above the leaves. */
  #blocks(level: number): number {
    return Math.ceil(this.rows.length / 2 ** level) * this.#shuffles.lanes;
  }

  #lateLevel(): number {
    const { lanes } = this.#shuffles;
    const blocks = lateBlocks(this.rows.length * lanes, this.#errorRate);
    return Math.log2(Math.min(this.#leaves, Math.max(1, (this.#leaves * lanes) / blocks)));
  }

  /** Takes the nodes that are odd as what to ask about. A node is taken once: what it becomes is learned. */
  #collect(): void {
    for (let p = 0; p < this.#passes.length; p++) {
      const pass = this.#passes[p]!;
      const { active, odd } = pass;
      for (let i = 0; i < active.length; i++) {
        const node = active[i]!;
        const id = node >> 5;
        const bit = 1 << (node & 31);
        if (!(odd[id]! & bit)) continue;
        odd[id]! ^= bit;
        this.#asked.push((p << PASS) | node);
      }
      active.length = 0;
    }
    const { lanes } = this.#shuffles;
    const bits = this.rows.length * lanes;
    this.#syndromeLevel = Math.floor(
      Math.log2(Math.max(1, syndromeBits(this.#errorRate, bits, this.#passes.length, this.#asked.length))) + 0.5,
    );
  }
  #syndromeLevel = 0;

  /** Levels that a node stands above the leaves. */
  #level(id: number): number {
    return Math.clz32(id) - Math.clz32(this.#leaves);
  }

  #askNode(node: number, tape: TapeWriter): number {
    const pass = this.#passes[node >> PASS]!;
    const id = nodeOf(node);
    const lane = node & 31;
    const level = this.#level(id);
    if (level > 1 && level <= Math.max(this.#syndromeLevel, pass.syndromeLevel) && !((pass.named[id]! >>> lane) & 1)) {
      tape.put(pass.syndrome(id << level, 1 << level, lane), level);
      return SYNDROME;
    }
    const right = 2 * id + 1;
    if (right << (level - 1) >= this.#leaves + this.rows.length) return LEFT;
    if (level === 1) {
      const leftIsRight = this.#isSettled(pass, 2 * id, lane);
      if (leftIsRight !== this.#isSettled(pass, right, lane)) return leftIsRight ? RIGHT : LEFT;
    }
    tape.put((pass.own[2 * id]! >>> lane) & 1, 1);
    return HALVES;
  }

  #learnNode(node: number, manner: number, answers: TapeReader, found: number[]): void {
    const pass = this.#passes[node >> PASS]!;
    const id = nodeOf(node);
    const lane = node & 31;
    const bit = 1 << lane;
    if (manner === SYNDROME) {
      const level = this.#level(id);
      const leaf = (id << level) + answers.take(level);
      pass.odd[id]! |= bit;
      pass.named[id]! |= bit;
      if (leaf < this.#leaves + this.rows.length) found.push(node, leaf);
      else pass.active.push(node & NODE);
      return;
    }
    const isLeft = manner === HALVES ? answers.bit() : manner === LEFT ? 1 : 0;
    pass.split[id]! |= bit;
    const child = 2 * id + 1 - isLeft;
    pass.odd[child]! |= bit;
    if (child < this.#leaves) pass.active.push((child << 5) | lane);
    else found.push((node & ~NODE) | (child << 5) | lane, child);
  }

  /** Whether another pass has shown by itself that the bit at this leaf is right. */
  #isSettled(pass: Pass, leaf: number, lane: number): boolean {
    const row = pass.order[leaf - this.#leaves]!;
    const bit = lane - pass.turn[row]!;
    const lanes = this.#shuffles.lanes - 1;
    for (const other of this.#passes) {
      if (other === pass || other.level === 0) continue;
      const parent = (this.#leaves + other.place[row]!) >> 1;
      if ((other.split[parent]! >>> ((bit + other.turn[row]!) & lanes)) & 1) return true;
    }
    return false;
  }

  /** Opens the next pass, if there is one, and asks for its blocks. */
  #open(tape: TapeWriter): boolean {
    const number = this.#passes.length;
    let level: number;
    if (number < 2) {
      const first = firstBlock(this.#errorRate);
      const size = number ? secondBlock(this.#errorRate, 2 ** this.#passes[0]!.level) : first;
      level = Math.log2(Math.min(this.#leaves, size));
    } else {
      if (!this.#late) return false;
      this.#late--;
      level = this.#lateLevel();
    }
    const pass = new Pass(this.#shuffles.pass(number), level, this.#leaves, this.rows, this.#shuffles.lanes);
    this.#passes.push(pass);
    this.#opened = true;
    const { lanes } = this.#shuffles;
    let left = this.#blocks(level) - (number ? 1 : 0);
    for (let id = this.#leaves >> level; left > 0; id++, left -= lanes) {
      const count = Math.min(lanes, left);
      tape.put(pass.own[id]!, Math.min(16, count));
      if (count > 16) tape.put(pass.own[id]! >>> 16, count - 16);
    }
    return true;
  }

  #learnOpening(answers: TapeReader, found: number[]): void {
    const number = this.#passes.length - 1;
    const pass = this.#passes[number]!;
    const { lanes } = this.#shuffles;
    const blocks = this.#blocks(pass.level);
    let odd = 0;
    for (let block = 0, id = this.#leaves >> pass.level; block < blocks; block += lanes, id++) {
      for (let lane = 0; lane < lanes; lane++) {
        // After the first pass the parity of the whole is known: nothing is odd when a pass is opened.
        const isOdd = number && block + lane === blocks - 1 ? odd & 1 : answers.bit();
        if (!isOdd) continue;
        odd++;
        pass.odd[id]! |= 1 << lane;
        if (id < this.#leaves) pass.active.push((id << 5) | lane);
        else found.push((number << PASS) | (id << 5) | lane, id);
      }
    }
    const bits = this.rows.length * lanes;
    if (!number) this.#errorRate = shownErrorRate(this.#errorRate, 2 ** pass.level, blocks, odd);
    // What a late pass finds is rare: its blocks almost never hold three errors, and no more do those of the others then.
    if (number > 1)
      for (const one of this.#passes) one.syndromeLevel = Math.floor(Math.log2((0.25 * bits) / (odd + 1)));
  }

  /** A bit is wrong: in every pass the node that holds it changes parity. */
  #flip(row: number, lane: number, isCertain = false): void {
    this.errors[row]! ^= 1 << lane;
    if (this.#corrects) this.rows[row]! ^= 1 << lane;
    const lanes = this.#shuffles.lanes - 1;
    let contradicted = false;
    for (const pass of this.#passes) {
      const id = pass.flip(this.#leaves + pass.place[row]!, (lane + pass.turn[row]!) & lanes, this.#corrects);
      contradicted ||= id >= this.#leaves;
    }
    if (!contradicted) return;
    // A pass had shown that this bit is right: a syndrome of three errors has named it, and it is flipped back. Were it wrong
    // again in another pass, no two strings could answer like that.
    if (isCertain) throw new DistillError('distill/protocol', 'the parities of reconciliation contradict each other');
    this.#flip(row, lane, true);
  }
}

/** How a node was asked about: by its left half, which of the halves it is was known, by its syndrome. */
const HALVES = 0;
const LEFT = 1;
const RIGHT = 2;
const SYNDROME = 3;

/** A node of a tree as a number: pass, id below 2^16, lane below 2^5. */
const PASS = 21;
const NODE = (1 << PASS) - 1;

function nodeOf(node: number): number {
  return (node & NODE) >> 5;
}

/** One pass over a frame: the tree of this party's parities, and what is known of the differences. */
class Pass {
  readonly order: Uint16Array;
  readonly place: Uint16Array;
  readonly turn: Uint8Array;
  /** Levels that the blocks stand above the leaves. */
  readonly level: number;
  /** Nodes up to this level are asked for their syndromes, whatever the schedule says. */
  syndromeLevel = 0;
  /** Parities of the nodes below what is known; further up they may be of the past. */
  readonly own: Uint32Array;
  /** Nodes whose parities are known and differ; nodes whose halves are known; nodes whose syndrome was asked. */
  readonly odd: Uint32Array;
  readonly split: Uint32Array;
  readonly named: Uint32Array;
  /** Nodes that became odd, 32 id + lane. */
  readonly active: number[] = [];

  constructor(shuffle: Shuffle, level: number, leaves: number, rows: Uint32Array, lanes: number) {
    const { order, turn } = shuffle;
    this.order = order;
    this.place = shuffle.place;
    this.turn = turn;
    this.level = level;
    this.odd = new Uint32Array(2 * leaves);
    this.split = new Uint32Array(leaves);
    this.named = new Uint32Array(leaves);
    const own = new Uint32Array(2 * leaves);
    const mask = -1 >>> (32 - lanes);
    for (let s = 0; s < order.length; s++) {
      const row = order[s]!;
      const bits = rows[row]!;
      const by = turn[row]!;
      own[leaves + s] = ((bits << by) | (bits >>> (lanes - by))) & mask;
    }
    for (let id = leaves - 1, last = leaves >> level; id >= last; id--) own[id] = own[2 * id]! ^ own[2 * id + 1]!;
    this.own = own;
  }

  isOdd(id: number, lane: number): boolean {
    return ((this.odd[id]! >>> lane) & 1) === 1;
  }

  /** The sum of the positions, counted from leaf `from` on, of the ones among `count` bits of a lane. */
  syndrome(from: number, count: number, lane: number): number {
    const { own } = this;
    let sum = 0;
    for (let i = 0; i < count; i++) sum ^= i & -((own[from + i]! >>> lane) & 1);
    return sum;
  }

  /**
   * Changes the parity of the smallest known node that holds a leaf, and the own parities below it. Returns the node when it
   * has become odd, else 0.
   */
  flip(leaf: number, lane: number, corrects: boolean): number {
    const { split, own } = this;
    const bit = 1 << lane;
    let level = this.level;
    while (level > 0 && split[leaf >> level]! & bit) level--;
    const id = leaf >> level;
    if (corrects) for (let below = level - 1; below >= 0; below--) own[leaf >> below]! ^= bit;
    if (!((this.odd[id]! ^= bit) & bit)) return 0;
    if (level) this.active.push((id << 5) | lane);
    return id;
  }
}

const NO_ANSWERS = new TapeReader({ length: 0, bytes: new Uint8Array(0) });
