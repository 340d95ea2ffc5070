import { SecretBytes } from '@skykey/bits';
import { Reader, Writer } from '../bytes.ts';
import { HotlineError } from '../error.ts';
import {
  decodeFileMessage,
  decodeOffer,
  encodeFileMessage,
  encodeOffer,
  FILE_ID_BYTES,
  FILE_KEY_BYTES,
  type FileEffect,
  type FileHashes,
  type FileId,
  type FileMessageLane,
  type FileOffer,
  FileTransfers,
  laneOf,
  makeOffer,
  type ReceiverStage,
  SALT_BYTES,
  type SenderStage,
} from '../file/index.ts';
import { uuidBytes } from '../secret/index.ts';
import type { SessionContext } from './context.ts';
import type { SessionFile } from './ports.ts';

const ROOM = 'session/file/';
/** Files of the list that is kept; the oldest that have ended leave it. */
const MAX_LISTED = 200;

interface Listed {
  shown: SessionFile;
  /** Its key is zeros once it has ended. */
  offer: FileOffer;
  ended: boolean;
  accepted: boolean;
  paused: boolean;
}

/** Offers go as notices: kept, and sent again until the other desk has them. */
interface OfferNotices {
  readonly tell: (body: Uint8Array) => void;
  /** Some notice is not confirmed yet. */
  readonly areUnderWay: () => boolean;
}

/** Files between the two desks, kept over a start of either. */
export class Files {
  readonly #context: SessionContext;
  readonly #transfers: FileTransfers;
  readonly #offers: OfferNotices;
  readonly #files = new Map<FileId, Listed>();
  /** Ready after a start; until then messages about it are not answered, and come again. */
  readonly #waiting = new Set<FileId>();

  constructor(context: SessionContext, kept: ReadonlyMap<string, Uint8Array>, offers: OfferNotices) {
    this.#context = context;
    this.#offers = offers;
    const { random } = context.ports;
    this.#transfers = new FileTransfers({ conversationId: this.#conversation, random });
    for (const [name, bytes] of kept) if (name.startsWith(ROOM)) this.#restore(bytes);
  }

  /** Oldest first. */
  get list(): readonly SessionFile[] {
    return [...this.#files.values()].map(({ shown }) => this.#explained(shown)).sort((a, b) => a.utcMs - b.utcMs);
  }

  /**
   * Within a step: offers a file that is on the shelf under `fileId` (32 hexadecimal digits, of 16 random bytes), and whose
   * hashes a first pass has found. Throws HotlineError with the sentence that is shown.
   */
  offer({ fileId, name, hashes }: { fileId: FileId; name: string; hashes: FileHashes }): SessionFile {
    const { ports, may } = this.#context;
    const permission = may().file;
    if (!permission.allowed) throw new HotlineError('hotline/not-permitted', permission.reason);
    const offer = makeOffer({
      conversationId: this.#conversation,
      fileId: bytesOfFileId(fileId),
      name,
      hashes,
      key: SecretBytes.adopt(ports.random(FILE_KEY_BYTES)),
      salt: ports.random(SALT_BYTES),
    });
    this.#transfers.send(offer, hashes);
    const listed: Listed = {
      shown: this.#view(offer, 'sent', ports.nowMs()),
      offer,
      ended: false,
      accepted: false,
      paused: false,
    };
    this.#files.set(fileId, listed);
    const body = encodeOffer(offer);
    body.open((bytes) => this.#offers.tell(bytes));
    body.wipe();
    this.#keep(listed);
    this.#show(fileId);
    return listed.shown;
  }

  /** Within a step: the body of a notice `file-offer`. Files are taken as they are offered, as soon as they may come. */
  offered(body: Uint8Array): void {
    const { ports, may } = this.#context;
    const offer = decodeOffer(body);
    const nowMs = ports.nowMs();
    const effects = this.#transfers.offered(offer, offer.key);
    const receiver = this.#transfers.receiver(offer.fileId);
    if (!receiver || this.#files.has(offer.fileId)) {
      this.#perform(effects);
      return;
    }
    const listed: Listed = {
      ...{ shown: this.#view(offer, 'received', nowMs), offer, ended: false },
      ...{ accepted: false, paused: false },
    };
    this.#files.set(offer.fileId, listed);
    this.#perform(effects);
    if (may().file.allowed) this.#take(offer.fileId);
    this.#keep(listed);
    this.#show(offer.fileId);
  }

  /** Within a step: a message about a file, off its lane. Throws HotlineError. */
  arrive(bytes: Uint8Array, lane: FileMessageLane): void {
    const message = decodeFileMessage(bytes, lane);
    if (this.#waiting.has(message.fileId)) return;
    const { ports, line } = this.#context;
    if (line().joint.level === 'black' && lane === 'file') {
      throw new HotlineError('hotline/line-dropped', 'a piece of a file came while an alarm stands; it is not opened');
    }
    const listed = this.#files.get(message.fileId);
    if (message.kind === 'accept' && listed) {
      listed.accepted = true;
      this.#keep(listed);
    }
    this.#perform(this.#transfers.receive(message, ports.nowMs()));
    this.#show(message.fileId);
  }

  /** Within a step. Throws HotlineError for a file that is not there. */
  steer(fileId: FileId, what: 'pause' | 'resume' | 'cancel'): void {
    const transfer = this.#transfers.sender(fileId) ?? this.#transfers.receiver(fileId);
    const listed = this.#files.get(fileId);
    if (!transfer || !listed) {
      throw new HotlineError('hotline/bad-argument', 'this file is not under way: it has ended, or was never there');
    }
    listed.paused = what === 'pause';
    this.#perform(what === 'resume' ? transfer.resume(this.#context.ports.nowMs()) : transfer[what]());
    this.#keep(listed);
    this.#show(fileId);
  }

  /** Within a step: after each agreement. */
  reconnected(): void {
    if (this.#context.line().joint.level === 'black') return;
    this.#perform(this.#transfers.reconnected(this.#context.ports.nowMs()));
    for (const fileId of this.#files.keys()) this.#show(fileId);
  }

  /** Within a step: nothing of these files is known here any more. What is under way of them ends, at both desks. */
  forget(fileIds: readonly FileId[]): void {
    for (const fileId of fileIds) {
      const listed = this.#files.get(fileId);
      if (!listed) continue;
      // Off the list first: what ends now is not kept again.
      this.#files.delete(fileId);
      this.#waiting.delete(fileId);
      this.#context.steps.put(`${ROOM}${fileId}`, null);
      if (!listed.ended) {
        const transfer = this.#transfers.sender(fileId) ?? this.#transfers.receiver(fileId);
        this.#perform(transfer?.cancel() ?? []);
      }
      listed.offer.key.wipe();
    }
  }

  tick(nowMs: number): void {
    if (!this.#context.may().file.allowed) return;
    for (const { shown } of this.#files.values()) {
      if (shown.direction === 'received' && shown.state === 'offered') this.#take(shown.id);
    }
    this.#perform(this.#transfers.tick(nowMs));
  }

  #take(fileId: FileId): void {
    try {
      this.#perform(this.#transfers.accept(fileId, this.#context.ports.nowMs()));
    } catch (error) {
      if (!(error instanceof HotlineError)) throw error;
      this.#context.journal(`a file was refused: ${error.message}`);
      this.#perform(this.#transfers.receiver(fileId)?.refuse('too-many') ?? []);
    }
    this.#show(fileId);
  }

  get #conversation(): Uint8Array {
    return uuidBytes(this.#context.options.conversationId);
  }

  #perform(effects: readonly FileEffect[]): void {
    const { steps, ports } = this.#context;
    const { files } = ports;
    for (const effect of effects) {
      const { fileId } = effect;
      const again = (act: () => readonly FileEffect[]): Promise<void> =>
        steps
          .run(() => {
            this.#perform(act());
            this.#show(fileId);
          })
          .catch(() => undefined);
      const sender = () => this.#transfers.sender(fileId);
      const receiver = () => this.#transfers.receiver(fileId);
      switch (effect.kind) {
        case 'send': {
          const { message } = effect;
          // A question that overtakes its offer would be about a file that nobody there knows.
          if (sender()?.stage === 'offered' && this.#offers.areUnderWay()) break;
          const lane = laneOf(message.kind);
          const bytes = encodeFileMessage(message);
          if (lane === 'control') this.#context.seal('control', new Writer().u8(FILE_FORM).raw(bytes).finish());
          else if (this.#context.may().file.allowed) this.#context.seal('file', bytes);
          // Also one that may not leave: it is asked for again, and must not be taken for one on its way.
          if (message.kind === 'chunk') {
            steps.after(() => void again(() => sender()?.chunkSent(message.index) ?? []));
          }
          break;
        }
        case 'read': {
          const { index, offset, bytes } = effect;
          steps.after(() => {
            files.read(fileId, offset, bytes).then(
              ({ plaintext, fileBytes }) =>
                again(() => {
                  const next = sender()?.chunkRead(index, plaintext, fileBytes) ?? [];
                  plaintext.fill(0);
                  return next;
                }),
              () => again(() => sender()?.chunkUnreadable(index) ?? []),
            );
          });
          break;
        }
        case 'write': {
          const { index, offset, plaintext } = effect;
          steps.after(() => {
            files.write(fileId, offset, plaintext).then(
              () => {
                plaintext.fill(0);
                return again(() => receiver()?.written(index, ports.nowMs()) ?? []);
              },
              (error: Error) => {
                plaintext.fill(0);
                return again(() => {
                  this.#context.journal(`a piece of a file could not be kept: ${error.message}`);
                  const isFull = error instanceof HotlineError && error.code === 'hotline/no-room';
                  return receiver()?.writeFailed(index, isFull ? 'disk-full' : 'disk-fault') ?? [];
                });
              },
            );
          });
          break;
        }
        case 'keep': {
          const listed = this.#files.get(fileId);
          if (listed) this.#keep(listed);
          break;
        }
        case 'verify': {
          const bytes = this.#files.get(fileId)?.offer.bytes ?? 0;
          steps.after(() => {
            files.digest(fileId, bytes).then(
              (sha256) => again(() => receiver()?.verified(sha256, ports.nowMs()) ?? []),
              () => again(() => receiver()?.verified(null, ports.nowMs()) ?? []),
            );
          });
          break;
        }
        case 'deliver':
          steps.after(() => void files.deliver(fileId).catch(() => undefined));
          break;
        case 'discard':
          steps.after(() => this.#discard(fileId));
          break;
      }
    }
  }

  /** What is shown, as the transfer stands now. */
  #show(fileId: FileId): void {
    const listed = this.#files.get(fileId);
    if (!listed) return;
    const sender = this.#transfers.sender(fileId);
    const receiver = this.#transfers.receiver(fileId);
    const transfer = sender ?? receiver;
    if (!transfer) return;
    const stage: SenderStage | ReceiverStage = transfer.stage;
    const { chunks, of } = transfer.progress;
    const { shown } = listed;
    const state = stateOf(stage, transfer.paused !== false && transfer.paused !== null);
    const doneBytes = state === 'done' ? shown.bytes : Math.min(shown.bytes, Math.floor((shown.bytes * chunks) / of));
    const next: SessionFile = { ...shown, state, doneBytes, reason: transfer.sentence || null };
    if (next.state === shown.state && next.doneBytes === shown.doneBytes && next.reason === shown.reason) return;
    listed.shown = next;
    if (transfer.ended && !listed.ended) {
      this.#end(listed);
      this.#trim();
    }
    this.#context.steps.after(() => this.#context.ports.tell({ kind: 'file', file: this.#explained(next) }));
  }

  /** With the line's own reason where nothing else keeps it waiting: it waits at both desks, so both are to read why. */
  #explained(shown: SessionFile): SessionFile {
    if (shown.reason !== null || (shown.state !== 'offered' && shown.state !== 'running')) return shown;
    const { allowed, reason } = this.#context.may().file;
    return allowed ? shown : { ...shown, reason };
  }

  #end(listed: Listed): void {
    listed.offer.key.wipe();
    listed.offer = { ...listed.offer, key: SecretBytes.adopt(new Uint8Array(FILE_KEY_BYTES)) };
    listed.ended = true;
    this.#keep(listed);
    if (listed.shown.direction === 'sent') this.#context.steps.after(() => this.#discard(listed.shown.id));
  }

  #discard(fileId: FileId): void {
    void this.#context.ports.files.discard(fileId).catch(() => undefined);
  }

  #view(offer: FileOffer, direction: SessionFile['direction'], utcMs: number): SessionFile {
    const { fileId: id, name, bytes, sha256 } = offer;
    const rest = { doneBytes: 0, utcMs, state: 'offered', reason: null } as const;
    return { id, direction, name, bytes, ...rest, sha256: Buffer.from(sha256).toString('hex') };
  }

  /** Flags (1: 1 accepted, 2 paused, 4 ended) ‖ view (long, JSON) ‖ offer (long) ‖ state of a receiver (long). */
  #keep(listed: Listed): void {
    const { shown, offer, ended, accepted, paused } = listed;
    const writer = new Writer().u8((accepted ? 1 : 0) | (paused ? 2 : 0) | (ended ? 4 : 0));
    writer.long(new TextEncoder().encode(JSON.stringify(shown)));
    const encoded = encodeOffer(offer);
    encoded.open((bytes) => writer.long(bytes));
    encoded.wipe();
    const receiver = shown.direction === 'received' ? this.#transfers.receiver(shown.id) : null;
    writer.long(receiver?.state() ?? new Uint8Array(0));
    this.#context.steps.put(`${ROOM}${shown.id}`, writer.finish());
    this.#context.steps.keepFile(shown);
  }

  #restore(bytes: Uint8Array): void {
    const reader = new Reader(bytes, 'a file that was kept');
    const flags = reader.u8();
    const shown = JSON.parse(reader.text(reader.long(65_536))) as SessionFile;
    const offerBytes = reader.long(1024);
    const state = reader.long(1 << 20);
    reader.end();
    const offer = decodeOffer(offerBytes);
    offerBytes.fill(0);
    bytes.fill(0);
    const ended = (flags & 4) !== 0;
    const listed: Listed = { shown, offer, ended, accepted: (flags & 1) !== 0, paused: (flags & 2) !== 0 };
    this.#files.set(shown.id, listed);
    if (shown.direction === 'received') {
      // Also one that has ended: the other desk may have missed how.
      this.#transfers.restore(state, offer, ended ? null : offer.key);
      return;
    }
    if (ended) {
      // Again: the process may have ended between the end and this.
      this.#discard(shown.id);
      return;
    }
    const { steps, ports } = this.#context;
    this.#waiting.add(shown.id);
    const goOn = (hashes: FileHashes | null): Promise<void> =>
      steps
        .run(() => {
          this.#waiting.delete(shown.id);
          if (!this.#files.has(shown.id)) return;
          if (hashes) {
            const sender = this.#transfers.send(offer, hashes, { accepted: listed.accepted, paused: listed.paused });
            this.#perform(sender.reconnected(ports.nowMs()));
            return this.#show(shown.id);
          }
          const reason = 'The file cannot be read any more on this desk: offer it again from where it is now.';
          listed.shown = { ...shown, state: 'changed', reason };
          this.#end(listed);
        })
        .catch(() => undefined);
    ports.files.hashes(shown.id).then(goOn, () => goOn(null));
  }

  #trim(): void {
    const ended = this.list.filter(({ id }) => this.#files.get(id)?.ended);
    for (const { id } of ended.slice(0, Math.max(0, this.#files.size - MAX_LISTED))) {
      this.#files.delete(id);
      this.#context.steps.put(`${ROOM}${id}`, null);
    }
  }
}

/** In the control lane. */
export const FILE_FORM = 4;

function stateOf(stage: SenderStage | ReceiverStage, paused: boolean): SessionFile['state'] {
  switch (stage) {
    case 'sending':
    case 'receiving':
    case 'verifying':
      return paused ? 'paused' : 'running';
    case 'damaged':
      return 'cancelled';
    default:
      return stage;
  }
}

function bytesOfFileId(fileId: FileId): Uint8Array {
  if (!/^[0-9a-f]{32}$/.test(fileId)) {
    throw new HotlineError('hotline/bad-argument', 'the id of a file must be 32 hexadecimal digits in lower case');
  }
  return new Uint8Array(Buffer.from(fileId, 'hex').subarray(0, FILE_ID_BYTES));
}
