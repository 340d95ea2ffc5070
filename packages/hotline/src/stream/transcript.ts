import { createHash } from 'node:crypto';
import { Reader, Writer } from '../bytes.ts';
import { HotlineError } from '../error.ts';
import { type Direction, LANES, type Lane } from '../secret/lanes.ts';

/**
 * What was said, as a chain of hashes for each direction and lane:
 *
 *   hash 0 = SHA-256(LP("skykey/hotline/transcript/2", origin) ‖ direction (1) ‖ lane (1))
 *   hash i = SHA-256(LP("skykey/hotline/entry/2", hash i−1) ‖ direction (1) ‖ lane (1) ‖ number (8) ‖ digest (32) ‖
 *            c (1) ‖ commitment (32 c))
 *
 * The sender adds a message when it gives it a number, the receiver when it shows it: both in order of number. Equal heads
 * mean that both desks have the same messages in the same order; a head that differs at a place that both have passed
 * means that one of them was shown, or remembers, something else. Nothing is signed here: whoever holds the hashes could
 * have made them, so they prove nothing to a third.
 */
export interface Entry {
  readonly direction: Direction;
  readonly lane: Lane;
  /** Higher than that of the entry before. */
  readonly number: number;
  /** 32 bytes: `digestOf` for texts. */
  readonly digest: Uint8Array;
  /** 32 bytes: `commitmentOf` on the record, else null. */
  readonly commitment: Uint8Array | null;
}

/** One hash of a chain, to be written beside its message. */
export interface Link {
  readonly direction: Direction;
  readonly lane: Lane;
  readonly number: number;
  /** Entries up to and with this one. */
  readonly count: number;
  readonly hash: Uint8Array;
}

/** How far one chain has come. */
export interface ChainHead {
  readonly direction: Direction;
  readonly lane: Lane;
  /** 1 and up; a chain without an entry is not in a head. */
  readonly count: number;
  readonly hash: Uint8Array;
}

export interface Head {
  /** What the transcript began with, 32 bytes. */
  readonly origin: Uint8Array;
  /** By direction, then lane; each once. */
  readonly chains: readonly ChainHead[];
}

export type Comparison =
  | { readonly kind: 'equal' }
  /**
   * Equal as far as both have come. What this desk lacks of its *own* direction was sent by a later state of its store: it
   * was restored from a copy.
   */
  | {
      readonly kind: 'behind';
      readonly chains: readonly {
        readonly direction: Direction;
        readonly lane: Lane;
        /** Entries that this desk lacks, and that the peer lacks; one of them is 0. */
        readonly own: number;
        readonly peer: number;
      }[];
    }
  /** An alarm: the reason is a sentence for people. */
  | { readonly kind: 'mismatch'; readonly reason: string };

/** Heads are exchanged after so many messages, at each start and at the close. */
export const HEAD_EVERY = 32;
/** Hashes that are kept of each chain: more than an outbox holds, so that a peer's head can be found among them. */
export const LINKS_KEPT = 1024;
const HASH_BYTES = 32;

/** Hashes of one chain: `hashes[i]` is that of entry `count − hashes.length + 1 + i`. */
interface Chain {
  count: number;
  number: number;
  hashes: Uint8Array[];
}

export class Transcript {
  readonly #origin: Uint8Array;
  readonly #chains = new Map<string, Chain>();
  #sinceHead = 0;

  /**
   * `origin`: 32 bytes that both desks agree on and that name this conversation and this beginning of it; after a restore
   * both begin a new one. `links`: what was kept of an earlier life, in any order, the newest 1,024 of each chain at
   * least. Throws HotlineError `hotline/store` when links are missing between others, `hotline/bad-argument` for an origin
   * of another length.
   */
  constructor(origin: Uint8Array, links: readonly Link[] = []) {
    checkHash('origin', origin);
    this.#origin = origin.slice();
    const rising = [...links].sort((a, b) => a.count - b.count);
    for (const { direction, lane, number, count, hash } of rising) {
      const chain = this.#chainOf(direction, lane);
      const follows = chain.count === 0 || (count === chain.count + 1 && number > chain.number);
      if (!follows || hash.length !== HASH_BYTES || count < 1) {
        throw new HotlineError(
          'hotline/store',
          `the transcript lacks what comes before entry ${count}; the store is damaged`,
        );
      }
      keep(chain, count, number, hash.slice());
    }
  }

  /**
   * Adds messages that were said, in this order. The links are written with the messages; as everywhere, memory is ahead
   * until then. Throws HotlineError `hotline/bad-argument` for a number that does not rise; nothing is added then.
   */
  add(entries: readonly Entry[]): readonly Link[] {
    const last = new Map<string, number>();
    for (const { direction, lane, number, digest, commitment } of entries) {
      checkHash('digest', digest);
      if (commitment !== null) checkHash('commitment', commitment);
      const name = nameOf(direction, lane);
      const before = last.get(name) ?? this.#chains.get(name)?.number ?? 0;
      if (!Number.isSafeInteger(number) || number <= before) {
        throw new HotlineError(
          'hotline/bad-argument',
          `message ${number} comes after message ${before} in the transcript`,
        );
      }
      last.set(name, number);
    }
    this.#sinceHead += entries.length;
    return entries.map((entry) => {
      const { direction, lane, number } = entry;
      const chain = this.#chainOf(direction, lane);
      const hash = follow(chain.hashes.at(-1)!, entry);
      keep(chain, chain.count + 1, number, hash);
      return { direction, lane, number, count: chain.count, hash: hash.slice() };
    });
  }

  /** Whether 32 messages have come since `head` was last taken. */
  get headDue(): boolean {
    return this.#sinceHead >= HEAD_EVERY;
  }

  /** To be sent to the peer. */
  head(): Head {
    this.#sinceHead = 0;
    const chains: ChainHead[] = [];
    for (const direction of [1, 2] as const) {
      for (const lane of LANES) {
        const chain = this.#chains.get(nameOf(direction, lane));
        if (chain && chain.count > 0)
          chains.push({ direction, lane, count: chain.count, hash: chain.hashes.at(-1)!.slice() });
      }
    }
    return { origin: this.#origin.slice(), chains };
  }

  /** Compares the peer's head with this transcript. */
  compare(peer: Head): Comparison {
    if (!same(peer.origin, this.#origin)) {
      return { kind: 'mismatch', reason: 'The two desks have begun their transcripts differently.' };
    }
    const theirs = new Map(peer.chains.map((chain) => [nameOf(chain.direction, chain.lane), chain]));
    const behind = [];
    for (const direction of [1, 2] as const) {
      for (const lane of LANES) {
        const name = nameOf(direction, lane);
        const ours = this.#chains.get(name)?.count ?? 0;
        const { count, hash } = theirs.get(name) ?? { count: 0, hash: null };
        const own = Math.max(0, count - ours);
        const lacking = Math.max(0, ours - count);
        if (hash && own === 0) {
          const here = this.#hashAt(name, count);
          if (!here) {
            const reason = `The other desk is ${lacking} messages behind in its transcript, too many to check: was its store restored from a copy?`;
            return { kind: 'mismatch', reason };
          }
          if (!same(here, hash)) {
            const reason = `The two desks do not remember the same messages: they differ within the first ${count} of lane ${lane}, direction ${direction}.`;
            return { kind: 'mismatch', reason };
          }
        }
        if (own + lacking > 0) behind.push({ direction, lane, own, peer: lacking });
      }
    }
    return behind.length === 0 ? { kind: 'equal' } : { kind: 'behind', chains: behind };
  }

  /** Whether everything that `head` says is in this transcript, at the latest as its newest: it may then be signed. */
  covers(head: Head): boolean {
    const comparison = this.compare(head);
    if (comparison.kind === 'equal') return true;
    return comparison.kind === 'behind' && comparison.chains.every(({ own }) => own === 0);
  }

  #chainOf(direction: Direction, lane: Lane): Chain {
    const name = nameOf(direction, lane);
    let chain = this.#chains.get(name);
    if (!chain) {
      chain = { count: 0, number: 0, hashes: [begin(this.#origin, direction, lane)] };
      this.#chains.set(name, chain);
    }
    return chain;
  }

  #hashAt(name: string, count: number): Uint8Array | undefined {
    const chain = this.#chains.get(name);
    return chain?.hashes[count - (chain.count - chain.hashes.length + 1)];
  }
}

export function encodeHead({ origin, chains }: Head): Uint8Array {
  const writer = new Writer().raw(origin).u8(chains.length);
  for (const { direction, lane, count, hash } of chains) {
    writer.u8(direction).u8(laneByte(lane)).u64(count).raw(hash);
  }
  return writer.finish();
}

/** Throws HotlineError `hotline/malformed`. */
export function readHead(bytes: Uint8Array): Head {
  const reader = new Reader(bytes, 'the head of the transcript');
  const origin = reader.raw(HASH_BYTES);
  const chains: ChainHead[] = [];
  let before = 0;
  for (let left = reader.u8(); left > 0; left--) {
    const direction = reader.u8();
    const lane = LANES[reader.u8() - 1];
    const count = reader.u64();
    const hash = reader.raw(HASH_BYTES);
    if ((direction !== 1 && direction !== 2) || !lane || count < 1)
      throw reader.refuse('it has a chain that there is not');
    const place = direction * 256 + laneByte(lane);
    if (place <= before) throw reader.refuse('its chains are not in order');
    before = place;
    chains.push({ direction, lane, count, hash });
  }
  reader.end();
  return { origin, chains };
}

function keep(chain: Chain, count: number, number: number, hash: Uint8Array): void {
  // The first link that a store still has may be any: what came before it was dropped.
  if (count !== chain.count + 1) chain.hashes = [];
  chain.count = count;
  chain.number = number;
  chain.hashes.push(hash);
  if (chain.hashes.length > LINKS_KEPT) chain.hashes.shift();
}

function begin(origin: Uint8Array, direction: Direction, lane: Lane): Uint8Array {
  const writer = new Writer().labelled('skykey/hotline/transcript/2', origin);
  return sha256(writer.u8(direction).u8(laneByte(lane)).finish());
}

function follow(previous: Uint8Array, { direction, lane, number, digest, commitment }: Entry): Uint8Array {
  const writer = new Writer().labelled('skykey/hotline/entry/2', previous);
  writer.u8(direction).u8(laneByte(lane)).u64(number).raw(digest);
  writer.u8(commitment === null ? 0 : 1).raw(commitment ?? new Uint8Array(0));
  return sha256(writer.finish());
}

function nameOf(direction: Direction, lane: Lane): string {
  return `${direction}/${lane}`;
}

/** As in the records of the lanes. */
function laneByte(lane: Lane): number {
  return LANES.indexOf(lane) + 1;
}

function checkHash(what: string, bytes: Uint8Array): void {
  if (bytes.length === HASH_BYTES) return;
  throw new HotlineError(
    'hotline/bad-argument',
    `the ${what} of a transcript has ${HASH_BYTES} bytes, not ${bytes.length}`,
  );
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest());
}
