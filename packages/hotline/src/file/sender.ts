import { equalBytes } from '@skykey/bits';
import { HotlineError } from '../error.ts';
import { CHUNK_BYTES, chunkBytes, chunkCount, FileCipher } from './chunked.ts';
import type { FileEffect } from './effect.ts';
import type { FileHashes } from './first-pass.ts';
import { type FileBody, type FileMessage, notForThisTransfer, type PauseReason } from './message.ts';
import { type FileFacts, type FileOffer, fileContext } from './offer.ts';
import { isAfter, type MessageId, MessageNumbers, SeenMessages } from './repeats.ts';
import { CANCELLED_BY_RECEIVER, CHANGED, REFUSED } from './sentence.ts';

/** The last five end the transfer. */
export type SenderStage = 'offered' | 'sending' | 'done' | 'refused' | 'cancelled' | 'changed';

export interface FileSenderOptions {
  /** 16 bytes. */
  readonly conversationId: Uint8Array;
  /** Its key stays the caller's to wipe, as soon as the offer itself has been sent. */
  readonly offer: FileOffer;
  /** Of a first pass over the file as it is now: after a restart it is read once more, and must still be what was offered. */
  readonly hashes: FileHashes;
  /** 8 bytes that no earlier start used. */
  readonly start: Uint8Array;
  /** After a restart, as far as the host knows: whether the other side had accepted, and whether this side had paused. */
  readonly accepted?: boolean;
  readonly paused?: boolean;
  /** Most chunks between the disk and the line at once, 16 KiB each; 8 unless told. */
  readonly inFlight?: number;
}

/** Requests wait here; an honest receiver never has more than its window open. */
const MAX_WANTED = 256;
/** Asked "are you there?" after this silence, then after twice as long, and so on. */
const FIRST_PROBE_MS = 30_000;
const LAST_PROBE_MS = 300_000;
const MAX_PROBES = 10;

/**
 * Sends one file: answers requests with sealed chunks that are read on demand. A chunk that is not what the first pass
 * saw is never sealed: the transfer ends as `changed` and the other side is told.
 *
 * Methods take the time in milliseconds of a clock of the host and return effects. `receive` throws HotlineError for
 * what an honest peer never sends, and the transfer goes on as if it had not come.
 */
export class FileSender {
  readonly #facts: FileFacts;
  readonly #cipher: FileCipher;
  /** Up to 8 MiB; let go at the end. */
  #hashes: FileHashes | null;
  readonly #numbers: MessageNumbers;
  readonly #seen = new SeenMessages();
  readonly #limit: number;
  readonly #chunks: number;
  /** Asked for and not begun, in the order of asking. */
  readonly #wanted = new Set<number>();
  readonly #inFlight = new Map<number, 'reading' | 'sending'>();
  #stage: SenderStage;
  #sentence = '';
  #paused: boolean;
  #peerPause: PauseReason | null = null;
  #peerPauseId: MessageId | null = null;
  #have = 0;
  #heardMs = 0;
  #probes = 0;

  constructor(options: FileSenderOptions) {
    const { offer, hashes } = options;
    // The key itself is not kept: what it yields is in the cipher.
    const { key, ...facts } = offer;
    this.#facts = facts;
    this.#hashes = hashes;
    this.#chunks = chunkCount(offer.bytes);
    this.#limit = options.inFlight ?? 8;
    this.#numbers = new MessageNumbers(options.start);
    this.#cipher = FileCipher.open(key, offer.prefix, fileContext(options.conversationId, offer));
    this.#stage = options.accepted ? 'sending' : 'offered';
    this.#paused = options.paused ?? false;
    if (hashes.bytes !== offer.bytes || !equalBytes(hashes.sha256, offer.sha256)) this.#end('changed', CHANGED);
  }

  get stage(): SenderStage {
    return this.#stage;
  }

  /** Why it does not move, or how it ended, for people; empty while there is nothing to say. */
  get sentence(): string {
    if (this.#sentence !== '') return this.#sentence;
    if (this.#paused) return 'You have paused this file; it goes on when you resume it.';
    if (this.#peerPause === 'disk')
      return 'The disk of the other desk is full, or does not answer; the file goes on when they have seen to it.';
    if (this.#peerPause === 'person') return 'The other side has paused this file.';
    if (this.stalled) return 'The other desk does not ask for more; the file goes on when it is back.';
    return '';
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** Nothing was heard in spite of questions; `reconnected`, `resume` or a word of the peer ends it. */
  get stalled(): boolean {
    return this.#stage === 'sending' && this.#probes > MAX_PROBES;
  }

  /** Chunks that the other side says are durable there, out of all. */
  get progress(): { readonly chunks: number; readonly of: number } {
    return { chunks: this.#stage === 'done' ? this.#chunks : this.#have, of: this.#chunks };
  }

  /** A message of the peer about this file. */
  receive(message: FileMessage, nowMs: number): FileEffect[] {
    if (message.fileId !== this.#facts.fileId || message.kind === 'chunk' || message.kind === 'changed') {
      throw notForThisTransfer(message.kind);
    }
    if (message.kind === 'request') this.#refuseRange(message.from, message.count, message.have);
    if (!this.#seen.isNew(message.id)) return [];
    this.#heard(nowMs);
    if (this.ended) return this.#answerAfterEnd(message);
    switch (message.kind) {
      case 'accept':
        this.#stage = 'sending';
        return [];
      case 'request':
        this.#stage = 'sending';
        this.#have = message.have;
        if (isAfter(message.id, this.#peerPauseId)) this.#peerPause = null;
        if (this.#peerPause !== null) return [];
        if (this.#paused) return [this.#send({ kind: 'pause', reason: 'person' })];
        for (let k = 0; k < message.count && this.#wanted.size < MAX_WANTED; k++) {
          if (!this.#inFlight.has(message.from + k)) this.#wanted.add(message.from + k);
        }
        return this.#read();
      case 'pause':
      case 'resume':
        // Of two that overtook each other the later one counts.
        if (!isAfter(message.id, this.#peerPauseId)) return [];
        this.#peerPauseId = message.id;
        this.#peerPause = message.kind === 'pause' ? message.reason : null;
        if (this.#peerPause !== null) this.#wanted.clear();
        return [];
      case 'refuse':
        return this.#end('refused', REFUSED[message.reason]);
      case 'done':
        return this.#end('done', '');
      case 'cancel':
        return this.#end('cancelled', CANCELLED_BY_RECEIVER[message.reason]);
    }
  }

  /**
   * Chunk `index` as it lies on the disk now, and how long the file is now. What differs from the first pass is not
   * sealed.
   */
  chunkRead(index: number, plaintext: Uint8Array, fileBytes: number): FileEffect[] {
    if (this.#inFlight.get(index) !== 'reading') return [];
    const { bytes } = this.#facts;
    const whole = fileBytes === bytes && plaintext.length === chunkBytes(bytes, index);
    if (!whole || !this.#hashes?.matches(index, plaintext)) return this.#end('changed', CHANGED);
    this.#inFlight.set(index, 'sending');
    return [this.#send({ kind: 'chunk', index, sealed: this.#cipher.sealChunk(index, plaintext) })];
  }

  /** The disk could not give chunk `index`: the file is gone, or not readable any more. */
  chunkUnreadable(index: number): FileEffect[] {
    if (this.#inFlight.get(index) !== 'reading') return [];
    return this.#end('changed', 'The file cannot be read any more on this desk: offer it again from where it is now.');
  }

  /** Chunk `index` has left for the line: there is room for the next. */
  chunkSent(index: number): FileEffect[] {
    if (this.#inFlight.get(index) !== 'sending') return [];
    this.#inFlight.delete(index);
    return this.#read();
  }

  pause(): FileEffect[] {
    if (this.ended || this.#paused) return [];
    this.#paused = true;
    this.#forgetRequests();
    return [this.#send({ kind: 'pause', reason: 'person' })];
  }

  resume(nowMs: number): FileEffect[] {
    if (this.ended) return [];
    this.#paused = false;
    this.#heard(nowMs);
    return [this.#send({ kind: 'resume' })];
  }

  cancel(): FileEffect[] {
    return this.ended
      ? []
      : this.#end('cancelled', 'You have cancelled this file.', { kind: 'cancel', reason: 'person' });
  }

  /**
   * After every new connection, and once after construction. What was asked for or on its way before is forgotten: the
   * receiver asks again.
   */
  reconnected(nowMs: number): FileEffect[] {
    this.#forgetRequests();
    this.#heard(nowMs);
    if (this.#stage === 'changed') return [this.#send({ kind: 'changed' })];
    if (this.#stage === 'cancelled') return [this.#send({ kind: 'cancel', reason: 'person' })];
    return this.ended ? [] : [this.#send(this.#pace())];
  }

  /** At `wakeAt`, or whenever the host likes. */
  tick(nowMs: number): FileEffect[] {
    // A clock that was set back must not silence the questions.
    this.#heardMs = Math.min(this.#heardMs, nowMs);
    const at = this.wakeAt();
    if (at === null || nowMs < at) return [];
    this.#probes++;
    if (this.#probes > MAX_PROBES) return [];
    this.#heardMs = nowMs;
    return [this.#send(this.#pace())];
  }

  /** When `tick` has something to do, in ms; null while it has not. */
  wakeAt(): number | null {
    // An offer is asked about, too: after a restart it may have been accepted, fetched and finished long ago.
    if (this.ended || this.#probes > MAX_PROBES || this.#peerPause !== null) return null;
    return this.#heardMs + Math.min(FIRST_PROBE_MS * 2 ** this.#probes, LAST_PROBE_MS);
  }

  /** Nothing more will come of it. */
  get ended(): boolean {
    return this.#stage !== 'offered' && this.#stage !== 'sending';
  }

  #pace(): FileBody {
    return this.#paused ? { kind: 'pause', reason: 'person' } : { kind: 'resume' };
  }

  #heard(nowMs: number): void {
    this.#heardMs = nowMs;
    this.#probes = 0;
  }

  #forgetRequests(): void {
    this.#wanted.clear();
    this.#inFlight.clear();
  }

  #refuseRange(from: number, count: number, have: number): void {
    if (from + count > this.#chunks || count < 1 || have > this.#chunks) {
      throw new HotlineError(
        'hotline/malformed',
        `pieces ${from + 1} to ${from + count} were asked for, and the file has ${this.#chunks}: nothing was read`,
      );
    }
  }

  #read(): FileEffect[] {
    const effects: FileEffect[] = [];
    for (const index of this.#wanted) {
      if (this.#inFlight.size >= this.#limit) break;
      this.#wanted.delete(index);
      this.#inFlight.set(index, 'reading');
      const { fileId } = this.#facts;
      const bytes = chunkBytes(this.#facts.bytes, index);
      effects.push({ kind: 'read', fileId, index, offset: index * CHUNK_BYTES, bytes });
    }
    return effects;
  }

  #end(stage: SenderStage, sentence: string, say?: FileBody): FileEffect[] {
    this.#stage = stage;
    this.#sentence = sentence;
    this.#forgetRequests();
    this.#hashes = null;
    this.#cipher.wipe();
    if (stage === 'changed') return [this.#send({ kind: 'changed' })];
    return say ? [this.#send(say)] : [];
  }

  /** A receiver that still asks has missed how it ended. What itself ends is never answered, so that no two ends talk on. */
  #answerAfterEnd(message: FileMessage): FileEffect[] {
    if (message.kind === 'done' && this.#stage === 'cancelled') {
      // It had arrived whole before the cancelling did: that is what is true, and what is shown.
      this.#stage = 'done';
      this.#sentence = '';
      return [];
    }
    if (!['accept', 'request', 'pause', 'resume'].includes(message.kind)) return [];
    if (this.#stage === 'changed') return [this.#send({ kind: 'changed' })];
    return [this.#send({ kind: 'cancel', reason: this.#stage === 'cancelled' ? 'person' : 'unknown' })];
  }

  #send(body: FileBody): FileEffect {
    const { fileId } = this.#facts;
    return { kind: 'send', fileId, message: { ...body, fileId, id: this.#numbers.next() } };
  }
}
