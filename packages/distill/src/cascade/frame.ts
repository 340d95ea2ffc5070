import { CascadeFrame, type CascadeMemory, type CascadeSearch } from '@skykey/kernels';
import { DistillError } from '../error.ts';
import {
  bandsOf,
  fewOdd,
  firstBlock,
  lateBlock,
  latePasses,
  rareSyndromeBits,
  secondBlock,
  shownErrorRate,
  syndromeBits,
} from './schedule.ts';
import type { Shuffles } from './shuffle.ts';
import type { TapeReader, TapeWriter } from './tape.ts';

/**
 * Cascade (Brassard and Salvail, EUROCRYPT '93) in one frame: a search for errors that both parties run alike. Alice says
 * parities, Bob answers where his differ, and from these answers both derive the same next questions: no coordinates are
 * sent, and neither party can make the other ask anything.
 *
 * The frame stands as rows of up to 32 bits, one for each lane. In every pass the rows stand in another order (shuffle.ts),
 * and over them stands a tree of the parities of all lanes at once (`CascadeSearch` in @skykey/kernels). A block is one lane of
 * one node.
 *
 * - A block, or a part of it, whose parities differ is odd: an error is in it. Odd nodes are halved, all in the same round,
 *   until they are small enough for the syndrome of a Hamming code, which names the error at once (schedule.ts).
 * - A bit found wrong changes the parity of what holds it in every other pass: there its partner is, and the search goes on.
 * - When nothing is odd, the next pass is opened: the parities of its blocks are asked.
 *
 * What is asked, and every branch and address on the way, depends on the differences alone, which are public; own bits are
 * only moved and added (pitfall P14).
 */
export class Frame {
  readonly #shuffles: Shuffles;
  readonly #corrects: boolean;
  /** As they stood before the search. */
  readonly #rows: Uint32Array;
  #search: CascadeSearch | undefined;
  #rounds = 0;
  #opened = 0;
  #errorRate: number;
  /** Bits of a block of the first pass. */
  #firstBlock = 0;
  /** Late passes not opened yet; the first two come before. */
  #late = 0;
  /** Odd nodes up to this level are asked for their syndromes, whatever the schedule says. */
  #rareLevel = 0;
  /** Parities of blocks asked for in this round. */
  #opening = 0;

  /** `rows`: as many as the shuffles are for, taken over. `errorRate` in (0, 1/2]. `corrects`: this is Bob. */
  constructor(rows: Uint32Array, shuffles: Shuffles, errorRate: number, corrects: boolean) {
    this.#rows = rows;
    this.#shuffles = shuffles;
    this.#corrects = corrects;
    this.#errorRate = errorRate;
    this.extend();
  }

  /** This party's bits; Bob's are corrected as errors are found. Valid until the next `ask` of any frame. */
  get rows(): Uint32Array {
    return this.#search?.rows ?? this.#rows;
  }

  /** Bits found wrong. */
  get found(): number {
    return this.#search?.found ?? 0;
  }

  get isOpen(): boolean {
    return this.#search !== undefined;
  }

  /** Number of bits. */
  get length(): number {
    return this.#shuffles.rows * this.#shuffles.lanes;
  }

  /** More late passes: for a frame whose tag differs. */
  extend(): void {
    const { rows, lanes } = this.#shuffles;
    this.#late += latePasses(rows, lanes, lateBlock(rows, lanes, this.#errorRate));
  }

  /** Begins the search in this memory. */
  begin(memory: CascadeMemory): void {
    this.#search ??= new CascadeFrame(memory, this.#rows, this.#corrects);
  }

  /** Decides what to ask next and writes this party's parities of it; writes nothing when the search is over. */
  ask(tape: TapeWriter): void {
    const search = this.#begun();
    const from = tape.length;
    // Where everything follows from what is known, there is more to do before the round can end.
    while (this.#next(search, tape) && tape.length === from) this.#learn(search, NOTHING, 0);
    this.#rounds++;
  }

  /**
   * Takes the answers to what was asked, 1 where the parities differ. Throws DistillError `distill/protocol` when the answers
   * cannot come from two strings.
   */
  learn(answers: TapeReader): void {
    answers.at += this.#learn(this.#begun(), answers.bytes, answers.at);
  }

  /** Overwrites what is not in the search's memory. */
  wipe(): void {
    this.#search = undefined;
    this.#rows.fill(0);
  }

  #begun(): CascadeSearch {
    if (!this.#search) throw new DistillError('distill/bad-argument', 'the search in this frame has not begun');
    return this.#search;
  }

  /** Asks about all odd nodes, opens a pass when there are none, or few; false when there is nothing to do. */
  #next(search: CascadeSearch, tape: TapeWriter): boolean {
    const { odd } = search;
    const most = syndromeBits(this.#errorRate, this.length, odd, this.#rounds);
    tape.append(search.ask(Math.max(Math.round(Math.log2(Math.max(1, most))), this.#rareLevel)));
    this.#opening = odd <= fewOdd(this.#opened, this.#rounds) ? this.#open(search, tape) : 0;
    return odd > 0 || this.#opening > 0;
  }

  /** Opens the next pass, if there is one, and asks for its blocks. Returns how many those are. */
  #open(search: CascadeSearch, tape: TapeWriter): number {
    if (this.#opened >= 2 && !this.#late) return 0;
    const { rows, lanes } = this.#shuffles;
    const number = this.#opened++;
    let blockBits: number;
    if (number === 0) blockBits = this.#firstBlock = firstBlock(this.#errorRate);
    else if (number === 1) blockBits = secondBlock(this.#errorRate, this.#firstBlock);
    else {
      this.#late--;
      blockBits = lateBlock(rows, lanes, this.#errorRate);
    }
    const { level, fineLanes } = bandsOf(blockBits, rows, lanes);
    const parities = search.open(number, this.#shuffles.pass(number), level, fineLanes);
    tape.append(parities);
    parities.bytes.fill(0);
    return parities.length + Number(number > 0);
  }

  /** Returns how many answers were for this frame. */
  #learn(search: CascadeSearch, bytes: Uint8Array, from: number): number {
    const late = this.#opened > 2;
    const blocks = this.#opening;
    const { taken, odd, contradicts } = search.learn(bytes, from, late);
    if (contradicts) {
      throw new DistillError('distill/protocol', 'the parities of reconciliation contradict each other');
    }
    if (blocks && this.#opened === 1) {
      this.#errorRate = shownErrorRate(this.#errorRate, this.#firstBlock, blocks, odd);
    } else if (blocks && late) {
      // What a late pass finds is rare: no block holds three errors any more, of this pass or of those before.
      this.#rareLevel = Math.floor(Math.log2(Math.max(1, rareSyndromeBits(this.length, blocks, odd))));
    }
    this.#opening = 0;
    return taken;
  }
}

const NOTHING = new Uint8Array(0);
