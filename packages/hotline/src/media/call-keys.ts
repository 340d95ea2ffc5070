import { Writer } from '../bytes.ts';
import { HotlineError } from '../error.ts';

/** The streams of a call; each direction of each has base keys of its own. */
export type Stream = 'audio' | 'video';

/** 1 from the desk whose id sorts first, 2 back. */
export type Direction = 1 | 2;

/** A stream's number in KIDs and contexts: two bits, of which 2 and 3 are free. */
export const STREAM_NUMBERS: Readonly<Record<Stream, number>> = { audio: 0, video: 1 };

/** The id of a call, drawn afresh for each, bytes. */
export const CALL_ID_BYTES = 16;

/** Media epochs of one call are 0 to 2^32 − 1: at one a minute, 8,000 years. */
const LAST_EPOCH = 2 ** 32 - 1;

/** A KID is media epoch ‖ stream (2 bits): the first 64 epochs of a call cost at most one byte in each frame. */
export function frameKeyId(epoch: number, stream: Stream): bigint {
  checkEpoch(epoch);
  return (BigInt(epoch) << 2n) | BigInt(streamNumber(stream));
}

/** For which frames a base key is. */
export interface MediaBaseKeyPlace {
  /** CALL_ID_BYTES. */
  readonly callId: Uint8Array;
  readonly direction: Direction;
  readonly stream: Stream;
  readonly epoch: number;
}

/**
 * The `info` of HKDF-Expand (SHA-512) that makes a base key of 32 bytes out of the media secret of a call: label and
 * place, each part after its length, so that no two places have the same context (hotline reference, section 5).
 * Throws HotlineError `hotline/bad-argument` for a place that no call has.
 */
export function mediaBaseKeyContext({ callId, direction, stream, epoch }: MediaBaseKeyPlace): Uint8Array {
  if (callId.length !== CALL_ID_BYTES) throw bad(`a call id has ${CALL_ID_BYTES} bytes, not ${callId.length}`);
  if (direction !== 1 && direction !== 2) throw bad(`a direction is 1 or 2, not ${direction}`);
  checkEpoch(epoch);
  return new Writer()
    .name('skykey/media/2 base key')
    .labelled('call', callId)
    .labelled('direction', Uint8Array.of(direction))
    .labelled('stream', Uint8Array.of(streamNumber(stream)))
    .labelled('epoch', new Writer().u32(epoch).finish())
    .finish();
}

function streamNumber(stream: Stream): number {
  if (!Object.hasOwn(STREAM_NUMBERS, stream)) throw bad(`a stream is audio or video, not ${stream}`);
  return STREAM_NUMBERS[stream];
}

function checkEpoch(epoch: number): void {
  if (!Number.isInteger(epoch) || epoch < 0 || epoch > LAST_EPOCH)
    throw bad(`a media epoch is a whole number of 0 to ${LAST_EPOCH}, not ${epoch}`);
}

function bad(why: string): HotlineError {
  return new HotlineError('hotline/bad-argument', why);
}
