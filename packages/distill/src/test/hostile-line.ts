import { setImmediate } from 'node:timers/promises';
import { runAlice } from '../alice.ts';
import { type BobOptions, runBob } from '../bob.ts';
import { DistillError } from '../error.ts';
import { type MessageType, typeOf } from '../messages.ts';
import { spentSlots } from '../sync/disclosure.ts';
import type {
  Acquisition,
  Channel,
  DetectionChunk,
  EmissionRecord,
  RandomBytes,
  SessionParameters,
  SessionReport,
} from '../types.ts';
import {
  type Direction,
  type Light,
  type Site,
  SMALL_BLOCK,
  SMALL_LIGHT,
  seededBytes,
  synthesise,
} from './benchtop.ts';

/**
 * A line that belongs to the attacker. She hears every message as it is sent, and what arrives, where, when and how often, is
 * what she delivers. For tests; no part of a session.
 *
 * There is no clock on it and no patience: as soon as each party has either come to its end or waits for a message while
 * nothing is on its way to it, nothing can ever move again, and the line is closed, as its holder would after a while.
 */

/** A message as it left a party. */
export interface Overheard {
  readonly bytes: Uint8Array;
  readonly direction: Direction;
  readonly type: MessageType;
  /** Of all messages of the session, in the order in which they were sent. */
  readonly index: number;
}

/** Puts bytes at the end of a direction, as if they had been sent there. */
export type Deliver = (bytes: Uint8Array, direction: Direction) => void;

export interface Attacker {
  /** Called with every message; without a call of `deliver` it is gone. */
  hear(message: Overheard, deliver: Deliver): void;
  /** Nothing moves any more: her last chance before the line is closed. Called again for as long as she delivers. */
  silence?(deliver: Deliver): void;
}

/** Hears all and changes nothing. */
export const LISTENER: Attacker = { hear: ({ bytes, direction }, deliver) => deliver(bytes, direction) };

export const opposite = (direction: Direction): Direction =>
  direction === 'alice-to-bob' ? 'bob-to-alice' : 'alice-to-bob';

/** What is on its way in one direction, and the party at its end. */
class Inbox {
  readonly #waiting: Uint8Array[] = [];
  #wake: (() => void) | undefined;
  #closed = false;
  /** Every message that the party took, in order. */
  readonly taken: Uint8Array[] = [];
  /** The party has come to its end. */
  over = false;

  put(bytes: Uint8Array): void {
    this.#waiting.push(bytes);
    this.#rouse();
  }

  close(): void {
    this.#closed = true;
    this.#rouse();
  }

  /** Whether the party at this end can do nothing by itself. */
  get stuck(): boolean {
    return this.over || this.#wake !== undefined;
  }

  #rouse(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  async take(stuck: () => void): Promise<Uint8Array> {
    while (!this.#waiting.length) {
      if (this.#closed) throw new DistillError('distill/peer-gone', 'the line was closed');
      if (this.#wake) throw new Error('a party waits for two messages at the same time');
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        stuck();
      });
    }
    const bytes = this.#waiting.shift()!;
    this.taken.push(bytes);
    return bytes;
  }
}

export class HostileLine {
  readonly alice: Channel;
  readonly bob: Channel;
  /** All that was sent, in order. */
  readonly said: Overheard[] = [];
  readonly #attacker: Attacker;
  readonly #inbox = { 'alice-to-bob': new Inbox(), 'bob-to-alice': new Inbox() };
  #closed = false;

  constructor(attacker: Attacker) {
    this.#attacker = attacker;
    this.alice = this.#end('alice-to-bob');
    this.bob = this.#end('bob-to-alice');
  }

  /** What was sent in a direction, and what the party at its end took, in order. */
  sent(direction: Direction): Uint8Array[] {
    return this.said.filter((message) => message.direction === direction).map(({ bytes }) => bytes);
  }

  taken(direction: Direction): readonly Uint8Array[] {
    return this.#inbox[direction].taken;
  }

  /**
   * Both parties to their ends. Rejects when one never comes to it: all that a party waits for but a message is there already, so
   * that after one turn of the event loop it has ended, or hangs.
   */
  async settle<A, B>(alice: Promise<A>, bob: Promise<B>): Promise<[PromiseSettledResult<A>, PromiseSettledResult<B>]> {
    const end = <T>(party: Promise<T>, direction: Direction): Promise<T> =>
      party.finally(() => {
        this.#inbox[direction].over = true;
        this.#look();
      });
    const both = Promise.allSettled([end(alice, 'bob-to-alice'), end(bob, 'alice-to-bob')]);
    await setImmediate();
    for (const [direction, { over }] of Object.entries(this.#inbox)) {
      if (!over) throw new Error(`${direction.slice(direction.indexOf('to-') + 3)} hangs`);
    }
    return both;
  }

  #end(direction: Direction): Channel {
    return {
      send: async (message) => {
        if (this.#closed) return;
        // A copy: what the sender overwrites afterwards was said all the same.
        const heard = { bytes: message.slice(), direction, type: typeOf(message)!, index: this.said.length };
        this.said.push(heard);
        this.#attacker.hear(heard, this.#deliver);
      },
      receive: () => this.#inbox[opposite(direction)].take(() => this.#look()),
    };
  }

  readonly #deliver: Deliver = (bytes, direction) => this.#inbox[direction].put(bytes.slice());

  #stuck(): boolean {
    return this.#inbox['alice-to-bob'].stuck && this.#inbox['bob-to-alice'].stuck;
  }

  #look(): void {
    if (this.#closed || !this.#stuck()) return;
    this.#attacker.silence?.(this.#deliver);
    if (!this.#stuck()) return;
    this.#closed = true;
    for (const inbox of Object.values(this.#inbox)) inbox.close();
  }
}

/** The light of a session as its two devices tell of it. */
export interface Source {
  readonly emissions: (slots: Float64Array) => Promise<EmissionRecord>;
  readonly chunks: () => BobOptions['chunks'];
}

/**
 * Synthetic light whose transmitter knows what it sent in every slot, not only in those that Bob has told of: it is asked
 * about others when somebody changed the numbers on the line.
 */
export function sourceOf(parameters: SessionParameters, light: Light): Source {
  const { emissions, chunks } = synthesise(parameters, light);
  /** Before each of the first two chunks Bob looks for his slots: the second time as if he had lost them. */
  async function* searching({ ask, settle }: Pick<Acquisition, 'ask' | 'settle'>): AsyncGenerator<DetectionChunk> {
    let from = 0;
    let claims = 0;
    for await (const { slot, detector, untilSlot } of chunks()) {
      if (claims++ < 2) {
        const claim = { centreSlot: Float64Array.of(from + 7, from + 20), halfSlots: 4 };
        await ask(claim);
        await settle({ found: true, significance: 8 });
        from = spentSlots(claim).until;
      }
      const due = slot.findIndex((at) => at >= from);
      yield { slot: slot.subarray(due), detector: detector.subarray(due), untilSlot };
      from = untilSlot;
    }
  }
  let known: Promise<Map<number, number>> | undefined;
  const remember = async (): Promise<Map<number, number>> => {
    const sent = new Map<number, number>();
    for await (const { slot } of chunks()) {
      const { intensity, basis, bit } = await emissions(slot);
      for (const [i, at] of slot.entries()) sent.set(at, intensity[i]! * 4 + basis[i]! * 2 + bit[i]!);
    }
    return sent;
  };
  return {
    chunks: () => (acquisition) =>
      searching({ ask: (claim) => acquisition.ask(claim), settle: (outcome) => acquisition.settle(outcome) }),
    emissions: async (slots) => {
      known ??= remember();
      const sent = await known;
      const all = Uint8Array.from(slots, (slot) => sent.get(slot) ?? slot % 12);
      return { intensity: all.map((v) => v >> 2), basis: all.map((v) => (v >> 1) & 1), bit: all.map((v) => v & 1) };
    },
  };
}

/** What the parties keep from session to session. */
export interface Sites {
  readonly alice: Site;
  readonly bob: Site;
}

export interface Siege {
  readonly attacker?: Attacker;
  readonly parameters?: SessionParameters;
  readonly source?: Source;
  readonly sites: Sites;
  readonly random?: { readonly alice: RandomBytes; readonly bob: RandomBytes };
}

export interface Besieged {
  readonly line: HostileLine;
  readonly alice: PromiseSettledResult<SessionReport>;
  readonly bob: PromiseSettledResult<SessionReport>;
}

/** One session on a line of the attacker's. */
export async function besiege(siege: Siege): Promise<Besieged> {
  const { attacker = LISTENER, parameters = SMALL_BLOCK, sites } = siege;
  const { source = sourceOf(parameters, SMALL_LIGHT), random = { alice: seededBytes(40), bob: seededBytes(41) } } =
    siege;
  const line = new HostileLine(attacker);
  const [alice, bob] = await line.settle(
    runAlice({
      parameters,
      channel: line.alice,
      emissions: source.emissions,
      keys: sites.alice.pads,
      store: sites.alice.store,
      random: random.alice,
    }),
    runBob({
      parameters,
      channel: line.bob,
      chunks: source.chunks(),
      keys: sites.bob.pads,
      store: sites.bob.store,
      random: random.bob,
    }),
  );
  return { line, alice, bob };
}

/** Whether a party ended with a key. */
export const accepted = (party: PromiseSettledResult<SessionReport>): boolean =>
  party.status === 'fulfilled' && party.value.verdict === 'accepted';

export interface SmallSession {
  readonly name: string;
  readonly parameters: SessionParameters;
  readonly light: Light;
}

/** One session of each method, small ones. */
export const SESSIONS: readonly SmallSession[] = [
  {
    name: 'cascade',
    // Which is what Alice chooses.
    parameters: { ...SMALL_BLOCK, method: 'auto' },
    light: { ...SMALL_LIGHT, detections: 7500, chunk: 2500 },
  },
  {
    name: 'ldpc',
    parameters: { ...SMALL_BLOCK, method: 'ldpc' },
    light: { ...SMALL_LIGHT, detections: 9000, chunk: 3000 },
  },
];
