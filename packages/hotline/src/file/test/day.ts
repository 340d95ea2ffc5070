import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { SecretBytes } from '@skykey/bits';
import { CHUNK_BYTES, chunkBytes, chunkCount } from '../chunked.ts';
import type { FileEffect } from '../effect.ts';
import { FirstPass } from '../first-pass.ts';
import { decodeFileMessage, encodeFileMessage, type FileMessage, laneOf } from '../message.ts';
import { type FileOffer, makeOffer } from '../offer.ts';
import { FileReceiver } from '../receiver.ts';
import { FileSender } from '../sender.ts';
import { SeededChance } from './random.ts';

export const CONVERSATION = Uint8Array.from({ length: 16 }, (_, i) => 0xa0 + i);

export function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest());
}

/** Whether two files are the same; `assert.deepEqual` would describe every byte of the difference. */
export function sameFile(a: Uint8Array | null, b: Uint8Array): boolean {
  return a !== null && Buffer.compare(a, b) === 0;
}

export function firstPass(file: Uint8Array): ReturnType<FirstPass['finish']> {
  const pass = new FirstPass(file.length);
  pass.add(file);
  return pass.finish();
}

/** An offer of `file` with keys made of `seed`. */
export function offerOf(file: Uint8Array, seed = 1): FileOffer {
  const chance = new SeededChance(seed);
  return makeOffer({
    conversationId: CONVERSATION,
    fileId: chance.bytes(16),
    name: 'plan.pdf',
    hashes: firstPass(file),
    key: SecretBytes.adopt(chance.bytes(32)),
    salt: chance.bytes(24),
  });
}

export interface DayOptions {
  readonly seed: number;
  readonly file: Uint8Array;
  /** Probabilities for each message. */
  readonly loss?: number;
  readonly double?: number;
  /** A message takes 5 ms to this many, so that they overtake each other. */
  readonly delayMs?: number;
  /** Probability that the host dies before it carries out an effect, and how often at most each of them does. */
  readonly crash?: number;
  readonly crashes?: number;
  readonly window?: number;
  /** Chunks that fit on the receiver's disk. */
  readonly room?: number;
}

/**
 * One file between two hosts over a bad network, on a clock of its own, by a seed: what the disks really hold is
 * compared with the file at every write, and each request with what was durable.
 */
export class Day {
  readonly chance: SeededChance;
  readonly options: DayOptions;
  readonly original: Uint8Array;
  /** What lies on the sender's disk now; a test may change it. */
  file: Uint8Array;
  readonly offer: FileOffer;
  sender: FileSender;
  receiver: FileReceiver;
  nowMs = 0;
  /** The partial file; null once it was deleted. */
  partial: Uint8Array | null;
  delivered: Uint8Array | null = null;
  room: number;
  /** How often each chunk was written, asked for, sent. */
  readonly counts = { writes: 0, asked: 0, sent: 0, crashes: 0 };
  readonly everWritten = new Set<number>();
  readonly #key: Uint8Array;
  #kept: { state: Uint8Array; durable: Set<number> };
  #durable = new Set<number>();
  readonly #sealed = new Map<number, string>();
  readonly #crashed = { sender: 0, receiver: 0 };
  #lives = { sender: 0, receiver: 0 };
  readonly #queue: { at: number; run: () => void }[] = [];

  constructor(options: DayOptions) {
    this.options = options;
    this.chance = new SeededChance(options.seed);
    this.original = options.file;
    this.file = options.file.slice();
    this.room = options.room ?? Infinity;
    this.offer = offerOf(options.file, options.seed + 1);
    this.#key = this.offer.key.open((key) => key.slice());
    this.partial = new Uint8Array(options.file.length);
    this.sender = this.#newSender(false);
    this.receiver = new FileReceiver(this.#receiverOptions());
    this.#kept = { state: this.receiver.state(), durable: new Set() };
  }

  /** Runs `what` at a moment of the day. */
  at(ms: number, what: () => void): void {
    const event = { at: ms, run: what };
    let place = this.#queue.length;
    while (place > 0 && this.#queue[place - 1]!.at > ms) place--;
    this.#queue.splice(place, 0, event);
  }

  /** The receiver's person takes the file, and the day goes on until `over` or the hour. */
  run(over: () => boolean = () => this.sender.ended && this.receiver.ended, untilMs = 3_600_000): void {
    // A crash may forget that someone has accepted: whoever looks sees it, and does it again.
    while (this.receiver.stage === 'offered') this.asReceiver((receiver) => receiver.accept(this.nowMs));
    while (!over() && this.nowMs < untilMs) {
      const wakes = [this.sender.wakeAt(), this.receiver.wakeAt()].filter((at) => at !== null);
      const next = this.#queue[0];
      const wake = wakes.length > 0 ? Math.max(this.nowMs, Math.min(...wakes)) : null;
      if (next && (wake === null || next.at <= wake)) {
        this.#queue.shift();
        this.nowMs = next.at;
        next.run();
      } else if (wake !== null) {
        this.nowMs = wake;
        this.asSender((sender) => sender.tick(this.nowMs));
        this.asReceiver((receiver) => receiver.tick(this.nowMs));
      } else {
        // Both have given up asking; some time later there is a new connection.
        this.nowMs += 600_000;
        this.asSender((sender) => sender.reconnected(this.nowMs));
        this.asReceiver((receiver) => receiver.reconnected(this.nowMs));
      }
    }
  }

  /** Calls the sender and carries out what it wants, unless its host dies over it. */
  asSender(call: (sender: FileSender) => FileEffect[]): void {
    const effects = call(this.sender);
    for (const effect of effects) {
      if (this.#dies('sender')) {
        this.#restartSender();
        return;
      }
      this.#carryOut('sender', effect);
    }
  }

  asReceiver(call: (receiver: FileReceiver) => FileEffect[]): void {
    const effects = call(this.receiver);
    for (const effect of effects) {
      if (this.#dies('receiver')) {
        this.#restartReceiver();
        return;
      }
      this.#carryOut('receiver', effect);
    }
  }

  #dies(side: 'sender' | 'receiver'): boolean {
    if (this.#crashed[side] >= (this.options.crashes ?? 3) || !this.chance.chance(this.options.crash ?? 0))
      return false;
    this.#crashed[side]++;
    this.#lives[side]++;
    this.counts.crashes++;
    return true;
  }

  #restartSender(): void {
    this.sender = this.#newSender(this.chance.chance(0.5));
    this.asSender((sender) => sender.reconnected(this.nowMs));
  }

  #restartReceiver(): void {
    // Every writing that was not acknowledged may be there, or not, or half.
    this.#durable = new Set(this.#kept.durable);
    for (let index = 0; this.partial && index < chunkCount(this.original.length); index++) {
      if (this.#durable.has(index) || !this.chance.chance(0.3)) continue;
      const from = index * CHUNK_BYTES;
      this.partial.fill(0xee, from, from + chunkBytes(this.original.length, index));
    }
    this.receiver = FileReceiver.restore(this.#kept.state, this.#receiverOptions());
    this.asReceiver((receiver) => receiver.reconnected(this.nowMs));
  }

  #newSender(accepted: boolean): FileSender {
    const { offer } = this;
    const start = this.chance.bytes(8);
    return new FileSender({ conversationId: CONVERSATION, offer, hashes: firstPass(this.file), start, accepted });
  }

  #receiverOptions(): ConstructorParameters<typeof FileReceiver>[0] {
    const { key: _, ...facts } = this.offer;
    const key = SecretBytes.adopt(this.#key.slice());
    const { window } = this.options;
    const base = { conversationId: CONVERSATION, facts, key, start: this.chance.bytes(8) };
    return window === undefined ? base : { ...base, window };
  }

  /** After `ms`, if the host lives until then. */
  #later(side: 'sender' | 'receiver', ms: number, what: () => void): void {
    const life = this.#lives[side];
    this.at(this.nowMs + ms, () => {
      if (this.#lives[side] === life) what();
    });
  }

  #carryOut(side: 'sender' | 'receiver', effect: FileEffect): void {
    switch (effect.kind) {
      case 'send':
        this.#send(side, effect.message);
        if (effect.message.kind === 'chunk') {
          const { index } = effect.message;
          this.#later('sender', 1, () => this.asSender((sender) => sender.chunkSent(index)));
        }
        return;
      case 'read': {
        const { index, offset, bytes } = effect;
        assert.ok(offset >= 0 && offset + bytes <= this.original.length, 'reads inside the file only');
        this.#later('sender', this.chance.below(10), () => {
          const plaintext = this.file.slice(offset, offset + bytes);
          this.asSender((sender) => sender.chunkRead(index, plaintext, this.file.length));
        });
        return;
      }
      case 'write':
        this.#write(effect.index, effect.offset, effect.plaintext);
        return;
      case 'keep':
        this.#kept = { state: this.receiver.state(), durable: new Set(this.#durable) };
        return;
      case 'verify':
        this.#later('receiver', 20, () =>
          this.asReceiver((receiver) => receiver.verified(sha256(this.partial!), this.nowMs)),
        );
        return;
      case 'deliver':
        assert.ok(sameFile(this.partial, this.original), 'what is delivered is what was offered');
        this.delivered = this.partial!;
        return;
      case 'discard':
        assert.equal(this.delivered, null, 'nothing delivered is thrown away');
        this.partial = null;
    }
  }

  #write(index: number, offset: number, plaintext: Uint8Array): void {
    const { original } = this;
    assert.ok(index >= 0 && index < chunkCount(original.length), 'writes inside the file only');
    assert.equal(offset, index * CHUNK_BYTES);
    assert.equal(plaintext.length, chunkBytes(original.length, index));
    const wanted = original.subarray(offset, offset + plaintext.length);
    assert.equal(Buffer.compare(plaintext, wanted), 0, 'never other bytes than those of the file');
    this.#later('receiver', this.chance.below(30), () => {
      if (!this.everWritten.has(index) && this.everWritten.size >= this.room) {
        this.asReceiver((receiver) => receiver.writeFailed(index, 'disk-full'));
        return;
      }
      this.counts.writes++;
      this.everWritten.add(index);
      this.partial?.set(plaintext, offset);
      this.#durable.add(index);
      this.asReceiver((receiver) => receiver.written(index, this.nowMs));
    });
  }

  #send(side: 'sender' | 'receiver', message: FileMessage): void {
    this.#watch(message);
    const bytes = encodeFileMessage(message);
    const copies = this.chance.chance(this.options.loss ?? 0)
      ? 0
      : this.chance.chance(this.options.double ?? 0)
        ? 2
        : 1;
    for (let copy = 0; copy < copies; copy++) {
      const ms = 5 + this.chance.below(this.options.delayMs ?? 1);
      this.at(this.nowMs + ms, () => {
        const arrived = decodeFileMessage(bytes, laneOf(message.kind));
        if (side === 'sender') this.asReceiver((receiver) => receiver.receive(arrived, this.nowMs));
        else this.asSender((sender) => sender.receive(arrived, this.nowMs));
      });
    }
  }

  #watch(message: FileMessage): void {
    if (message.kind === 'request') {
      for (let index = message.from; index < message.from + message.count; index++) {
        this.counts.asked++;
        assert.ok(!this.#durable.has(index), `chunk ${index} is durable and is not asked for again`);
      }
    }
    if (message.kind === 'chunk') {
      this.counts.sent++;
      const seal = Buffer.from(sha256(message.sealed)).toString('hex');
      const before = this.#sealed.get(message.index) ?? seal;
      assert.equal(seal, before, 'one nonce, one plaintext, for ever');
      this.#sealed.set(message.index, seal);
    }
  }
}
