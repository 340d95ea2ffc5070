import { webcrypto } from 'node:crypto';
import {
  CallMedia,
  decodeHeader,
  type EncodedFrame,
  frameKeyId,
  LEASE_MS,
  type MediaMessage,
  type Stream,
} from '@skykey/hotline/media';
import type { DeskClient } from '../../desk-client.ts';

/** As the page's worker asks (`packages/console/src/call/lease.ts`). */
const PULL_MS = 300;
/** Voice in frames of 20 ms; a picture of 25 frames a second, about 500 kbit/s. */
const RHYTHM: Readonly<Record<Stream, { readonly everyMs: number; readonly bytes: number; readonly ticks: number }>> = {
  audio: { everyMs: 20, bytes: 80, ticks: 960 },
  video: { everyMs: 40, bytes: 2500, ticks: 3600 },
};
const STREAMS = Object.keys(RHYTHM) as readonly Stream[];
const TRANSFORMS = STREAMS.flatMap((stream) => [
  { use: 'seal' as const, stream },
  { use: 'open' as const, stream },
]);

interface LeaseAnswer {
  readonly leaseMs: number;
  readonly sendEpoch: number;
  readonly keys: readonly {
    readonly keyId: string;
    readonly mediaEpoch: number;
    readonly stream: Stream;
    readonly use: 'send' | 'receive';
    readonly baseKey: string;
  }[];
}

/** Times are ms of `performance.now()`; null while it has not happened. */
export interface CallTrace {
  readonly sealed: number;
  readonly opened: number;
  readonly lastSealedMs: number | null;
  readonly lastOpenedMs: number | null;
  /** When this end was told to stop, and with which words. */
  readonly stoppedMs: number | null;
  readonly reason: string | null;
}

/**
 * One end of a call as a page is, without a browser: it asks its desk for leave, seals frames of voice and picture with the
 * shipped media room and opens what comes, and is silent when it is told so or gets no leave. Only the encoder is played.
 */
export class CallEnd {
  readonly #client: DeskClient;
  readonly #callId: string;
  readonly #media: CallMedia;
  readonly #have = new Set<string>();
  /** Keys to open with that no frame has named yet: from the first on, those before live for seconds only. */
  readonly #waiting = new Map<string, MediaMessage>();
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #inputs = new Map<string, ReadableStreamDefaultController<EncodedFrame>>();
  readonly #sealed: Record<Stream, number> = { audio: 0, video: 0 };
  #opened = 0;
  #lastSealedMs: number | null = null;
  #lastOpenedMs: number | null = null;
  #stoppedMs: number | null = null;
  #reason: string | null = null;
  /** Where sealed frames go: the other end. */
  post: (stream: Stream, frame: EncodedFrame) => void = () => undefined;

  constructor(client: DeskClient, callId: string) {
    this.#client = client;
    this.#callId = callId;
    const subtle = webcrypto.subtle as SubtleCrypto;
    this.#media = new CallMedia({ subtle, now: () => performance.now(), report: () => undefined });
    for (const options of TRANSFORMS) void this.#media.attach(this.#transformer(options));
  }

  start(): void {
    void this.#pull();
    this.#timers.push(setInterval(() => void this.#pull(), PULL_MS));
    for (const stream of STREAMS) {
      this.#timers.push(setInterval(() => this.#speak(stream), RHYTHM[stream].everyMs));
    }
  }

  /** A sealed frame of the other end. */
  receive(stream: Stream, frame: EncodedFrame): void {
    const kid = decodeHeader(new Uint8Array(frame.data).subarray(stream === 'video' ? 1 : 0))?.kid;
    const key = this.#waiting.get(`${stream} ${kid}`);
    this.#waiting.delete(`${stream} ${kid}`);
    void (key ? this.#media.take(key) : Promise.resolve()).then(() =>
      this.#inputs.get(`open ${stream}`)?.enqueue(frame),
    );
  }

  /** The desk says so, by its events or by refusing leave. */
  stop(reason: string): void {
    if (this.#stoppedMs !== null) return;
    void this.#media.take({ kind: 'stop' });
    this.#stoppedMs = performance.now();
    this.#reason = reason;
  }

  get trace(): CallTrace {
    return {
      sealed: this.#sealed.audio + this.#sealed.video,
      opened: this.#opened,
      ...{ lastSealedMs: this.#lastSealedMs, lastOpenedMs: this.#lastOpenedMs },
      ...{ stoppedMs: this.#stoppedMs, reason: this.#reason },
    };
  }

  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
    void this.#media.take({ kind: 'stop' });
    for (const input of this.#inputs.values()) input.close();
    this.#inputs.clear();
  }

  #transformer(options: (typeof TRANSFORMS)[number]) {
    const { use, stream } = options;
    return {
      options,
      readable: new ReadableStream<EncodedFrame>({
        start: (controller) => void this.#inputs.set(`${use} ${stream}`, controller),
      }),
      writable: new WritableStream<EncodedFrame>({
        write: (frame) => {
          if (use === 'seal') {
            this.#lastSealedMs = performance.now();
            this.post(stream, frame);
          } else {
            this.#lastOpenedMs = performance.now();
            this.#opened++;
          }
        },
      }),
    };
  }

  #speak(stream: Stream): void {
    const { bytes, ticks } = RHYTHM[stream];
    const number = this.#sealed[stream]++;
    const type = stream === 'video' ? (number % 25 === 0 ? 'key' : 'delta') : undefined;
    const data = new Uint8Array(bytes).fill(number & 0xff).buffer;
    const frame = { data, ...(type && { type }), getMetadata: () => ({ rtpTimestamp: (number * ticks) >>> 0 }) };
    this.#inputs.get(`seal ${stream}`)?.enqueue(frame);
  }

  async #pull(): Promise<void> {
    if (this.#stoppedMs !== null) return;
    const askedAtMs = performance.now();
    let answer: LeaseAnswer;
    try {
      const asked = { id: this.#callId, session: 'trial', have: [...this.#have] };
      answer = (await this.#client.post('/api/call/lease', asked)) as LeaseAnswer;
    } catch (error) {
      // No answer is no leave, and runs out by itself; a refusal is for good.
      if ((error as { code?: string }).code === 'desk/refused') this.stop((error as Error).message);
      return;
    }
    for (const { keyId, use, stream, mediaEpoch, baseKey } of answer.keys) {
      this.#have.add(keyId);
      const bytes = new Uint8Array(Buffer.from(baseKey, 'base64'));
      const key = { kind: 'key', stream, epoch: mediaEpoch, baseKey: bytes } as const;
      if (use === 'send') void this.#media.take({ ...key, use: 'seal' });
      else this.#waiting.set(`${stream} ${frameKeyId(mediaEpoch, stream)}`, { ...key, use: 'open' });
    }
    void this.#media.take({ kind: 'renew', askedAtMs: askedAtMs - LEASE_MS + Math.min(LEASE_MS, answer.leaseMs) });
  }
}

/** Lays a line between two ends that loses nothing. */
export function connect(a: CallEnd, b: CallEnd): void {
  a.post = (stream, frame) => b.receive(stream, frame);
  b.post = (stream, frame) => a.receive(stream, frame);
}
