import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Bits, xor } from '@skykey/bits';
import { CascadeFrame, CascadeMemory, type CascadeSearch } from './cascade.ts';
import { cascadeShuffle, type ShuffleState } from './cascade-shuffle.ts';
import { cascadeShuffle as cascadeShuffleTwin } from './cascade-shuffle-twin.ts';
import { CascadeTwin } from './cascade-twin.ts';
import { KernelError } from './error.ts';

/** Memories of the kernels that come to life in this file. */
const memories: WebAssembly.Memory[] = [];
WebAssembly.Instance = class extends WebAssembly.Instance {
  constructor(module: WebAssembly.Module, imports?: WebAssembly.Imports) {
    super(module, imports);
    memories.push(this.exports.memory as WebAssembly.Memory);
  }
};

/** A linear congruential generator: 32-bit words whose upper bits look random. */
function words(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state ^ (state >>> 15)) >>> 0;
  };
}

const stateOf = (next: () => number): ShuffleState => [next(), next(), next(), next() | 1];

test('a shuffle is that of its twin', () => {
  const next = words(1);
  for (const rows of [1, 2, 3, 31, 1000, 32_767, 32_768]) {
    for (const lanes of [1, 8, 32]) {
      const state = stateOf(next);
      assert.deepEqual(cascadeShuffle(rows, lanes, state), cascadeShuffleTwin(rows, lanes, state));
    }
  }
});

interface Game {
  readonly rows: number;
  readonly lanes: number;
  readonly rate: number;
  readonly seed: number;
  /** Share of answers that are lies. */
  readonly lies?: number;
}

/** Levels and fine lanes of passes, and syndrome levels, drawn: a search takes any. */
function play({ rows, lanes, rate, seed, lies = 0 }: Game): { rounds: number; contradicts: boolean; wrong: number } {
  const next = words(seed);
  const uniform = (): number => next() / 2 ** 32;
  const mask = -1 >>> (32 - lanes);
  const alice = Uint32Array.from({ length: rows }, () => next() & mask);
  const bob = alice.map((row) => {
    let out = row;
    for (let lane = 0; lane < lanes; lane++) if (uniform() < rate) out ^= 1 << lane;
    return out;
  });
  const memory = new CascadeMemory(rows, lanes);
  // Two frames in one memory, Alice's and Bob's, and the twin of each.
  const searches: CascadeSearch[] = [
    new CascadeFrame(memory, alice, false),
    new CascadeFrame(memory, bob, true),
    new CascadeTwin(alice, lanes, false),
    new CascadeTwin(bob, lanes, true),
  ];
  const leafLevel = Math.ceil(Math.log2(rows));
  let rounds = 0;
  for (let pass = 0; ; rounds++) {
    assert(rounds < 2000, 'a search ends');
    const syndromeLevel = Math.floor(uniform() * (leafLevel + 2));
    const { odd } = searches[0]!;
    for (const search of searches) assert.equal(search.odd, odd);
    const said: Bits[][] = searches.map((search) => [search.ask(syndromeLevel)]);
    const opens = (odd === 0 || uniform() < 0.05) && pass < 6;
    if (opens) {
      const level = Math.floor(uniform() * (leafLevel + 1));
      const fineLanes = level ? Math.floor(uniform() * lanes) : 0;
      const shuffle = cascadeShuffle(rows, lanes, stateOf(next));
      for (const [i, search] of searches.entries()) said[i]!.push(search.open(pass, shuffle, level, fineLanes));
      pass++;
    } else if (!odd) break;
    const skip = next() & 7;
    const answers = join(
      said[0]!.map((bits, part) => xor(bits, said[1]![part]!)),
      skip,
    );
    for (const party of [0, 1]) assert.deepEqual(said[party + 2], said[party], `round ${rounds}`);
    for (let at = skip; at < 8 * answers.length; at++) if (uniform() < lies) answers[at >> 3]! ^= 1 << (at & 7);
    const learned = searches.map((search) => search.learn(answers, skip, pass > 2));
    for (const one of learned) assert.deepEqual(one, learned[0]);
    assert.equal(searches[2]!.passes, searches[0]!.passes);
    for (const party of [0, 1]) {
      assert.deepEqual(searches[party + 2]!.rows, searches[party]!.rows);
      assert.equal(searches[party + 2]!.found, searches[party]!.found);
    }
    if (learned[0]!.contradicts) return { rounds, contradicts: true, wrong: 0 };
  }
  assert.deepEqual(searches[0]!.rows, alice, 'Alice keeps hers');
  const wrong = searches[1]!.rows.reduce((sum, row, i) => sum + Number(row !== alice[i]), 0);
  memory.wipe();
  return { rounds, contradicts: false, wrong };
}

/** Bit strings one behind the other, behind `skip` bits that are not for this frame. */
function join(parts: readonly Bits[], skip: number): Uint8Array {
  const bytes = new Uint8Array(Math.ceil((skip + parts.reduce((sum, { length }) => sum + length, 0)) / 8));
  let at = skip;
  for (const { length, bytes: part } of parts) {
    for (let i = 0; i < length; i++, at++) bytes[at >> 3]! |= ((part[i >> 3]! >> (i & 7)) & 1) << (at & 7);
  }
  return bytes;
}

test('both parties ask and find, round for round, what their twins do', () => {
  let rounds = 0;
  let searches = 0;
  for (let seed = 1; seed <= 12; seed++) {
    for (const rows of [1, 2, 3, 16, 17, 33, 64, 257]) {
      for (const lanes of [1, 2, 8, 32]) {
        const game = { rows, lanes, rate: [0, 0.01, 0.05, 0.3][seed % 4]!, seed: 97 * seed + rows + lanes };
        const result = play(game);
        assert.equal(result.contradicts, false, JSON.stringify(game));
        rounds += result.rounds;
        searches++;
      }
    }
  }
  assert(rounds > 5 * searches, `${rounds} rounds of ${searches} searches`);
});

test('what six passes leave is seldom more than nothing', () => {
  let left = 0;
  for (let seed = 1; seed <= 20; seed++) left += Number(play({ rows: 100, lanes: 32, rate: 0.02, seed }).wrong > 0);
  assert(left <= 4, `${left} of 20 searches leave errors`);
});

test('lies are taken as the twins take them, and a contradiction is told', () => {
  let contradictions = 0;
  for (let seed = 1; seed <= 40; seed++) {
    contradictions += Number(play({ rows: 40, lanes: 8, rate: 0.05, seed, lies: 0.05 }).contradicts);
  }
  assert(contradictions > 10, `${contradictions} of 40`);
});

test('a memory that was wiped holds nothing of the key', () => {
  const rows = new Uint32Array(500).fill(0xa5c3_96f1);
  const memory = new CascadeMemory(500, 32);
  const frame = new CascadeFrame(memory, rows, false);
  const shuffle = cascadeShuffle(500, 32, [1, 2, 3, 4]);
  assert(frame.open(0, { ...shuffle, turn: new Uint8Array(500) }, 0, 0).length === 500 * 32);
  const holds = (): number =>
    memories.reduce((sum, { buffer }) => {
      const all = new Uint8Array(buffer);
      for (let at = 0; at + 4 <= all.length; at++) {
        if (all[at] === 0xf1 && all[at + 1] === 0x96 && all[at + 2] === 0xc3 && all[at + 3] === 0xa5) sum++;
      }
      return sum;
    }, 0);
  assert(holds() > 1000, 'rows, leaves and tape');
  memory.wipe();
  assert.equal(holds(), 0);
});

test('a frame of another shape is refused', () => {
  const refused = (make: () => unknown): void =>
    assert.throws(make, (error) => error instanceof KernelError && error.code === 'kernels/argument');
  for (const rows of [0, 1.5, 32_769]) refused(() => new CascadeMemory(rows, 1));
  for (const lanes of [0, 3, 64]) refused(() => new CascadeMemory(10, lanes));
  const memory = new CascadeMemory(10, 4);
  refused(() => new CascadeFrame(memory, new Uint32Array(11), true));
  const frame = new CascadeFrame(memory, new Uint32Array(10), true);
  const shuffle = cascadeShuffle(10, 4, [1, 2, 3, 4]);
  for (let pass = 0; pass < 64; pass++) frame.open(pass, shuffle, 4, 0);
  refused(() => frame.open(64, shuffle, 4, 0));
  memory.wipe();
});
