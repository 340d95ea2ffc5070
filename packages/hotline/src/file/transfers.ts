import type { SecretBytes } from '@skykey/bits';
import { HotlineError } from '../error.ts';
import type { FileEffect } from './effect.ts';
import type { FileHashes } from './first-pass.ts';
import type { FileId } from './id.ts';
import type { FileBody, FileMessage } from './message.ts';
import type { FileFacts, FileOffer } from './offer.ts';
import { FileReceiver } from './receiver.ts';
import { MessageNumbers, START_BYTES } from './repeats.ts';
import { FileSender } from './sender.ts';

/** Files on their way at once, in each direction. One holds 8 MiB of hashes at most, and a window of chunks. */
export const MAX_UNDER_WAY = 16;
/** Offers of the peer that wait for a person. */
export const MAX_OFFERS = 64;
/** Ended transfers that are remembered, to tell a peer that missed how they ended. */
const MAX_ENDED = 64;

export interface FileTransfersOptions {
  /** 16 bytes. */
  readonly conversationId: Uint8Array;
  /** So many random bytes. */
  readonly random: (bytes: number) => Uint8Array;
}

/**
 * All files of one conversation: hands each message to the transfer that it is about, and bounds their number. A message
 * about a file that this desk does not know is answered with `cancel`, so that no peer waits for ever.
 */
export class FileTransfers {
  readonly #options: FileTransfersOptions;
  readonly #numbers: MessageNumbers;
  readonly #transfers = new Map<FileId, FileSender | FileReceiver>();

  constructor(options: FileTransfersOptions) {
    this.#options = options;
    this.#numbers = new MessageNumbers(options.random(START_BYTES));
  }

  sender(fileId: FileId): FileSender | null {
    const transfer = this.#transfers.get(fileId);
    return transfer instanceof FileSender ? transfer : null;
  }

  receiver(fileId: FileId): FileReceiver | null {
    const transfer = this.#transfers.get(fileId);
    return transfer instanceof FileReceiver ? transfer : null;
  }

  /**
   * Begins to send, before the offer itself goes out; also after a restart, with hashes of a new first pass. Throws
   * HotlineError `hotline/not-permitted` when too many files are under way.
   */
  send(
    offer: FileOffer,
    hashes: FileHashes,
    before: { readonly accepted?: boolean; readonly paused?: boolean } = {},
  ): FileSender {
    this.#refuseSecond(offer.fileId);
    if (this.#count(FileSender, ['offered', 'sending']) >= MAX_UNDER_WAY) throw tooMany();
    const { conversationId } = this.#options;
    const sender = new FileSender({ conversationId, offer, hashes, start: this.#start(), ...before });
    this.#add(offer.fileId, sender);
    return sender;
  }

  /**
   * An offer of the peer. A person decides about it (`accept`, `FileReceiver.refuse`), unless too many wait already. An
   * offer that comes again changes nothing. Throws HotlineError `hotline/malformed` for another offer under an id that is
   * taken, `hotline/forged` for a key that does not belong to the file.
   */
  offered(facts: FileFacts, key: SecretBytes): FileEffect[] {
    const known = this.#transfers.get(facts.fileId);
    if (known instanceof FileReceiver && known.isAbout(facts)) return [];
    if (known) throw new HotlineError('hotline/malformed', 'another file was offered under an id that is taken');
    if (this.#count(FileReceiver, ['offered']) >= MAX_OFFERS) {
      return [this.#say(facts.fileId, { kind: 'refuse', reason: 'too-many' })];
    }
    const { conversationId } = this.#options;
    this.#add(facts.fileId, new FileReceiver({ conversationId, facts, key, start: this.#start() }));
    return [];
  }

  /** Takes an offered file. Throws HotlineError `hotline/not-permitted` when it is not there or too many are under way. */
  accept(fileId: FileId, nowMs: number): FileEffect[] {
    const receiver = this.receiver(fileId);
    if (!receiver)
      throw new HotlineError('hotline/not-permitted', 'this file is not offered any more: ask for it again');
    if (receiver.stage !== 'offered') return [];
    if (this.#count(FileReceiver, ['receiving', 'verifying']) >= MAX_UNDER_WAY) throw tooMany();
    return receiver.accept(nowMs);
  }

  /** After a restart: a receiver from what was kept of it. `key` is null for a transfer that has ended. */
  restore(state: Uint8Array, facts: FileFacts, key: SecretBytes | null): FileReceiver {
    this.#refuseSecond(facts.fileId);
    const { conversationId } = this.#options;
    const receiver = FileReceiver.restore(state, { conversationId, facts, key, start: this.#start() });
    this.#add(facts.fileId, receiver);
    return receiver;
  }

  /** A message of the peer. Throws HotlineError for what an honest peer never sends. */
  receive(message: FileMessage, nowMs: number): FileEffect[] {
    const transfer = this.#transfers.get(message.fileId);
    if (transfer) return transfer.receive(message, nowMs);
    // What ends a transfer is not answered: two desks that both forgot it would talk on for ever.
    if (['refuse', 'done', 'cancel', 'changed'].includes(message.kind)) return [];
    return [this.#say(message.fileId, { kind: 'cancel', reason: 'unknown' })];
  }

  /** After every new connection, and once after a restart. */
  reconnected(nowMs: number): FileEffect[] {
    return [...this.#transfers.values()].flatMap((transfer) => transfer.reconnected(nowMs));
  }

  /** At `wakeAt`, or whenever the host likes. */
  tick(nowMs: number): FileEffect[] {
    return [...this.#transfers.values()].flatMap((transfer) => transfer.tick(nowMs));
  }

  /** When `tick` has something to do, in ms; null while it has not. */
  wakeAt(): number | null {
    let first: number | null = null;
    for (const transfer of this.#transfers.values()) {
      const at = transfer.wakeAt();
      if (at !== null && (first === null || at < first)) first = at;
    }
    return first;
  }

  #start(): Uint8Array {
    return this.#options.random(START_BYTES);
  }

  #refuseSecond(fileId: FileId): void {
    if (this.#transfers.has(fileId)) throw new HotlineError('hotline/bad-argument', 'this file is under way already');
  }

  #count(kind: typeof FileSender | typeof FileReceiver, stages: readonly string[]): number {
    let count = 0;
    for (const transfer of this.#transfers.values()) {
      if (transfer instanceof kind && stages.includes(transfer.stage)) count++;
    }
    return count;
  }

  #add(fileId: FileId, transfer: FileSender | FileReceiver): void {
    this.#transfers.set(fileId, transfer);
    const ended = [...this.#transfers].filter(([, other]) => other.ended);
    for (const [id] of ended.slice(0, Math.max(0, ended.length - MAX_ENDED))) this.#transfers.delete(id);
  }

  #say(fileId: FileId, body: FileBody): FileEffect {
    return { kind: 'send', fileId, message: { ...body, fileId, id: this.#numbers.next() } };
  }
}

function tooMany(): HotlineError {
  return new HotlineError(
    'hotline/not-permitted',
    `${MAX_UNDER_WAY} files are under way already: wait until one has arrived, or cancel one`,
  );
}
