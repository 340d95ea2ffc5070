/**
 * What dishonest nodes could know of keys, by the only algebra that there is.
 *
 * Every key of the network is the exclusive or of pieces of blocks of quantum links; those are independent uniform bytes,
 * known to the two ends of their link. Whoever listens learns, besides: which piece of which block is which piece of which
 * lane, and of every join the exclusive or of its two pieces. Tags tell nothing more, since their pads lie in lanes of their
 * own and are used once. So what a coalition can say about a key is a question of linear algebra over GF(2): the key is in
 * the span of the blocks that the coalition holds and of the public sums, and then it can be reckoned; or it is not, and
 * then it is uniform given all they know. The solver below decides which, and reckons the key from their own bytes.
 */
import { DIRECT, joinBlockId, joinCuts, keyLane, overhear, wayOf } from '@skykey/kme';
import type { DeliveredCopy, QuantumBlock, WireEntry } from './observer.ts';

interface Piece {
  readonly lane: string;
  readonly offset: number;
}

interface Join {
  readonly blockId: string;
  left: Piece | undefined;
  right: Piece | undefined;
  readonly bytes: number;
  mask: Uint8Array;
  readonly ends: readonly [string, string];
  readonly way: string;
}

interface Combination {
  readonly parts: readonly Piece[];
  readonly bytes: number;
}

/** A stretch of a lane and where its bytes come from. */
interface Segment {
  readonly start: number;
  readonly end: number;
  readonly origin:
    | { readonly block: number; readonly from: number }
    | { readonly join: Join; readonly from: number }
    | { readonly combination: Combination; readonly from: number };
}

/** A stretch of a quantum block, from `from` on. */
interface Term {
  readonly block: number;
  readonly from: number;
}

/** The exclusive or of the terms is `sum`, which everybody knows. */
interface Relation {
  readonly terms: readonly Term[];
  readonly sum: Uint8Array;
}

export interface Attempt {
  readonly keyId: string;
  /** The key as the coalition reckons it; null: it is uniform given all that they know. */
  readonly bytes: Uint8Array | null;
}

export class Adversary {
  readonly #blocks: readonly QuantumBlock[];
  readonly #lanes = new Map<string, Segment[]>();
  readonly #joins = new Map<string, Join>();
  /** Blocks whose places are told when both ends have confirmed them. */
  readonly #held = new Map<string, number>();
  readonly #keys = new Map<string, Piece & { readonly bytes: number }>();
  /** By block: relations that it is a term of. */
  readonly #relations: Relation[][];
  readonly #systems = new Map<string, readonly System[]>();

  /** Reads all that was said. Throws KmeError `kme/malformed` for what is no message between nodes. */
  constructor(blocks: readonly QuantumBlock[], wire: readonly WireEntry[]) {
    this.#blocks = blocks;
    this.#relations = blocks.map(() => []);
    blocks.forEach((block, i) => {
      if (block.blockId !== undefined) this.#held.set(block.blockId, i);
      for (const { lane, from, to, at } of block.cuts) {
        this.#put(lane, { start: at, end: at + to - from, origin: { block: i, from } });
      }
    });
    for (const { message, answer } of wire) this.#hear(message, answer);
    for (const join of this.#joins.values()) this.#relate(join);
  }

  #put(lane: string, segment: Segment): void {
    const known = this.#lanes.get(lane) ?? [];
    // What was told and refused is told again with other contents for the same place.
    this.#lanes.set(lane, [...known.filter(({ start, end }) => end <= segment.start || start >= segment.end), segment]);
  }

  #hear(message: Uint8Array, answer: Uint8Array): void {
    const heard = overhear(message);
    const answered = overhear(answer);
    if (answered.kind === 'confirmed') this.#confirmed(answered.blockId, answered.positions);
    if (heard.kind !== 'frame') return;
    const { from, to } = heard;
    for (const told of heard.messages) {
      if (told.kind === 'join') {
        const blockId = joinBlockId(from, told.joinId);
        const [first, last] = [told.route[0], told.route[2]];
        const join = this.#joins.get(blockId) ?? {
          ...{ blockId, left: undefined, right: undefined, bytes: told.range.bytes, mask: new Uint8Array(0) },
          ends: (first < last ? [first, last] : [last, first]) as [string, string],
          way: wayOf(told.labels.routes),
        };
        const piece = { lane: keyLane(from, to, told.range.way), offset: told.range.offset };
        if (to === first) join.left = piece;
        else {
          join.right = piece;
          join.mask = told.mask;
        }
        this.#joins.set(blockId, join);
      } else if (told.kind === 'combine') {
        const parts = told.parts.map(({ way, offset }) => ({ lane: keyLane(from, to, way), offset }));
        const bytes = told.parts[0]!.bytes;
        const way = told.parts
          .map((part) => part.way)
          .sort()
          .join('+');
        this.#put(keyLane(from, to, way), {
          ...{ start: told.at, end: told.at + bytes },
          origin: { combination: { parts, bytes }, from: 0 },
        });
      } else if (told.kind === 'assign') {
        for (const { lane, bytes, keys } of told.batches) {
          for (const { keyId, offset } of keys) this.#keys.set(keyId, { lane, offset, bytes });
        }
      }
    }
  }

  #confirmed(blockId: string, positions: readonly number[]): void {
    const place = (cuts: ReturnType<typeof joinCuts>, originAt: (from: number) => Segment['origin']): void =>
      cuts.forEach(({ lane, from, to }, i) => {
        const start = positions[i]!;
        this.#put(lane, { start, end: start + to - from, origin: originAt(from) });
      });
    const block = this.#held.get(blockId);
    if (block !== undefined) {
      const { bytes, ends } = this.#blocks[block]!;
      const [first, last] = [...ends].sort() as [string, string];
      place(joinCuts(bytes.length, first, last, DIRECT), (from) => ({ block, from }));
    }
    const join = this.#joins.get(blockId);
    if (join) place(joinCuts(join.bytes, join.ends[0], join.ends[1], join.way), (from) => ({ join, from }));
  }

  /** What a join has made public: the exclusive or of its two pieces. */
  #relate(join: Join): void {
    if (!join.left || !join.right) return;
    const sides = [join.left, join.right];
    this.#along(sides, join.bytes, (at, bytes, terms) => {
      const relation = { terms, sum: join.mask.subarray(at, at + bytes) };
      for (const block of new Set(terms.map((term) => term.block))) this.#relations[block]!.push(relation);
    });
  }

  /** Calls `use` for stretches of the exclusive or of pieces within which each is one stretch of each of its blocks. */
  #along(
    pieces: readonly Piece[],
    bytes: number,
    use: (at: number, bytes: number, terms: readonly Term[]) => void,
  ): void {
    for (let at = 0; at < bytes; ) {
      const terms: Term[] = [];
      let length = bytes - at;
      for (const { lane, offset } of pieces) length = Math.min(length, this.#resolve(lane, offset + at, length, terms));
      use(at, length, terms);
      at += length;
    }
  }

  /** Adds the terms of the byte at `offset` of a lane to `terms`; returns for how many bytes they go on alike. */
  #resolve(lane: string, offset: number, most: number, terms: Term[]): number {
    const segment = this.#lanes.get(lane)?.find(({ start, end }) => start <= offset && offset < end);
    if (!segment) throw new Error(`nobody has said where byte ${offset} of ${lane} comes from`);
    const { origin, start, end } = segment;
    const within = offset - start + origin.from;
    let length = Math.min(most, end - offset);
    if ('block' in origin) {
      terms.push({ block: origin.block, from: within });
    } else if ('join' in origin) {
      const { left } = origin.join;
      if (!left) throw new Error(`nobody has said what ${origin.join.blockId} was made of`);
      length = Math.min(length, this.#resolve(left.lane, left.offset + within, length, terms));
    } else {
      for (const { lane: part, offset: place } of origin.combination.parts) {
        length = Math.min(length, this.#resolve(part, place + within, length, terms));
      }
    }
    return length;
  }

  /** Everything public that could bear on a key, piece by piece. */
  #systemsOf(keyId: string): readonly System[] {
    const known = this.#systems.get(keyId);
    if (known) return known;
    const key = this.#keys.get(keyId);
    if (!key) throw new Error(`nobody has said where the key ${keyId} lies`);
    const systems: System[] = [];
    this.#along([key], key.bytes, (_, bytes, terms) => {
      this.#close(terms, bytes, systems);
    });
    this.#systems.set(keyId, systems);
    return systems;
  }

  /** Adds the system of a stretch; cuts it in two wherever a relation begins or ends within. */
  #close(target: readonly Term[], bytes: number, into: System[]): void {
    const symbols = new Map<string, number>();
    const terms: Term[] = [];
    const symbol = (term: Term): number => {
      const name = `${term.block} ${term.from}`;
      if (!symbols.has(name)) {
        symbols.set(name, terms.length);
        terms.push(term);
      }
      return symbols.get(name)!;
    };
    const wanted = target.map(symbol);
    const equations: { symbols: number[]; sum: Uint8Array }[] = [];
    const met = new Set<string>();
    for (let i = 0; i < terms.length; i++) {
      const { block, from } = terms[i]!;
      for (const relation of this.#relations[block]!) {
        for (const own of relation.terms) {
          if (own.block !== block) continue;
          const end = own.from + relation.sum.length;
          if (end <= from || own.from >= from + bytes) continue;
          const cut = own.from > from ? own.from - from : end < from + bytes ? end - from : 0;
          if (cut > 0) {
            this.#close(target, cut, into);
            this.#close(moved(target, cut), bytes - cut, into);
            return;
          }
          const shift = from - own.from;
          const others = moved(relation.terms, shift).map(symbol);
          const name = [...others].sort((a, b) => a - b).join();
          if (met.has(name)) continue;
          met.add(name);
          equations.push({ symbols: others, sum: relation.sum.subarray(shift, shift + bytes) });
        }
      }
    }
    into.push({ bytes, terms, wanted, equations });
  }

  /** Whether nodes that pool all they hold and hear can reckon a key, and what they get. */
  attempt(keyId: string, coalition: ReadonlySet<string>): Attempt {
    const parts: Uint8Array[] = [];
    for (const system of this.#systemsOf(keyId)) {
      const part = solve(
        system,
        (block) => this.#blocks[block]!.ends.some((end) => coalition.has(end)),
        (block, from) => this.#blocks[block]!.bytes.subarray(from, from + system.bytes),
      );
      if (!part) return { keyId, bytes: null };
      parts.push(part);
    }
    return { keyId, bytes: new Uint8Array(Buffer.concat(parts)) };
  }
}

interface System {
  readonly bytes: number;
  readonly terms: readonly Term[];
  /** The exclusive or of these is wanted. */
  readonly wanted: readonly number[];
  readonly equations: readonly { readonly symbols: readonly number[]; readonly sum: Uint8Array }[];
}

const moved = (terms: readonly Term[], by: number): Term[] =>
  terms.map(({ block, from }) => ({ block, from: from + by }));

/** A set of symbols, as bits, and the value of their exclusive or. */
interface Row {
  set: bigint;
  value: Uint8Array;
}

/** Gauss and Jordan over GF(2): the value of the wanted sum, or null when it is not in the span of what is known. */
export function solve(
  { bytes, terms, wanted, equations }: System,
  holds: (block: number) => boolean,
  read: (block: number, from: number) => Uint8Array,
): Uint8Array | null {
  const setOf = (symbols: readonly number[]): bigint => symbols.reduce((set, i) => set ^ (1n << BigInt(i)), 0n);
  const rows: Row[] = equations.map(({ symbols, sum }) => ({ set: setOf(symbols), value: sum }));
  terms.forEach(({ block, from }, i) => {
    if (holds(block)) rows.push({ set: 1n << BigInt(i), value: read(block, from) });
  });
  let goal: Row = { set: setOf(wanted), value: new Uint8Array(bytes) };
  while (rows.length > 0) {
    const pivot = rows.pop()!;
    if (pivot.set === 0n) continue;
    const bit = pivot.set & -pivot.set;
    const reduced = (row: Row): Row =>
      row.set & bit ? { set: row.set ^ pivot.set, value: xor(row.value, pivot.value) } : row;
    for (let i = 0; i < rows.length; i++) rows[i] = reduced(rows[i]!);
    goal = reduced(goal);
  }
  return goal.set === 0n ? goal.value : null;
}

const xor = (a: Uint8Array, b: Uint8Array): Uint8Array => a.map((byte, i) => byte ^ b[i]!);

/** Keys that stand as they are in what entered the vault of a node. */
export function inPlainSight(keys: readonly DeliveredCopy[], entered: readonly Uint8Array[]): Set<string> {
  const heads = new Map<number, DeliveredCopy[]>();
  const headOf = (bytes: Uint8Array, at: number): number =>
    ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
  for (const key of keys) {
    const head = headOf(key.bytes, 0);
    heads.set(head, [...(heads.get(head) ?? []), key]);
  }
  const found = new Set<string>();
  for (const bytes of entered) {
    for (let at = 0; at + 4 <= bytes.length; at++) {
      for (const key of heads.get(headOf(bytes, at)) ?? []) {
        const there = bytes.subarray(at, at + key.bytes.length);
        if (there.length === key.bytes.length && there.every((byte, i) => byte === key.bytes[i])) found.add(key.keyId);
      }
    }
  }
  return found;
}
