import { Reader, Writer } from '../bytes.ts';
import { HotlineError } from '../error.ts';
import { CHUNK_BYTES, CHUNK_TAG_BYTES } from './chunked.ts';
import { bytesOfHex, FILE_ID_BYTES, type FileId, hexOf } from './id.ts';
import { type MessageId, readMessageId, writeMessageId } from './repeats.ts';

/** Why a file is not taken. */
export type RefuseReason = 'declined' | 'too-many' | 'no-room' | 'policy';
/** Why a transfer ends early: a person said so, the other desk does not know the file (any more), what arrived is wrong. */
export type CancelReason = 'person' | 'unknown' | 'damaged';
/** Who or what holds a transfer up. */
export type PauseReason = 'person' | 'disk';

/**
 * What two desks say about a file that was offered. `request`, `accept`, `refuse` and `done` come from the receiver,
 * `chunk` and `changed` from the sender, the others from either. None of them holds a key.
 */
export type FileBody =
  | { readonly kind: 'accept' }
  | { readonly kind: 'refuse'; readonly reason: RefuseReason }
  /** Chunks `from` to `from + count - 1` are wanted; `have` of the file are durable already. */
  | { readonly kind: 'request'; readonly from: number; readonly count: number; readonly have: number }
  | { readonly kind: 'chunk'; readonly index: number; readonly sealed: Uint8Array }
  | { readonly kind: 'done' }
  | { readonly kind: 'cancel'; readonly reason: CancelReason }
  | { readonly kind: 'changed' }
  | { readonly kind: 'pause'; readonly reason: PauseReason }
  /** Not paused, and here. Also the sender's question when it has heard nothing for long. */
  | { readonly kind: 'resume' };

export type FileMessage = FileBody & { readonly fileId: FileId; readonly id: MessageId };

/** The lanes that carry these messages: what is asked for and sent, and what is said about it. */
export type FileMessageLane = 'file' | 'control';

/** Most chunks that one request may ask for (4 MiB). */
export const MAX_REQUEST_CHUNKS = 256;
const SEALED_BYTES = CHUNK_BYTES + CHUNK_TAG_BYTES;

const KINDS = ['accept', 'refuse', 'request', 'chunk', 'done', 'cancel', 'changed', 'pause', 'resume'] as const;
const REFUSALS: readonly RefuseReason[] = ['declined', 'too-many', 'no-room', 'policy'];
const CANCELS: readonly CancelReason[] = ['person', 'unknown', 'damaged'];
const PAUSES: readonly PauseReason[] = ['person', 'disk'];

/** `request` and `chunk` go over the file lane, everything else over control, which outranks it. */
export function laneOf(kind: FileBody['kind']): FileMessageLane {
  return kind === 'request' || kind === 'chunk' ? 'file' : 'control';
}

/**
 * Kind u8 (1 accept, 2 refuse, 3 request, 4 chunk, 5 done, 6 cancel, 7 changed, 8 pause, 9 resume) ‖ file id (16) ‖
 * start (8) ‖ number u32 ‖ then for request: from u32 ‖ count u32 ‖ have u32; for chunk: index u32 ‖ length u32 ‖
 * sealed chunk; for refuse, cancel and pause: reason u8, counted from 1.
 */
export function encodeFileMessage(message: FileMessage): Uint8Array {
  const writer = new Writer().u8(KINDS.indexOf(message.kind) + 1).raw(bytesOfHex(message.fileId));
  writeMessageId(writer, message.id);
  switch (message.kind) {
    case 'request':
      return writer.u32(message.from).u32(message.count).u32(message.have).finish();
    case 'chunk':
      return writer.u32(message.index).long(message.sealed).finish();
    case 'refuse':
      return writer.u8(REFUSALS.indexOf(message.reason) + 1).finish();
    case 'cancel':
      return writer.u8(CANCELS.indexOf(message.reason) + 1).finish();
    case 'pause':
      return writer.u8(PAUSES.indexOf(message.reason) + 1).finish();
    default:
      return writer.finish();
  }
}

/** Reads a message that came over `lane`. Throws HotlineError `hotline/malformed`. */
export function decodeFileMessage(bytes: Uint8Array, lane: FileMessageLane): FileMessage {
  const reader = new Reader(bytes, 'a message about a file');
  const code = reader.u8();
  const kind = KINDS[code - 1];
  if (kind === undefined) throw reader.refuse(`there is no kind ${code}`);
  if (laneOf(kind) !== lane) throw reader.refuse(`"${kind}" does not travel in lane "${lane}"`);
  const head = { fileId: hexOf(reader.raw(FILE_ID_BYTES)), id: readMessageId(reader) };
  const message = { ...head, ...readBody(kind, reader) };
  reader.end();
  return message;
}

function readBody(kind: FileBody['kind'], reader: Reader): FileBody {
  switch (kind) {
    case 'request': {
      const [from, count, have] = [reader.u32(), reader.u32(), reader.u32()];
      if (count < 1 || count > MAX_REQUEST_CHUNKS) {
        throw reader.refuse(`it asks for ${count} pieces at once; 1 to ${MAX_REQUEST_CHUNKS} may be asked for`);
      }
      return { kind, from, count, have };
    }
    case 'chunk': {
      const index = reader.u32();
      const sealed = reader.long(SEALED_BYTES);
      if (sealed.length < CHUNK_TAG_BYTES) throw reader.refuse('a piece of a file in it is too short');
      return { kind, index, sealed };
    }
    case 'refuse':
      return { kind, reason: readReason(reader, REFUSALS) };
    case 'cancel':
      return { kind, reason: readReason(reader, CANCELS) };
    case 'pause':
      return { kind, reason: readReason(reader, PAUSES) };
    default:
      return { kind };
  }
}

function readReason<T>(reader: Reader, reasons: readonly T[]): T {
  const code = reader.u8();
  const reason = reasons[code - 1];
  if (reason === undefined) throw reader.refuse(`there is no reason ${code}`);
  return reason;
}

/** Thrown by a machine that is handed a message of another file, or one that its peer cannot be the author of. */
export function notForThisTransfer(kind: FileBody['kind']): HotlineError {
  return new HotlineError('hotline/not-for-us', `"${kind}" came for another file, or from the side that never says it`);
}
