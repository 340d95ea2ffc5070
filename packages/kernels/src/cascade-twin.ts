import { type Bits, pack } from '@skykey/bits';
import type { CascadeSearch, Learned } from './cascade.ts';
import type { CascadeShuffle } from './cascade-shuffle.ts';

/** A node in one lane, as a key of the sets. */
const keyOf = (id: number, lane: number): number => 32 * id + lane;

interface Pass {
  readonly shuffle: CascadeShuffle;
  readonly level: number;
  readonly fineLanes: number;
  /** Nodes of one lane, leaves among them. */
  readonly odd: Set<number>;
  readonly split: Set<number>;
  readonly named: Set<number>;
  /** Nodes in the order in which they became odd in any lane; some are even again. */
  active: Set<number>;
  asked: { readonly id: number; readonly syndromes: number[]; readonly halves: number[] }[];
  /** Leaves found wrong, in order. */
  wrong: Set<number>;
}

/** `CascadeFrame` in plain TypeScript, node by node and lane by lane; every parity is added up from the rows. */
export class CascadeTwin implements CascadeSearch {
  readonly rows: Uint32Array;
  readonly #errors = new Set<number>();
  readonly #lanes: number;
  readonly #leaves: number;
  readonly #corrects: boolean;
  readonly #passes: Pass[] = [];
  #opening = false;
  #wholeIsOdd = 0;

  constructor(rows: Uint32Array, lanes: number, corrects: boolean) {
    this.rows = rows.slice();
    this.#lanes = lanes;
    this.#leaves = 2 ** Math.ceil(Math.log2(rows.length));
    this.#corrects = corrects;
  }

  get found(): number {
    return this.#errors.size;
  }

  get passes(): number {
    return this.#passes.length;
  }

  get odd(): number {
    let sum = 0;
    for (const pass of this.#passes) for (const key of pass.odd) sum += Number(key < 32 * this.#leaves);
    return sum;
  }

  open(_number: number, shuffle: CascadeShuffle, level: number, fineLanes: number): Bits {
    this.#opening = true;
    const first = this.#passes[0];
    if (first) this.#wholeIsOdd = first.odd.size & 1;
    const sets = { odd: new Set<number>(), split: new Set<number>(), named: new Set<number>() };
    const pass: Pass = { shuffle, level, fineLanes, ...sets, active: new Set(), asked: [], wrong: new Set() };
    this.#passes.push(pass);
    return pack(this.#said(pass).map(([id, lane]) => this.#parity(pass, id, lane)));
  }

  /** The blocks of a pass but for the last that follows. */
  #said(pass: Pass): [id: number, lane: number][] {
    const blocks = this.#blocks(pass);
    return pass === this.#passes[0] ? blocks : blocks.slice(0, -1);
  }

  #blocks({ level, fineLanes }: Pass): [id: number, lane: number][] {
    const blocks: [number, number][] = [];
    const band = (at: number, from: number, to: number): void => {
      for (let block = 0; block * 2 ** at < this.rows.length; block++) {
        for (let lane = from; lane < to; lane++) blocks.push([this.#leaves / 2 ** at + block, lane]);
      }
    };
    if (fineLanes) band(level - 1, 0, fineLanes);
    band(level, fineLanes, this.#lanes);
    return blocks;
  }

  #levelOf(id: number): number {
    return Math.log2(this.#leaves) - Math.floor(Math.log2(id));
  }

  /** Positions of the rows below a node. */
  #positions(id: number): number[] {
    const count = 2 ** this.#levelOf(id);
    const from = id * count - this.#leaves;
    return Array.from({ length: count }, (_, i) => from + i).filter((s) => s < this.rows.length);
  }

  #bit({ shuffle: { order, turn } }: Pass, s: number, lane: number): number {
    const row = order[s]!;
    return (this.rows[row]! >>> ((lane - turn[row]!) & (this.#lanes - 1))) & 1;
  }

  #parity(pass: Pass, id: number, lane: number): number {
    return this.#positions(id).reduce((sum, s) => sum ^ this.#bit(pass, s, lane), 0);
  }

  #syndrome(pass: Pass, id: number, lane: number): number {
    const positions = this.#positions(id);
    return positions.reduce((sum, s) => (this.#bit(pass, s, lane) ? sum ^ (s - positions[0]!) : sum), 0);
  }

  /** Whether another pass has halved down to the bit at a leaf. */
  #isSettled(pass: Pass, leaf: number, lane: number): boolean {
    const row = pass.shuffle.order[leaf - this.#leaves]!;
    const bit = lane - pass.shuffle.turn[row]!;
    return this.#passes.some((other) => {
      const { place, turn } = other.shuffle;
      const at = (bit + turn[row]!) & (this.#lanes - 1);
      return other !== pass && other.level > 0 && other.split.has(keyOf((this.#leaves + place[row]!) >> 1, at));
    });
  }

  #find(pass: Pass, leaf: number, lane: number): void {
    pass.odd.add(keyOf(leaf, lane));
    pass.wrong.add(leaf);
  }

  #becomeOdd(pass: Pass, id: number, lane: number): void {
    if (id >= this.#leaves) this.#find(pass, id, lane);
    else {
      pass.odd.add(keyOf(id, lane));
      pass.active.add(id);
    }
  }

  /** Whether rows stand below the right half. */
  #hasRight(id: number): boolean {
    return this.#positions(2 * id + 1).length > 0;
  }

  ask(syndromeLevel: number): Bits {
    const said: number[] = [];
    for (const pass of this.#passes) {
      const ids = pass.active;
      pass.active = new Set();
      for (const id of ids) {
        const level = this.#levelOf(id);
        const syndromes: number[] = [];
        const halves: number[] = [];
        for (let lane = 0; lane < this.#lanes; lane++) {
          if (!pass.odd.has(keyOf(id, lane))) continue;
          if (level > 1 && level <= syndromeLevel && !pass.named.has(keyOf(id, lane))) syndromes.push(lane);
          else if (level === 1 && this.#hasRight(id)) {
            const left = this.#isSettled(pass, 2 * id, lane);
            if (left === this.#isSettled(pass, 2 * id + 1, lane)) halves.push(lane);
            else {
              pass.odd.delete(keyOf(id, lane));
              this.#find(pass, left ? 2 * id + 1 : 2 * id, lane);
            }
          } else halves.push(lane);
        }
        for (const lane of syndromes) {
          const sum = this.#syndrome(pass, id, lane);
          for (let i = 0; i < level; i++) said.push((sum >> i) & 1);
        }
        if (this.#hasRight(id)) for (const lane of halves) said.push(this.#parity(pass, 2 * id, lane));
        pass.asked.push({ id, syndromes, halves });
      }
    }
    return pack(said);
  }

  learn(bytes: Uint8Array, from: number, forgetful: boolean): Learned {
    let at = from;
    const take = (): number => {
      const bit = (bytes[at >> 3]! >> (at & 7)) & 1;
      at++;
      return bit;
    };
    for (const pass of this.#passes) {
      // Pairs of which nothing had to be asked.
      for (const key of pass.odd) if (key >= 32 * this.#leaves) pass.split.add(keyOf(key >> 6, key & 31));
    }
    const named: { pass: Pass; id: number; lane: number; leaf: number }[] = [];
    for (const pass of this.#passes) {
      for (const { id, syndromes, halves } of pass.asked) {
        const level = this.#levelOf(id);
        for (const lane of syndromes) {
          let leaf = id << level;
          for (let i = 0; i < level; i++) leaf += take() << i;
          pass.named.add(keyOf(id, lane));
          pass.active.add(id);
          if (leaf < this.#leaves + this.rows.length) named.push({ pass, id, lane, leaf });
        }
        const left = halves.map((lane) => ({ lane, isLeft: this.#hasRight(id) ? take() : 1 }));
        for (const { lane } of left) {
          pass.odd.delete(keyOf(id, lane));
          pass.split.add(keyOf(id, lane));
        }
        for (const { lane, isLeft } of left) if (isLeft) this.#becomeOdd(pass, 2 * id, lane);
        for (const { lane, isLeft } of left) if (!isLeft) this.#becomeOdd(pass, 2 * id + 1, lane);
      }
      pass.asked = [];
    }
    let odd = 0;
    if (this.#opening) {
      this.#opening = false;
      const pass = this.#passes.at(-1)!;
      const said = this.#said(pass).length;
      for (const [i, [id, lane]] of this.#blocks(pass).entries()) {
        if (!(i < said ? take() : (odd ^ this.#wholeIsOdd) & 1)) continue;
        odd++;
        this.#becomeOdd(pass, id, lane);
      }
      if (!odd && forgetful) this.#passes.pop();
    }
    return { taken: at - from, odd, contradicts: this.#flipFound(named) };
  }

  #flipFound(named: readonly { pass: Pass; id: number; lane: number; leaf: number }[]): boolean {
    for (const { pass, id, lane, leaf } of named) {
      if (!pass.odd.has(keyOf(id, lane))) continue;
      if (this.#flip(pass, leaf, lane) && this.#flip(pass, leaf, lane)) return true;
    }
    for (const pass of this.#passes) {
      for (const leaf of pass.wrong) {
        for (let lane = 0; lane < this.#lanes; lane++) {
          if (pass.odd.has(keyOf(leaf, lane)) && this.#flip(pass, leaf, lane)) return true;
        }
      }
      pass.wrong = new Set();
    }
    return false;
  }

  #flip(seen: Pass, seenLeaf: number, seenLane: number): boolean {
    const row = seen.shuffle.order[seenLeaf - this.#leaves]!;
    const bit = (seenLane - seen.shuffle.turn[row]!) & (this.#lanes - 1);
    toggle(this.#errors, keyOf(row, bit));
    if (this.#corrects) this.rows[row]! ^= 1 << bit;
    let contradicts = false;
    for (const pass of this.#passes) {
      const lane = (bit + pass.shuffle.turn[row]!) & (this.#lanes - 1);
      const leaf = this.#leaves + pass.shuffle.place[row]!;
      let level = lane < pass.fineLanes ? pass.level - 1 : pass.level;
      while (level && pass.split.has(keyOf(leaf >> level, lane))) level--;
      const id = leaf >> level;
      if (!toggle(pass.odd, keyOf(id, lane))) continue;
      if (level) pass.active.add(id);
      else contradicts = true;
    }
    return contradicts;
  }
}

/** Puts a key in, or takes it out; returns whether it is in now. */
function toggle(set: Set<number>, key: number): boolean {
  if (set.delete(key)) return false;
  set.add(key);
  return true;
}
