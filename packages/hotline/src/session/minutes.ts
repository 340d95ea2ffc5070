import { createHash } from 'node:crypto';
import { Reader, Writer } from '../bytes.ts';
import { HotlineError } from '../error.ts';
import { commitmentOf, digestOf, type Sealing, type TextMessage } from '../sealed/index.ts';
import type { Direction } from '../secret/index.ts';
import { type Comparison, encodeHead, LINKS_KEPT, type Link, readHead, Transcript } from '../stream/index.ts';
import type { Steps } from './steps.ts';

const ORIGIN = 'session/minutes';

/** Hears, within the same step, what is in the transcript, and that another begins. */
interface Follower {
  readonly added: (direction: Direction, sealing: Sealing, message: TextMessage) => void;
  readonly begun: (origin: Uint8Array) => void;
}

/**
 * What was said, as both desks remember it. After a restore both begin anew, by an origin that the agreement gives them,
 * and leave out what the receiver had accepted by then: it may be remembered on one side alone.
 */
export class Minutes {
  readonly #steps: Steps;
  readonly #follower: Follower;
  #origin: Uint8Array;
  /** Numbers up to these are not in this transcript, by direction. */
  #from: Readonly<Record<Direction, number>>;
  #transcript: Transcript;
  /** Places of the store that hold a link. */
  readonly #places = new Set<string>();

  constructor(steps: Steps, kept: ReadonlyMap<string, Uint8Array>, follower: Follower) {
    this.#steps = steps;
    this.#follower = follower;
    const links: Link[] = [];
    for (const [name, bytes] of kept) {
      if (!name.startsWith(`${ORIGIN}/`)) continue;
      links.push(readLink(bytes));
      this.#places.add(name);
    }
    const origin = kept.get(ORIGIN);
    const begun = origin ? readOrigin(origin) : { origin: new Uint8Array(32), from: { 1: 0, 2: 0 } };
    this.#origin = begun.origin;
    this.#from = begun.from;
    this.#transcript = new Transcript(this.#origin, newest(links));
  }

  /** 32 bytes for an agreement, over where this transcript began and the eras of both stores, in order of direction. */
  hash(first: number, second: number): Uint8Array {
    const bytes = new Writer().name('skykey/hotline/minutes/2').raw(this.#origin).u64(first).u64(second).finish();
    return new Uint8Array(createHash('sha256').update(bytes).digest());
  }

  /** 32 bytes: where this transcript began. */
  get origin(): Uint8Array {
    return this.#origin;
  }

  /** Within a step. */
  add(direction: Direction, sealing: Sealing, message: TextMessage): void {
    const { number } = message;
    if (number <= this.#from[direction]) return;
    const { digest, commitment } = { digest: digestOf(sealing, message), commitment: commitmentOf(message) };
    for (const link of this.#transcript.add([{ direction, lane: 'text', number, digest, commitment }])) {
      const place = `${ORIGIN}/${link.direction}/${link.count % (2 * LINKS_KEPT)}`;
      this.#steps.put(place, writeLink(link));
      this.#places.add(place);
    }
    this.#follower.added(direction, sealing, message);
  }

  /** Within a step: both begin anew. `from`: what each direction's receiver had accepted. */
  beginAnew(epochId: Uint8Array, from: Readonly<Record<Direction, number>>): void {
    this.#origin = new Uint8Array(createHash('sha256').update('skykey/hotline/minutes/2').update(epochId).digest());
    this.#from = from;
    this.#transcript = new Transcript(this.#origin);
    for (const place of this.#places) this.#steps.put(place, null);
    this.#places.clear();
    this.#steps.put(ORIGIN, new Writer().raw(this.#origin).u64(from[1]).u64(from[2]).finish());
    this.#follower.begun(this.#origin);
  }

  /** Whether so much was said since the last head that the peer should see one. */
  get headDue(): boolean {
    return this.#transcript.headDue;
  }

  head(): Uint8Array {
    return encodeHead(this.#transcript.head());
  }

  /** Throws HotlineError `hotline/malformed`. */
  compare(head: Uint8Array): Comparison {
    return this.#transcript.compare(readHead(head));
  }
}

/** Of places that were written over, the newest; and only what follows without a gap. */
function newest(links: readonly Link[]): readonly Link[] {
  return ([1, 2] as const).flatMap((direction) => {
    const own = links.filter((link) => link.direction === direction).sort((a, b) => a.count - b.count);
    return own.slice(-LINKS_KEPT);
  });
}

function writeLink({ direction, number, count, hash }: Link): Uint8Array {
  return new Writer().u8(direction).u64(number).u64(count).raw(hash).finish();
}

function readLink(bytes: Uint8Array): Link {
  const reader = new Reader(bytes, 'a link of the transcript');
  return stored(() => {
    const direction: Direction = reader.u8() === 1 ? 1 : 2;
    const link: Link = { direction, lane: 'text', number: reader.u64(), count: reader.u64(), hash: reader.raw(32) };
    reader.end();
    return link;
  });
}

function readOrigin(bytes: Uint8Array): { origin: Uint8Array; from: Readonly<Record<Direction, number>> } {
  const reader = new Reader(bytes, 'the beginning of the transcript');
  return stored(() => {
    const origin = reader.raw(32);
    const from = { 1: reader.u64(), 2: reader.u64() };
    reader.end();
    return { origin, from };
  });
}

function stored<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new HotlineError('hotline/store', 'the transcript cannot be read; the store is damaged', { cause });
  }
}
