import { HotlineError } from '../error.ts';
import type { Stream } from './call-keys.ts';
import { joined } from './frame.ts';
import type { FrameReceiver } from './receiver.ts';
import type { FrameSender } from './sender.ts';
import type { Bytes } from './suites.ts';

/**
 * How the encoded frames of a browser (W3C WebRTC Encoded Transform) become SFrame frames and come back.
 *
 * Opus: the payload is the SFrame frame; nothing of the encoded frame stays clear.
 * VP8: the payload is a lead byte ‖ SFrame frame. Nothing of the encoded frame stays clear here either, but receivers
 * read the lowest bit of the first byte of a payload as VP8's "not a key frame" (RFC 7741, 4.3) before the frame comes
 * to its transform: with the config byte of SFrame in that place, Chromium takes frames for what they are not. So the
 * lead byte says 0 for a key frame and 1 for any other, which the sizes of the frames give away anyhow.
 * Both: lead byte, RTP time stamp and codec are authenticated as metadata. Frames are played in the order of their time
 * stamps, so that whoever can write RTP packets cannot put words into another order within the replay window.
 */
export interface EncodedFrame {
  data: ArrayBuffer;
  /** Of a video frame: `key`, `delta` or `empty`. */
  readonly type?: string;
  getMetadata(): { readonly rtpTimestamp?: number; readonly mimeType?: string };
}

/** An `RTCRtpScriptTransformer`, as far as it is used. */
export interface Transformer {
  readonly readable: ReadableStream<EncodedFrame>;
  readonly writable: WritableStream<EncodedFrame>;
  readonly options?: unknown;
  /** On the sending side; Chromium 156 lacks it. */
  generateKeyFrame?(): Promise<unknown>;
  /** On the receiving side. */
  sendKeyFrameRequest?(): Promise<unknown>;
}

/** The only codecs of a call: others (AV1, H.264) are cut into packets by what their payload says. */
export const CODECS: Readonly<Record<Stream, string>> = { audio: 'audio/opus', video: 'video/VP8' };

/** A key frame is asked for at most so often, ms. */
const KEY_FRAME_PAUSE_MS = 1000;

const KEY_FRAME = 0;
const NO_KEY_FRAME = 1;

export interface SealedPipe {
  readonly transformer: Transformer;
  readonly stream: Stream;
  readonly sender: FrameSender;
  readonly now: () => number;
  /** What of a frame is to be sealed. Throws HotlineError for one that is not to be sent. */
  readonly cover: (frame: Bytes) => Bytes;
  /** Frames were not sent, so that the other side needs a key frame. */
  readonly onKeyFrameNeeded: () => void;
  /** A frame was not sealed, and was not sent. */
  readonly onRefused: (error: HotlineError) => void;
}

/** Seals what an encoder writes until it ends; a frame that cannot be sealed is not sent. */
export function pipeSealed(pipe: SealedPipe): Promise<void> {
  const { transformer, stream, sender, now, cover, onKeyFrameNeeded, onRefused } = pipe;
  const gap = new Gap();
  return through(transformer, async (frame) => {
    if (frame.data.byteLength === 0) return false;
    const isKey = frame.type === 'key';
    try {
      checkOwn(stream, frame);
      const lead = leadOf(stream, isKey);
      const payload = await sender.seal(cover(new Uint8Array(frame.data)), metadataOf(stream, lead, frame));
      frame.data = joined(lead, payload).buffer;
    } catch (error) {
      if (!(error instanceof HotlineError)) throw error;
      gap.missed();
      onRefused(error);
      return false;
    }
    if (stream === 'video' && gap.askAfter(isKey, now())) onKeyFrameNeeded();
    return true;
  });
}

export interface OpenedPipe {
  readonly transformer: Transformer;
  readonly stream: Stream;
  readonly receiver: FrameReceiver;
  readonly now: () => number;
  /** Of what was opened, the frame; undefined drops it. */
  readonly uncover: (plaintext: Bytes) => Bytes | undefined;
}

/** Opens what comes until it ends; whatever cannot be opened is dropped. */
export function pipeOpened({ transformer, stream, receiver, now, uncover }: OpenedPipe): Promise<void> {
  const gap = new Gap();
  return through(transformer, async (frame) => {
    // Padding that probes the bandwidth comes as frames without a byte.
    if (frame.data.byteLength === 0) return false;
    const payload = new Uint8Array(frame.data);
    const lead = payload.subarray(0, stream === 'video' ? 1 : 0);
    const opened = await receiver.open(payload.subarray(lead.length), metadataOf(stream, lead, frame));
    const plaintext = opened && uncover(opened);
    if (!plaintext) {
      gap.missed();
      return false;
    }
    frame.data = plaintext.buffer;
    // A request that fails is repeated after the pause, if it is still needed.
    if (stream === 'video' && gap.askAfter(lead[0] === KEY_FRAME, now()))
      transformer.sendKeyFrameRequest?.().catch(() => undefined);
    return true;
  });
}

/** Lets through the frames that `pass` says yes to, in their order. */
function through({ readable, writable }: Transformer, pass: (frame: EncodedFrame) => Promise<boolean>): Promise<void> {
  const transform = new TransformStream<EncodedFrame, EncodedFrame>({
    async transform(frame, controller) {
      if (await pass(frame)) controller.enqueue(frame);
    },
  });
  return readable.pipeThrough(transform).pipeTo(writable);
}

function leadOf(stream: Stream, isKey: boolean): Bytes {
  return stream === 'video' ? Uint8Array.of(isKey ? KEY_FRAME : NO_KEY_FRAME) : new Uint8Array(0);
}

/** Lead byte, for video ‖ RTP time stamp (4) ‖ name of the codec, in small letters. */
function metadataOf(stream: Stream, lead: Bytes, frame: EncodedFrame): Bytes {
  const { rtpTimestamp = 0, mimeType = CODECS[stream] } = frame.getMetadata();
  const stamp = new Uint8Array(4);
  new DataView(stamp.buffer).setUint32(0, rtpTimestamp);
  return joined(joined(lead, stamp), new TextEncoder().encode(mimeType.toLowerCase()));
}

/** Throws HotlineError `hotline/bad-argument` for a frame that a call cannot carry. */
function checkOwn(stream: Stream, frame: EncodedFrame): void {
  const { rtpTimestamp, mimeType = CODECS[stream] } = frame.getMetadata();
  if (mimeType.toLowerCase() !== CODECS[stream].toLowerCase())
    throw new HotlineError('hotline/bad-argument', `calls carry ${CODECS[stream]}, not ${mimeType}`);
  if (rtpTimestamp === undefined)
    throw new HotlineError(
      'hotline/bad-argument',
      'this browser does not date its frames; use a current Chromium for calls',
    );
}

/** Tells when to ask for a key frame: when frames go on after some went missing. */
class Gap {
  #missing = false;
  #askedAtMs = Number.NEGATIVE_INFINITY;

  missed(): void {
    this.#missing = true;
  }

  /** Whether to ask, now that a frame passed. */
  askAfter(isKey: boolean, nowMs: number): boolean {
    if (isKey) this.#missing = false;
    if (!this.#missing || nowMs - this.#askedAtMs < KEY_FRAME_PAUSE_MS) return false;
    this.#askedAtMs = nowMs;
    return true;
  }
}
