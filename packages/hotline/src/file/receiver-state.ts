import { Reader, Writer } from '../bytes.ts';
import { HotlineError } from '../error.ts';
import { ChunkSet } from './chunk-set.ts';
import { chunkCount } from './chunked.ts';
import { bytesOfHex, FILE_ID_BYTES, hexOf } from './id.ts';
import type { PauseReason } from './message.ts';
import type { FileFacts } from './offer.ts';

/** `damaged` is the file whose parts were authentic and whose whole is not. The last five end the transfer. */
export type ReceiverStage =
  | 'offered'
  | 'receiving'
  | 'verifying'
  | 'done'
  | 'refused'
  | 'cancelled'
  | 'changed'
  | 'damaged';

/** Who or what holds a receiver up; what is wrong with its disk is its own affair, the other side hears `disk`. */
export type ReceiverPause = Exclude<PauseReason, 'disk'> | DiskTrouble;
export type DiskTrouble = 'disk-full' | 'disk-fault';

/** What of a receiver is worth keeping over a crash. No key is in it, and nothing of the file. */
export interface KeptReceiver {
  readonly stage: ReceiverStage;
  readonly pause: ReceiverPause | null;
  /** Whether the whole was fetched a second time because the first did not have the hash that was offered. */
  readonly fetchedTwice: boolean;
  readonly durable: ChunkSet;
}

const VERSION = 1;
const STAGES: readonly ReceiverStage[] = [
  'offered',
  'receiving',
  'verifying',
  'done',
  'refused',
  'cancelled',
  'changed',
  'damaged',
];
const PAUSES: readonly (ReceiverPause | null)[] = [null, 'person', 'disk-full', 'disk-fault'];

/**
 * 01 ‖ file id (16) ‖ SHA-256 of the plaintext (32) ‖ length u32 ‖ stage u8 (0 offered, 1 receiving, 3 done, 4 refused,
 * 5 cancelled, 6 changed, 7 damaged) ‖ pause u8 (0 none, 1 by a person, 2 disk full, 3 disk fails) ‖ fetched twice u8 ‖ bitmap
 * (u32 length ‖ bytes) of the chunks that are durable, least significant bit first.
 */
export function encodeReceiver(facts: FileFacts, kept: KeptReceiver): Uint8Array {
  return new Writer()
    .u8(VERSION)
    .raw(bytesOfHex(facts.fileId))
    .raw(facts.sha256)
    .u32(facts.bytes)
    .u8(STAGES.indexOf(kept.stage === 'verifying' ? 'receiving' : kept.stage))
    .u8(PAUSES.indexOf(kept.pause))
    .u8(kept.fetchedTwice ? 1 : 0)
    .long(kept.durable.bits())
    .finish();
}

/** Throws HotlineError `hotline/store` when the bytes are not the state of a receiver of this file. */
export function decodeReceiver(facts: FileFacts, bytes: Uint8Array): KeptReceiver {
  const chunks = chunkCount(facts.bytes);
  const reader = new Reader(bytes, 'what was kept of a file under way');
  try {
    const ours =
      reader.u8() === VERSION &&
      hexOf(reader.raw(FILE_ID_BYTES)) === facts.fileId &&
      hexOf(reader.raw(32)) === hexOf(facts.sha256) &&
      reader.u32() === facts.bytes;
    const [stage, pause, twice] = [STAGES[reader.u8()], PAUSES[reader.u8()], reader.u8()];
    const durable = ChunkSet.of(chunks, reader.long(Math.ceil(chunks / 8)));
    reader.end();
    if (!ours || stage === undefined || stage === 'verifying' || pause === undefined || twice > 1 || durable === null) {
      throw reader.refuse('it belongs to another file, or was altered');
    }
    return { stage, pause, fetchedTwice: twice === 1, durable };
  } catch (cause) {
    if (!(cause instanceof HotlineError)) throw cause;
    throw new HotlineError(
      'hotline/store',
      `${cause.message}. Cancel this file and ask for it again; what was delivered before is not touched`,
      { cause },
    );
  }
}
