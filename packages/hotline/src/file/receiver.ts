import { equalBytes, type SecretBytes } from '@skykey/bits';
import { HotlineError } from '../error.ts';
import { ChunkSet } from './chunk-set.ts';
import { CHUNK_BYTES, CHUNK_TAG_BYTES, chunkBytes, chunkCount, FileCipher } from './chunked.ts';
import type { FileEffect } from './effect.ts';
import {
  type CancelReason,
  type FileBody,
  type FileMessage,
  notForThisTransfer,
  type RefuseReason,
} from './message.ts';
import { type FileFacts, fileContext } from './offer.ts';
import {
  type DiskTrouble,
  decodeReceiver,
  encodeReceiver,
  type KeptReceiver,
  type ReceiverPause,
  type ReceiverStage,
} from './receiver-state.ts';
import { isAfter, type MessageId, MessageNumbers, SeenMessages } from './repeats.ts';
import { CANCELLED_BY_SENDER, ENDS, FORGED } from './sentence.ts';

export interface FileReceiverOptions {
  /** 16 bytes. */
  readonly conversationId: Uint8Array;
  readonly facts: FileFacts;
  /** The key of the offer, out of the host's sealed store; null for a transfer that has ended. It stays the caller's to wipe. */
  readonly key: SecretBytes | null;
  /** 8 bytes that no earlier start used. */
  readonly start: Uint8Array;
  /** Most chunks asked for and not yet durable, 16 KiB each; 64 unless told, at most 256. */
  readonly window?: number;
}

/** Asked again after this silence, then after twice as long, and so on. */
const FIRST_RETRY_MS = 2_000;
const LAST_RETRY_MS = 30_000;
const MAX_RETRIES = 10;
/** How often a sender that has paused is asked whether it still does: its `resume` may have been lost. */
const PAUSE_POLL_MS = 60_000;
/** `keep` after so many chunks: what a crash makes us fetch again. */
const KEEP_EVERY = 64;
/** So many forged chunks are no accident of the line. */
const MAX_FORGED = 16;

/**
 * Receives one file: pulls windows of chunks, and counts a chunk as received once its write is durable, and never asks
 * for it again. When all are there the host hashes the whole; only a file with the hash that was offered is delivered.
 *
 * Methods take the time in milliseconds of a clock of the host and return effects. `receive` throws HotlineError for
 * what an honest peer never sends; nothing of it is written.
 */
export class FileReceiver {
  readonly #facts: FileFacts;
  readonly #cipher: FileCipher | null;
  readonly #numbers: MessageNumbers;
  readonly #seen = new SeenMessages();
  readonly #window: number;
  readonly #chunks: number;
  /** Asked for, and not there. */
  readonly #asked = new Set<number>();
  /** There, and not durable. */
  readonly #writing = new Set<number>();
  #durable: ChunkSet;
  #sinceKeep = 0;
  #stage: ReceiverStage = 'offered';
  #sentence = '';
  #pause: ReceiverPause | null = null;
  #fetchedTwice = false;
  #refusal: RefuseReason = 'declined';
  #peerPauseId: MessageId | null = null;
  #peerPaused = false;
  #forged = 0;
  #retries = 0;
  /** When something last came or was asked for. */
  #movedMs = 0;

  /** Throws HotlineError `hotline/forged` when the key does not belong to the file and the conversation. */
  constructor(options: FileReceiverOptions, kept?: KeptReceiver) {
    const { facts, key } = options;
    this.#facts = facts;
    this.#chunks = chunkCount(facts.bytes);
    this.#durable = kept?.durable ?? new ChunkSet(this.#chunks);
    this.#stage = kept?.stage ?? 'offered';
    this.#pause = kept?.pause ?? null;
    this.#fetchedTwice = kept?.fetchedTwice ?? false;
    this.#window = Math.min(options.window ?? 64, 256);
    this.#numbers = new MessageNumbers(options.start);
    if (key === null && !this.ended) {
      throw new HotlineError('hotline/bad-argument', 'a file that is still to come needs its key');
    }
    this.#cipher =
      key === null || this.ended
        ? null
        : FileCipher.open(key, facts.prefix, fileContext(options.conversationId, facts));
  }

  /** After a restart, from the last `state()` that was made durable. Throws HotlineError `hotline/store`. */
  static restore(state: Uint8Array, options: FileReceiverOptions): FileReceiver {
    return new FileReceiver(options, decodeReceiver(options.facts, state));
  }

  /** What to keep over a crash: which chunks are durable, and how far it is. No key is in it. */
  state(): Uint8Array {
    return encodeReceiver(this.#facts, {
      stage: this.#stage,
      pause: this.#pause,
      fetchedTwice: this.#fetchedTwice,
      durable: this.#durable,
    });
  }

  get stage(): ReceiverStage {
    return this.#stage;
  }

  /** Why it does not move, or how it ended, for people; empty while there is nothing to say. */
  get sentence(): string {
    if (this.#sentence !== '') return this.#sentence;
    if (ENDS[this.#stage]) return ENDS[this.#stage]!;
    if (this.#pause === 'disk-full') {
      const megabytes = Math.ceil(((this.#chunks - this.#durable.count) * CHUNK_BYTES) / 1e6);
      return `The disk of this desk is full: make room for ${megabytes} MB, then resume. What has arrived is kept.`;
    }
    if (this.#pause === 'disk-fault') {
      return 'The disk of this desk does not answer as it should: look at the disk (the journal has its words), then resume. What has arrived is kept.';
    }
    if (this.#pause === 'person') return 'You have paused this file; it goes on when you resume it.';
    if (this.#peerPaused) return 'The other side has paused this file.';
    if (this.stalled)
      return 'The other desk does not answer; the file goes on when it is back. What has arrived is kept.';
    return '';
  }

  get paused(): ReceiverPause | null {
    return this.#pause;
  }

  /** Nothing came in spite of questions; `reconnected`, `resume` or a word of the peer ends it. */
  get stalled(): boolean {
    return this.#stage === 'receiving' && this.#retries > MAX_RETRIES;
  }

  /** Chunks that are durable here, out of all. */
  get progress(): { readonly chunks: number; readonly of: number } {
    return { chunks: this.#durable.count, of: this.#chunks };
  }

  /** Whether `facts` are those of this file, to tell a repeated offer from another one. */
  isAbout(facts: FileFacts): boolean {
    const { fileId, name, bytes, sha256, prefix } = this.#facts;
    const same = facts.fileId === fileId && facts.name === name && facts.bytes === bytes;
    return same && equalBytes(facts.sha256, sha256) && equalBytes(facts.prefix, prefix);
  }

  accept(nowMs: number): FileEffect[] {
    if (this.#stage !== 'offered') return [];
    this.#stage = 'receiving';
    return [this.#keep(), this.#send({ kind: 'accept' }), ...this.#pull(nowMs)];
  }

  refuse(reason: RefuseReason): FileEffect[] {
    if (this.#stage !== 'offered') return [];
    this.#refusal = reason;
    return this.#end('refused', '', { kind: 'refuse', reason });
  }

  /** A message of the peer about this file. */
  receive(message: FileMessage, nowMs: number): FileEffect[] {
    const { kind, fileId } = message;
    if (
      fileId !== this.#facts.fileId ||
      kind === 'accept' ||
      kind === 'refuse' ||
      kind === 'request' ||
      kind === 'done'
    ) {
      throw notForThisTransfer(kind);
    }
    if (kind === 'chunk') this.#refuseChunk(message.index, message.sealed);
    if (!this.#seen.isNew(message.id)) return [];
    if (this.ended) return this.#answerAfterEnd(kind);
    switch (kind) {
      case 'chunk':
        return this.#takeChunk(message.id, message.index, message.sealed, nowMs);
      case 'pause':
      case 'resume':
        // Of two that overtook each other the later one counts.
        if (!isAfter(message.id, this.#peerPauseId)) return [];
        return this.#peerPace(message.id, kind === 'pause', nowMs);
      case 'changed':
        return this.#end('changed', '');
      case 'cancel':
        return this.#end('cancelled', CANCELLED_BY_SENDER[message.reason]);
    }
  }

  /** The write of chunk `index` is durable. */
  written(index: number, nowMs: number): FileEffect[] {
    if (!this.#writing.delete(index)) return [];
    this.#durable.add(index);
    this.#sinceKeep++;
    const keep = this.#sinceKeep >= KEEP_EVERY ? [this.#keep()] : [];
    return [...keep, ...this.#pull(nowMs)];
  }

  /** Chunk `index` could not be written: the transfer waits until someone has seen to the disk and resumes it. */
  writeFailed(index: number, why: DiskTrouble): FileEffect[] {
    // The first one says it; the writes that were on their way with it will fail, too.
    const isSaid = this.#pause === 'disk-full' || this.#pause === 'disk-fault';
    return this.#writing.delete(index) && !isSaid ? this.#hold(why) : [];
  }

  /** SHA-256 of the partial file as it lies on the disk; null when it could not be read. */
  verified(sha256: Uint8Array | null, nowMs: number): FileEffect[] {
    if (this.#stage !== 'verifying') return [];
    if (sha256 !== null && equalBytes(sha256, this.#facts.sha256)) {
      this.#end('done', '');
      const { fileId } = this.#facts;
      return [this.#keep(), { kind: 'deliver', fileId }, this.#send({ kind: 'done' })];
    }
    // Every chunk was authentic, so this disk has lost something, or the offer lies. The first is worth a second try.
    if (this.#fetchedTwice) return this.#end('damaged', '', { kind: 'cancel', reason: 'damaged' });
    this.#fetchedTwice = true;
    this.#durable.clear();
    this.#stage = 'receiving';
    return [this.#keep(), ...this.#pull(nowMs)];
  }

  pause(): FileEffect[] {
    return this.#stage === 'receiving' && this.#pause !== 'person' ? this.#hold('person') : [];
  }

  resume(nowMs: number): FileEffect[] {
    if (this.#stage !== 'receiving') return [];
    this.#pause = null;
    return [this.#keep(), this.#send({ kind: 'resume' }), ...this.#goOn(nowMs)];
  }

  cancel(): FileEffect[] {
    return this.ended
      ? []
      : this.#end('cancelled', 'You have cancelled this file.', { kind: 'cancel', reason: 'person' });
  }

  /** After every new connection, and once after a restart: what was asked for is asked for again. */
  reconnected(nowMs: number): FileEffect[] {
    const { fileId } = this.#facts;
    if (this.#stage === 'done') return [{ kind: 'deliver', fileId }, this.#send({ kind: 'done' })];
    if (this.#stage === 'refused') return [this.#send({ kind: 'refuse', reason: this.#refusal })];
    if (this.ended) return [{ kind: 'discard', fileId }, this.#send({ kind: 'cancel', reason: this.#cancelReason })];
    return this.#goOn(nowMs);
  }

  /** At `wakeAt`, or whenever the host likes. */
  tick(nowMs: number): FileEffect[] {
    // A clock that was set back must not silence the questions.
    this.#movedMs = Math.min(this.#movedMs, nowMs);
    const at = this.wakeAt();
    if (at === null || nowMs < at) return [];
    this.#asked.clear();
    this.#movedMs = nowMs;
    if (this.#peerPaused) return this.#request(nowMs);
    this.#retries++;
    return this.stalled ? [] : this.#pull(nowMs);
  }

  /** When `tick` has something to do, in ms; null while it has not. */
  wakeAt(): number | null {
    if (this.#stage !== 'receiving' || this.#pause !== null || this.stalled) return null;
    if (this.#peerPaused) return this.#movedMs + PAUSE_POLL_MS;
    // While the disk is behind there is nothing to ask for; its answers go on with it.
    if (this.#asked.size === 0) return null;
    return this.#movedMs + Math.min(FIRST_RETRY_MS * 2 ** this.#retries, LAST_RETRY_MS);
  }

  /** Nothing more will come of it. */
  get ended(): boolean {
    return this.#stage !== 'offered' && this.#stage !== 'receiving' && this.#stage !== 'verifying';
  }

  get #cancelReason(): CancelReason {
    return this.#stage === 'damaged' ? 'damaged' : 'person';
  }

  #refuseChunk(index: number, sealed: Uint8Array): void {
    if (index >= this.#chunks || sealed.length !== chunkBytes(this.#facts.bytes, index) + CHUNK_TAG_BYTES) {
      throw new HotlineError(
        'hotline/malformed',
        `piece ${index + 1} of ${this.#chunks} with ${sealed.length} bytes is no piece of this file: nothing was written`,
      );
    }
  }

  #takeChunk(id: MessageId, index: number, sealed: Uint8Array, nowMs: number): FileEffect[] {
    // Sent after the pause, so the pause is over and its end was lost.
    if (this.#peerPaused && isAfter(id, this.#peerPauseId)) this.#peerPaused = false;
    // What was not asked for is not taken: how much waits for the disk is this side's to say.
    if (!this.#asked.has(index)) return this.stalled ? this.#goOn(nowMs) : [];
    const plaintext = this.#open(index, sealed);
    if (plaintext === null) return this.#end('damaged', FORGED, { kind: 'cancel', reason: 'damaged' });
    this.#asked.delete(index);
    this.#writing.add(index);
    this.#retries = 0;
    this.#movedMs = nowMs;
    const { fileId } = this.#facts;
    return [{ kind: 'write', fileId, index, offset: index * CHUNK_BYTES, plaintext }, ...this.#pull(nowMs)];
  }

  /** The plaintext; null when there were too many forgeries. Throws HotlineError for the ones before. */
  #open(index: number, sealed: Uint8Array): Uint8Array | null {
    try {
      return this.#cipher!.openChunk(index, sealed);
    } catch (error) {
      this.#forged++;
      if (this.#forged >= MAX_FORGED) return null;
      throw error;
    }
  }

  /** Asks for more when half of the window is free, and begins to verify when all is durable. */
  #pull(nowMs: number): FileEffect[] {
    if (this.#stage !== 'receiving') return [];
    if (this.#durable.full) {
      this.#stage = 'verifying';
      this.#pause = null;
      return [this.#keep(), { kind: 'verify', fileId: this.#facts.fileId }];
    }
    if (this.#pause !== null || this.#peerPaused || this.stalled) return [];
    const free = this.#window - this.#asked.size - this.#writing.size;
    return this.#asked.size > 0 && free < this.#window / 2 ? [] : this.#request(nowMs);
  }

  /** As if nothing had been asked for: after an interruption. */
  #goOn(nowMs: number): FileEffect[] {
    this.#asked.clear();
    this.#retries = 0;
    return this.#pull(nowMs);
  }

  #peerPace(id: MessageId, paused: boolean, nowMs: number): FileEffect[] {
    // What was asked for is dropped over there by a pause and by a restart, and was lost if it did not come for long.
    const dropped = paused || this.#peerPaused || this.#retries > 0 || id.start !== this.#peerPauseId?.start;
    if (dropped) this.#asked.clear();
    this.#peerPauseId = id;
    this.#peerPaused = paused;
    this.#retries = 0;
    this.#movedMs = nowMs;
    return this.#pull(nowMs);
  }

  /** Requests for the first missing chunks that fill the window, one message per run of neighbours. */
  #request(nowMs: number): FileEffect[] {
    const effects: FileEffect[] = [];
    let free = this.#window - this.#asked.size - this.#writing.size;
    let index = this.#nextToAsk(0);
    while (free > 0 && index < this.#chunks) {
      const from = index;
      for (; free > 0 && index < this.#chunks && this.#isToAsk(index); index++, free--) this.#asked.add(index);
      effects.push(this.#send({ kind: 'request', from, count: index - from, have: this.#durable.count }));
      index = this.#nextToAsk(index);
    }
    if (effects.length > 0) this.#movedMs = nowMs;
    return effects;
  }

  #isToAsk(index: number): boolean {
    return !this.#durable.has(index) && !this.#asked.has(index) && !this.#writing.has(index);
  }

  #nextToAsk(from: number): number {
    let index = this.#durable.nextMissing(from);
    while (index < this.#chunks && !this.#isToAsk(index)) index = this.#durable.nextMissing(index + 1);
    return index;
  }

  #hold(why: ReceiverPause): FileEffect[] {
    this.#pause = why;
    this.#asked.clear();
    return [this.#keep(), this.#send({ kind: 'pause', reason: why === 'person' ? 'person' : 'disk' })];
  }

  #end(stage: ReceiverStage, sentence: string, say?: FileBody): FileEffect[] {
    this.#stage = stage;
    this.#sentence = sentence;
    this.#pause = null;
    this.#asked.clear();
    this.#writing.clear();
    this.#cipher?.wipe();
    return [this.#keep(), { kind: 'discard', fileId: this.#facts.fileId }, ...(say ? [this.#send(say)] : [])];
  }

  /** A sender that still asks has missed how it ended. What itself ends is answered only by `done`, which nobody answers. */
  #answerAfterEnd(kind: FileBody['kind']): FileEffect[] {
    if (this.#stage === 'done') return kind === 'chunk' ? [] : [this.#send({ kind: 'done' })];
    if (kind !== 'pause' && kind !== 'resume') return [];
    if (this.#stage === 'refused') return [this.#send({ kind: 'refuse', reason: this.#refusal })];
    return [this.#send({ kind: 'cancel', reason: this.#cancelReason })];
  }

  #keep(): FileEffect {
    this.#sinceKeep = 0;
    return { kind: 'keep', fileId: this.#facts.fileId };
  }

  #send(body: FileBody): FileEffect {
    const { fileId } = this.#facts;
    return { kind: 'send', fileId, message: { ...body, fileId, id: this.#numbers.next() } };
  }
}
