import { HotlineError, type HotlineErrorCode } from '../error.ts';
import { frameKeyId, type Stream } from './call-keys.ts';
import { OpeningKey, SealingKey } from './key.ts';
import { Lease } from './lease.ts';
import { type FrameCounts, FrameReceiver } from './receiver.ts';
import { FrameSender } from './sender.ts';
import { SpeechCover, SpeechUncover } from './speech-pad.ts';
import type { Bytes, Use } from './suites.ts';
import { pipeOpened, pipeSealed, type Transformer } from './transform.ts';

/** What the page tells the worker. Only `key` and `pad` hold secrets, in an array that is to be transferred, not copied. */
export type MediaMessage =
  | {
      readonly kind: 'key';
      readonly use: Use;
      readonly stream: Stream;
      readonly epoch: number;
      readonly baseKey: Bytes;
    }
  /** This call is of voice by one-time pad, from now on and for good: nothing goes or comes without. Before the first key. */
  | { readonly kind: 'padded' }
  /** A second of pad; see `SpeechCover` and `SpeechUncover`. */
  | { readonly kind: 'pad'; readonly use: Use; readonly block: number; readonly bytes: Bytes }
  /** The desk said yes to what was asked at `askedAtMs`, by the clock that was handed to `CallMedia`. */
  | { readonly kind: 'renew'; readonly askedAtMs: number }
  /** Silence at once and for good. */
  | { readonly kind: 'stop' }
  | { readonly kind: 'count' };

/** What the worker tells the page. Never a key. */
export type MediaReport =
  /** A key is in place: for sealing it is in use, for opening the other side may now begin to use it. */
  | { readonly kind: 'installed'; readonly use: Use; readonly stream: Stream; readonly epoch: number }
  /** The page is to have the video encoder write a key frame, by `RTCRtpSender.setParameters`. */
  | { readonly kind: 'key-frame-needed' }
  /** A key was not installed, or a stream could not be attached or broke off. */
  | { readonly kind: 'refused'; readonly code: HotlineErrorCode; readonly message: string }
  | { readonly kind: 'counts'; readonly counts: CallCounts };

export interface CallCounts {
  /** Frames that came. */
  readonly opened: Readonly<Record<Stream, Readonly<FrameCounts>>>;
  /** Frames of this side that were not sent, and why. */
  readonly unsent: Readonly<Partial<Record<HotlineErrorCode, number>>>;
  /** Of a call by one-time pad: frames that were opened, and that no pad here uncovers. */
  readonly covered: number;
}

/** What an `RTCRtpScriptTransform` is made with. */
export interface TransformOptions {
  /** `seal` on a sender, `open` on a receiver. */
  readonly use: Use;
  readonly stream: Stream;
}

export interface CallMediaOptions {
  readonly subtle: SubtleCrypto;
  /**
   * Monotonic ms, by which renewals say when they were asked for. If the page asks, and not the worker, both must use
   * `performance.timeOrigin + performance.now()`.
   */
  readonly now: () => number;
  readonly report: (report: MediaReport) => void;
}

/**
 * The media of one call, as a worker runs them: audio and video in both directions, under one lease. A worker hands
 * every message of its page to `take` and the transformer of every `rtctransform` event to `attach`.
 */
export class CallMedia {
  readonly #subtle: SubtleCrypto;
  readonly #now: () => number;
  readonly #report: (report: MediaReport) => void;
  readonly #lease = new Lease();
  readonly #senders: Readonly<Record<Stream, FrameSender>>;
  readonly #receivers: Readonly<Record<Stream, FrameReceiver>>;
  readonly #unsent: Partial<Record<HotlineErrorCode, number>> = {};
  readonly #cover = new SpeechCover();
  readonly #uncover = new SpeechUncover();
  #padded = false;
  #covered = 0;
  #stopped = false;
  #encoder: Transformer | undefined;
  /** Keys are derived one after the other, so that they are installed in the order in which they came. */
  #installing: Promise<void> = Promise.resolve();

  constructor({ subtle, now, report }: CallMediaOptions) {
    this.#subtle = subtle;
    this.#now = now;
    this.#report = report;
    const lease = this.#lease;
    const onKeyFrameNeeded = () => this.#askForKeyFrame();
    this.#senders = {
      audio: new FrameSender({ lease, now }),
      video: new FrameSender({ lease, now, onKeyFrameNeeded }),
    };
    this.#receivers = { audio: new FrameReceiver({ lease, now }), video: new FrameReceiver({ lease, now }) };
  }

  /** Resolves when the message has taken effect; `stop` has before this returns. */
  async take(message: MediaMessage): Promise<void> {
    switch (message.kind) {
      case 'key':
        this.#installing = this.#installing.then(() => this.#install(message));
        return this.#installing;
      case 'padded':
        this.#padded = true;
        return;
      case 'pad':
        this.#keepPad(message);
        return;
      case 'renew':
        this.#lease.renew(message.askedAtMs);
        for (const receiver of Object.values(this.#receivers)) receiver.expire();
        return;
      case 'stop':
        for (const end of [...Object.values(this.#senders), ...Object.values(this.#receivers)]) end.stop();
        this.#stopped = true;
        this.#cover.wipe();
        this.#uncover.wipe();
        return;
      case 'count':
        this.#report({ kind: 'counts', counts: this.counts });
    }
  }

  /** Blocks of pad that are not used up, for what is sent. */
  get pads(): readonly number[] {
    return this.#cover.blocks;
  }

  get counts(): CallCounts {
    const { audio, video } = this.#receivers;
    return {
      opened: { audio: audio.counts, video: video.counts },
      unsent: { ...this.#unsent },
      covered: this.#covered,
    };
  }

  /** Seals or opens the frames of a sender or receiver, as the options of its transform say, until it ends. */
  async attach(transformer: Transformer): Promise<void> {
    try {
      const { use, stream } = transformOptions(transformer.options);
      if (use === 'open') {
        await pipeOpened({
          transformer,
          stream,
          receiver: this.#receivers[stream],
          now: this.#now,
          uncover: (frame) => this.#uncovered(stream, frame),
        });
        return;
      }
      if (stream === 'video') this.#encoder = transformer;
      await pipeSealed({
        transformer,
        stream,
        sender: this.#senders[stream],
        now: this.#now,
        cover: (frame) => this.#coveredOf(stream, frame),
        onKeyFrameNeeded: () => this.#askForKeyFrame(),
        onRefused: ({ code }) => {
          this.#unsent[code] = (this.#unsent[code] ?? 0) + 1;
        },
      });
    } catch (error) {
      this.#refuse(error);
    }
  }

  #keepPad({ use, block, bytes }: MediaMessage & { kind: 'pad' }): void {
    try {
      if (this.#stopped) throw new HotlineError('hotline/line-dropped', 'this call has ended; begin a new one');
      if (!this.#padded) throw new HotlineError('hotline/bad-argument', 'this call does not go by one-time pad');
      (use === 'seal' ? this.#cover : this.#uncover).add(block, bytes);
    } catch (error) {
      this.#refuse(error);
    } finally {
      bytes.fill(0);
    }
  }

  /** What is to be sealed. Throws HotlineError: then the frame is not sent. */
  #coveredOf(stream: Stream, frame: Bytes): Bytes {
    if (!this.#padded) return frame;
    if (stream === 'video') throw new HotlineError('hotline/not-permitted', 'a call by one-time pad has no picture');
    // No pad is used up for what will not be sent.
    if (!this.#lease.holds(this.#now())) {
      throw new HotlineError('hotline/line-dropped', 'this desk has not confirmed in time that the line is safe');
    }
    return this.#cover.cover(frame);
  }

  /** What was covered; undefined drops the frame. */
  #uncovered(stream: Stream, plaintext: Bytes): Bytes | undefined {
    if (!this.#padded) return plaintext;
    const frame = stream === 'audio' ? this.#uncover.uncover(plaintext) : undefined;
    if (!frame) this.#covered++;
    return frame;
  }

  async #install({ use, stream, epoch, baseKey }: MediaMessage & { kind: 'key' }): Promise<void> {
    try {
      const kid = frameKeyId(epoch, stream);
      if (use === 'seal') this.#senders[stream].switchTo(await SealingKey.derive(this.#subtle, kid, baseKey));
      else this.#receivers[stream].install(await OpeningKey.derive(this.#subtle, kid, baseKey));
      this.#report({ kind: 'installed', use, stream, epoch });
    } catch (error) {
      this.#refuse(error);
    } finally {
      baseKey.fill(0);
    }
  }

  #askForKeyFrame(): void {
    const tellPage = () => this.#report({ kind: 'key-frame-needed' });
    if (this.#encoder?.generateKeyFrame) this.#encoder.generateKeyFrame().catch(tellPage);
    else tellPage();
  }

  #refuse(error: unknown): void {
    const refusal =
      error instanceof HotlineError
        ? error
        : new HotlineError('hotline/not-permitted', 'the browser ended a stream of this call; call again');
    this.#report({ kind: 'refused', code: refusal.code, message: refusal.message });
  }
}

function transformOptions(options: unknown): TransformOptions {
  const { use, stream } = (options ?? {}) as Partial<TransformOptions>;
  if ((use === 'seal' || use === 'open') && (stream === 'audio' || stream === 'video')) return { use, stream };
  throw new HotlineError(
    'hotline/bad-argument',
    'a transform of a call seals or opens audio or video; its options say neither',
  );
}
