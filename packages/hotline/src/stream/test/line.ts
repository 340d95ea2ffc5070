import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { HotlineError } from '../../error.ts';
import { type Ack, encodeAck, encodeHolding, highestOf, readAck, readHolding } from '../ack.ts';
import { Inbox, type Release } from '../inbox.ts';
import { Outbox } from '../outbox.ts';
import { type Link, Transcript } from '../transcript.ts';
import type { Seeded } from './seeded.ts';

/** Power goes. Thrown out of a write, before it or after it. */
export class Crash extends Error {}

/** What a desk that sends has on its disk. */
export interface SenderDisk {
  outbox: Uint8Array | null;
  /** Payloads of what is held. */
  readonly payloads: Map<number, string>;
  /** Everything that was ever written here, by number. */
  readonly history: Map<number, { text: string; delivered: boolean; turn: number }>;
  links: readonly Link[];
  /** Writes so far; the witness outside knows the highest ever. */
  writes: number;
}

export interface ReceiverDisk {
  inbox: Uint8Array | null;
  readonly payloads: Map<number, string>;
  /** What the person has before her, oldest first. */
  readonly shown: (Release & { text: string })[];
  links: readonly Link[];
}

type Packet = { readonly epoch: number } & (
  | { readonly kind: 'message'; readonly number: number; readonly text: string }
  | { readonly kind: 'ack'; readonly bytes: Uint8Array }
  | { readonly kind: 'holding'; readonly bytes: Uint8Array }
);

export interface Weather {
  /** Probabilities of a packet to be lost, and to be doubled. */
  readonly loss: number;
  readonly doubling: number;
  /** Probability of a crash at a write; half of them before it, half after. */
  readonly crash: number;
  /** What was in the air can still be read after a restart. */
  readonly outlives: boolean;
}

const ORIGIN = new Uint8Array(32).fill(1);

/**
 * One direction of a conversation: a desk that sends, one that receives, a line that loses, doubles and reorders, writes
 * at which the power may go, stores that may be restored from copies. The rules of a session are kept: nothing leaves
 * before it is durable, a start of either side begins an epoch, whose first words are the ack and what is held.
 */
export class Line {
  sender: SenderDisk = { outbox: null, payloads: new Map(), history: new Map(), links: [], writes: 0 };
  receiver: ReceiverDisk = { inbox: null, payloads: new Map(), shown: [], links: [] };
  weather: Weather;
  nowMs = 0;
  /** Rises with every act; texts carry the turn in which they were written. */
  turn = 0;
  /** Texts ever written, by number: a number may come to another text after a restore. */
  readonly written = new Map<number, Set<string>>();
  crashes = 0;
  readonly #seeded: Seeded;
  #air: Packet[] = [];
  #epoch = 0;
  #witness = 0;
  #texts = 0;
  #outbox = new Outbox({ state: null });
  #inbox = new Inbox(null);
  #transcripts = { sender: new Transcript(ORIGIN), receiver: new Transcript(ORIGIN) };

  constructor(seeded: Seeded, weather: Weather) {
    this.#seeded = seeded;
    this.weather = weather;
  }

  /** Runs `act`; a crash in it restarts that desk, until it has started. */
  survive(act: () => void): void {
    try {
      act();
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      this.crashes++;
      this.survive(() => this.restart());
    }
  }

  /** Both desks begin anew from their disks and agree on an epoch: what was in the air cannot be read any more. */
  restart(): void {
    this.#epoch++;
    const restoredFromCopy = this.sender.writes < this.#witness;
    this.#outbox = new Outbox({ state: this.sender.outbox, restoredFromCopy });
    this.#inbox = new Inbox(this.receiver.inbox);
    this.#transcripts = {
      sender: new Transcript(ORIGIN, this.sender.links),
      receiver: new Transcript(ORIGIN, this.receiver.links),
    };
    const { ack } = this.#inbox;
    if (restoredFromCopy) {
      assert.equal(highestOf(ack), this.#inbox.highest);
      const { state } = this.#outbox.skipTo(this.#inbox.highest + 1);
      this.#writeSender(() => {
        this.sender.outbox = state;
      });
    }
    this.#confirm(ack);
    this.#lose(encodeHolding(this.#outbox.holding));
  }

  /** The two heads, compared at both desks. */
  compare(): string[] {
    const { sender, receiver } = this.#transcripts;
    return [sender.compare(receiver.head()).kind, receiver.compare(sender.head()).kind];
  }

  write(): void {
    if (this.#outbox.refusal) return;
    const text = `text ${++this.#texts}`;
    const { number, state } = this.#outbox.add();
    const links = this.#transcripts.sender.add([entryOf(number, text)]);
    this.#writeSender(() => {
      this.sender.outbox = state;
      this.sender.payloads.set(number, text);
      this.sender.history.set(number, { text, delivered: false, turn: this.turn });
      this.sender.links = [...this.sender.links, ...links];
      this.written.set(number, (this.written.get(number) ?? new Set()).add(text));
    });
  }

  /** Sends what is due, and now and then the list of what is held. */
  send(): void {
    for (const { number } of this.#outbox.due(this.nowMs)) {
      this.#post({ epoch: this.#epoch, kind: 'message', number, text: this.sender.payloads.get(number)! });
    }
    if (this.#seeded.chance(0.1)) {
      this.#post({ epoch: this.#epoch, kind: 'holding', bytes: encodeHolding(this.#outbox.holding) });
    }
  }

  /** Any packet of those in the air arrives. */
  arrive(): void {
    const [packet] = this.#air.splice(this.#seeded.below(this.#air.length), 1);
    // Sealed under keys that both desks have dropped.
    if (!packet || (packet.epoch !== this.#epoch && !this.weather.outlives)) return;
    if (packet.kind === 'ack') this.#confirm(readAck(packet.bytes));
    else if (packet.kind === 'holding') this.#lose(packet.bytes);
    else this.#receive(packet.number, packet.text);
  }

  /** Until nothing waits any more, on a line that is well. */
  settle(): void {
    this.weather = { loss: 0, doubling: 0, crash: 0, outlives: false };
    this.survive(() => this.restart());
    for (let round = 0; this.#outbox.holding.held.length > 0 || this.#air.length > 0; round++) {
      assert.ok(round < 200, 'the stream does not come to rest');
      this.nowMs += 5000;
      this.send();
      while (this.#air.length > 0) this.arrive();
    }
    this.#lose(encodeHolding(this.#outbox.holding));
    assert.equal(this.#inbox.waiting, 0);
    assert.equal(this.#inbox.ack.cumulative, this.#outbox.holding.next - 1);
  }

  get missed(): number {
    return this.#inbox.missed;
  }

  #receive(number: number, text: string): void {
    try {
      if (this.#inbox.judge(number) === 'new') {
        const accepted = this.#inbox.accept(number);
        if (accepted.kind === 'new') this.#show(accepted.released, accepted.state, [number, text]);
      }
    } catch (error) {
      if (!(error instanceof HotlineError && error.code === 'hotline/out-of-order')) throw error;
      return;
    }
    this.#post({ epoch: this.#epoch, kind: 'ack', bytes: encodeAck(this.#inbox.ack) });
  }

  #lose(bytes: Uint8Array): void {
    const told = this.#inbox.lose(readHolding(bytes));
    if (told) this.#show(told.released, told.state);
  }

  #show(released: readonly Release[], state: Uint8Array, came?: readonly [number, string]): void {
    const textOf = (number: number): string => (came?.[0] === number ? came[1] : this.receiver.payloads.get(number)!);
    const links = this.#transcripts.receiver.add(released.map(({ number }) => entryOf(number, textOf(number))));
    this.#write(() => {
      this.receiver.inbox = state;
      if (came) this.receiver.payloads.set(...came);
      this.receiver.shown.push(...released.map((release) => ({ ...release, text: textOf(release.number) })));
      this.receiver.links = [...this.receiver.links, ...links];
    });
  }

  #confirm(ack: Ack): void {
    const { confirmed, state } = this.#outbox.acknowledge(ack);
    if (confirmed.length === 0) return;
    this.#writeSender(() => {
      this.sender.outbox = state;
      for (const number of confirmed) {
        this.sender.payloads.delete(number);
        this.sender.history.get(number)!.delivered = true;
      }
    });
  }

  #writeSender(change: () => void): void {
    this.#write(() => {
      change();
      this.sender.writes = ++this.#witness;
    });
  }

  #write(change: () => void): void {
    if (this.#seeded.chance(this.weather.crash / 2)) throw new Crash();
    change();
    if (this.#seeded.chance(this.weather.crash / 2)) throw new Crash();
  }

  #post(packet: Packet): void {
    for (let copies = this.#seeded.chance(this.weather.doubling) ? 2 : 1; copies > 0; copies--) {
      if (!this.#seeded.chance(this.weather.loss)) this.#air.push(packet);
    }
  }
}

function entryOf(number: number, text: string) {
  const digest = new Uint8Array(createHash('sha256').update(text).digest());
  return { direction: 1, lane: 'text', number, digest, commitment: null } as const;
}
