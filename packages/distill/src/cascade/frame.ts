import { DistillError } from '../error.ts';
import { NumberList, Pass } from './pass.ts';
import {
  FEW,
  firstBlock,
  lateBlock,
  latePasses,
  rareSyndromeBits,
  secondBlock,
  shownErrorRate,
  syndromeBits,
} from './schedule.ts';
import type { Shuffles } from './shuffle.ts';
import { TapeReader, type TapeWriter } from './tape.ts';

/**
 * Cascade (Brassard and Salvail, EUROCRYPT '93) in one frame: a search for errors that both parties run alike. Alice says
 * parities, Bob answers where his differ, and from these answers both derive the same next questions: no coordinates are
 * sent, and neither party can make the other ask anything.
 *
 * The frame stands as rows of up to 32 bits, one for each lane. In every pass the rows stand in another order (shuffle.ts),
 * and over them stands a tree of the parities of all lanes at once (pass.ts). A block is one lane of one node.
 *
 * - A block, or a part of it, whose parities differ is odd: an error is in it. Odd nodes are halved, all in the same round,
 *   until they are small enough for the syndrome of a Hamming code, which names the error at once (schedule.ts).
 * - A bit found wrong changes the parity of what holds it in every other pass: there its partner is, and the search goes on.
 * - When nothing is odd, the next pass is opened: the parities of its blocks are asked.
 *
 * Nothing that follows from known parities of the same pass is asked; and of two bits of which another pass has shown one to
 * be right, neither.
 *
 * What is asked, and every branch and address on the way, depends on the differences alone, which are public; own bits are
 * only moved and added (pitfall P14).
 */
export class Frame {
  /** This party's bits; Bob's are corrected as errors are found. */
  readonly rows: Uint32Array;
  /** Bits found wrong so far. */
  readonly errors: Uint32Array;
  readonly #shuffles: Shuffles;
  readonly #corrects: boolean;
  readonly #leaves: number;
  /** Passes opened, but for late ones that found nothing odd: those have told what they can. */
  readonly #passes: Pass[] = [];
  #opened = 0;
  #errorRate: number;
  /** Late passes not opened yet; the first two come before. */
  #late = 0;
  /** Whether the parity of the whole differed when the last pass was opened. */
  #wholeIsOdd = 0;
  /** Whether this round asks for the blocks of the last pass, besides what it asks about odd nodes. */
  #opening = false;
  /** Errors located in this round: pass, node, leaf. */
  readonly #found = new NumberList();

  /** `rows`: as many as the shuffles are for, taken over. `errorRate` in (0, 1/2]. `corrects`: this is Bob. */
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
    const { rows, lanes } = this.#shuffles;
    this.#late += latePasses(rows, lanes, lateBlock(rows, lanes, this.#errorRate));
  }

  /** Decides what to ask next and writes this party's parities of it; writes nothing when the search is over. */
  ask(tape: TapeWriter): void {
    const from = tape.length;
    // Where everything follows from what is known, there is more to do before the round can end.
    for (; this.#next(tape) && tape.length === from; ) this.learn(NO_ANSWERS);
  }

  /**
   * Takes the answers to what was asked, 1 where the parities differ. Throws DistillError `distill/protocol` when the answers
   * cannot come from two strings.
   */
  learn(answers: TapeReader): void {
    const opened = this.#opening ? this.#passes.length - 1 : this.#passes.length;
    for (let p = 0; p < opened; p++) this.#learnNodes(p, answers);
    if (this.#opening) this.#learnBlocks(answers);
    this.#opening = false;
    // Only now: the answers were about the strings as they stood when they were asked.
    const { items, count } = this.#found;
    for (let i = 0; i < count; i += 3) {
      const pass = this.#passes[items[i]!]!;
      const node = items[i + 1]!;
      // An error that two passes have found at the same time is one.
      if (!((pass.odd[node >>> 5]! >>> (node & 31)) & 1)) continue;
      const leaf = items[i + 2]!;
      const row = pass.order[leaf - this.#leaves]!;
      const level = Math.clz32(node >>> 5) - Math.clz32(leaf);
      this.#flip(row, (node - pass.turn[row]!) & (this.#shuffles.lanes - 1), pass, level);
    }
    this.#found.count = 0;
  }

  /** The search is over: overwrites what it made of the key, and gives the memory back. */
  close(): void {
    for (const pass of this.#passes) pass.wipe();
    this.#passes.length = 0;
  }

  /** Overwrites all copies of the key. */
  wipe(): void {
    this.close();
    this.rows.fill(0);
  }

  /** Asks about all odd nodes, opens a pass when there are none, or few; false when there is nothing to do. */
  #next(tape: TapeWriter): boolean {
    let odd = 0;
    for (const pass of this.#passes) odd += pass.collect();
    const bits = this.rows.length * this.#shuffles.lanes;
    const most = Math.log2(Math.max(1, syndromeBits(this.#errorRate, bits, odd)));
    for (const pass of this.#passes) this.#askNodes(pass, Math.max(Math.round(most), pass.syndromeLevel), tape);
    // One or two that are left may have a hundred errors to find one by one, and another pass finds many at once.
    if (odd <= (this.#opened === 2 ? FEW : 0)) this.#opening = this.#open(tape);
    return odd > 0 || this.#opening;
  }

  #askNodes(pass: Pass, syndromeLevel: number, tape: TapeWriter): void {
    const { own, named, asked } = pass;
    const { items, count } = asked;
    const leafShift = Math.clz32(this.#leaves);
    const end = this.#leaves + this.rows.length;
    let { open, filled } = tape;
    for (let i = 0; i < count; i++) {
      const node = items[i]!;
      const id = node >>> 5;
      const lane = node & 31;
      const level = Math.clz32(id) - leafShift;
      if (level > 1 && level <= syndromeLevel && !((named[id]! >>> lane) & 1)) {
        tape.open = open;
        tape.filled = filled;
        tape.put(pass.syndrome(id << level, 1 << level, lane), level);
        ({ open, filled } = tape);
        items[i] = node | (SYNDROME << MANNER);
        continue;
      }
      const right = 2 * id + 1;
      if (right << (level - 1) >= end) {
        items[i] = node | (LEFT << MANNER);
        continue;
      }
      if (level === 1) {
        const leftIsRight = this.#isSettled(pass, 2 * id, lane);
        if (leftIsRight !== this.#isSettled(pass, right, lane)) {
          items[i] = node | ((leftIsRight ? RIGHT : LEFT) << MANNER);
          continue;
        }
      }
      open |= ((own[2 * id]! >>> lane) & 1) << filled;
      if (++filled === 32) {
        tape.word(open);
        open = 0;
        filled = 0;
      }
    }
    tape.open = open;
    tape.filled = filled;
  }

  #learnNodes(number: number, answers: TapeReader): void {
    const pass = this.#passes[number]!;
    const { odd, named, split, asked, active } = pass;
    const { items, count } = asked;
    const leaves = this.#leaves;
    const end = leaves + this.rows.length;
    const { bytes } = answers;
    let { at } = answers;
    for (let i = 0; i < count; i++) {
      const manner = items[i]! >>> MANNER;
      const node = items[i]! & NODE;
      const id = node >>> 5;
      const bit = 1 << (node & 31);
      if (manner === SYNDROME) {
        const level = Math.clz32(id) - Math.clz32(leaves);
        answers.at = at;
        const leaf = (id << level) + answers.take(level);
        ({ at } = answers);
        odd[id]! |= bit;
        named[id]! |= bit;
        if (leaf < end) this.#locate(number, node, leaf);
        else active.push(node);
        continue;
      }
      let isLeft = manner === LEFT ? 1 : 0;
      if (manner === HALVES) {
        isLeft = (bytes[at >> 3]! >> (at & 7)) & 1;
        at++;
      }
      split[id]! |= bit;
      const child = 2 * id + 1 - isLeft;
      odd[child]! |= bit;
      if (child < leaves) active.push((child << 5) | (node & 31));
      else this.#locate(number, (child << 5) | (node & 31), child);
    }
    answers.at = at;
    asked.count = 0;
  }

  #locate(pass: number, node: number, leaf: number): void {
    this.#found.push(pass);
    this.#found.push(node);
    this.#found.push(leaf);
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
    if (this.#opened >= 2 && !this.#late) return false;
    const number = this.#opened++;
    const { lanes } = this.#shuffles;
    let blockBits: number;
    if (number === 0) blockBits = firstBlock(this.#errorRate);
    else if (number === 1) blockBits = secondBlock(this.#errorRate, 2 ** this.#passes[0]!.level);
    else {
      this.#late--;
      blockBits = lateBlock(this.rows.length, lanes, this.#errorRate);
    }
    this.#wholeIsOdd = number ? this.#passes[0]!.asked.count & 1 : 0;
    const pass = new Pass(
      this.#shuffles.pass(number),
      blockBits >= this.rows.length ? this.#leaves : blockBits,
      this.#leaves,
      this.rows,
      lanes,
    );
    this.#passes.push(pass);
    this.#forBands(pass, (id, lane, count) => tape.put((pass.own[id]! >>> lane) & (-1 >>> (32 - count)), count));
    return true;
  }

  /**
   * Visits the blocks of a pass that was just opened, those of one node together: `count` lanes from `lane` on. Left out is
   * the very last one, except in the first pass: it follows, since the parity of the whole is known.
   */
  #forBands(pass: Pass, visit: (id: number, lane: number, count: number) => void): void {
    const { level, fineLanes } = pass;
    const fine = fineLanes ? blocksOf(2 ** (level - 1), this.rows.length) : 0;
    for (let i = 0, id = this.#leaves >> (level - 1); i < fine; i++) visit(id + i, 0, fineLanes);
    const coarse = blocksOf(2 ** level, this.rows.length);
    const lanes = this.#shuffles.lanes - fineLanes;
    for (let i = 0, id = this.#leaves >> level; i < coarse; i++) {
      const count = i === coarse - 1 && this.#opened > 1 ? lanes - 1 : lanes;
      if (count) visit(id + i, fineLanes, count);
    }
  }

  #learnBlocks(answers: TapeReader): void {
    const number = this.#passes.length - 1;
    const pass = this.#passes[number]!;
    const { active } = pass;
    let blocks = 0;
    this.#forBands(pass, (id, lane, count) => {
      blocks += count;
      for (let rest = answers.take(count); rest; rest &= rest - 1) {
        active.push((id << 5) | (lane + 31 - Math.clz32(rest & -rest)));
      }
    });
    const isFirst = this.#opened === 1;
    const last = (this.#leaves + this.rows.length - 1) >> pass.level;
    if (!isFirst && (active.count & 1) !== this.#wholeIsOdd) active.push((last << 5) | (this.#shuffles.lanes - 1));
    const odd = active.count;
    if (isFirst) this.#errorRate = shownErrorRate(this.#errorRate, 2 ** pass.level, blocks, odd);
    if (this.#opened > 2) {
      // What a late pass finds is rare: no block holds three errors any more, of this pass or of those before.
      const most = Math.log2(Math.max(1, rareSyndromeBits(this.rows.length * this.#shuffles.lanes, blocks, odd)));
      for (const one of this.#passes) one.syndromeLevel = Math.floor(most);
      if (!odd) {
        // It has told what it can.
        pass.wipe();
        this.#passes.pop();
        return;
      }
    }
    pass.begin();
    // A block of one bit that is odd is an error.
    let kept = 0;
    for (let i = 0; i < odd; i++) {
      const node = active.items[i]!;
      if (node >>> 5 >= this.#leaves) this.#locate(number, node, node >>> 5);
      else active.items[kept++] = node;
    }
    active.count = kept;
  }

  /**
   * A bit is wrong: in every pass the node that holds it changes parity. `finder` has found it in a node at `level`; without
   * one the bit is flipped back.
   */
  #flip(row: number, lane: number, finder?: Pass, level = 0): void {
    this.errors[row]! ^= 1 << lane;
    if (this.#corrects) this.rows[row]! ^= 1 << lane;
    const lanes = this.#shuffles.lanes - 1;
    let contradicts = false;
    for (const pass of this.#passes) {
      const leaf = this.#leaves + pass.place[row]!;
      const turned = (lane + pass.turn[row]!) & lanes;
      const at = pass === finder ? level : pass.knownLevel(leaf, turned);
      if (pass.flip(leaf, turned, at, this.#corrects)) contradicts = true;
    }
    if (!contradicts) return;
    // A pass had shown that this bit is right: a syndrome of three errors has named it, and it is flipped back. Were that a
    // contradiction again, no two strings could answer like this.
    if (!finder) throw new DistillError('distill/protocol', 'the parities of reconciliation contradict each other');
    this.#flip(row, lane);
  }
}

/** Blocks of this many bits in a lane of so many. */
function blocksOf(blockBits: number, bits: number): number {
  return Math.ceil(bits / blockBits);
}

/** A node in the list of what is asked has, from this bit on, how it is asked. */
const MANNER = 24;
const NODE = (1 << MANNER) - 1;
/** By its left half; not at all, since it is known that the left or the right half is odd; by its syndrome. */
const HALVES = 0;
const LEFT = 1;
const RIGHT = 2;
const SYNDROME = 3;

const NO_ANSWERS = new TapeReader({ length: 0, bytes: new Uint8Array(0) });
