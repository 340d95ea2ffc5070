/** What it costs to seal and to open a call: the frames of a page's worker, as fast as they go. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { CallMedia, CODECS, type EncodedFrame, type Stream, type Transformer } from '@skykey/hotline/media';
import { NodeError } from '../../error.ts';

/** A video of 720 lines: 30 frames a second, 1.5 Mbit/s, a key frame of eight times the size of others every 10 s. */
const VIDEO_FPS = 30;
const VIDEO_BYTES_PER_S = 1.5e6 / 8;
const KEY_FRAME_S = 10;
const KEY_FRAME_TIMES = 8;
/** Voice: 50 packets a second of 32 kbit/s. */
const VOICE_FPS = 50;
const VOICE_BYTES = 80;
const RENEW_S = 0.25;
const REKEY_S = 60;
const TAG_BYTES = 16;
/** For one frame. */
const PATIENCE_MS = 10_000;

interface Frame {
  readonly stream: Stream;
  readonly atMs: number;
  readonly isKey: boolean;
  readonly stamp: number;
  data: Uint8Array<ArrayBuffer>;
}

export interface MediaCost {
  /** Of call that was sealed and opened. */
  readonly seconds: number;
  readonly frames: number;
  readonly bytes: number;
  /** Processor time as a part of one core, of one direction of a call. */
  readonly seal: number;
  readonly open: number;
  /** The same bytes by AES-256-GCM alone, in calls of node:crypto. */
  readonly bareSeal: number;
  readonly bareOpen: number;
}

/** `cpuS`: processor time of this process so far, with all its threads. Throws NodeError when a frame did not come through. */
export async function mediaCost(seconds: number, cpuS: () => number): Promise<MediaCost> {
  const frames = framesOf(seconds);
  const plain = frames.map(({ data }) => data);
  const bareSealed = plain.map(() => new Uint8Array(0));
  const key = randomBytes(32);
  const bareSeal = costOf(cpuS, () => {
    for (const [i, data] of plain.entries()) {
      const cipher = createCipheriv('aes-256-gcm', key, nonceOf(i), { authTagLength: TAG_BYTES });
      bareSealed[i] = Buffer.concat([cipher.update(data), cipher.final(), cipher.getAuthTag()]);
    }
  });
  const bareOpen = costOf(cpuS, () => {
    for (const [i, data] of bareSealed.entries()) {
      const decipher = createDecipheriv('aes-256-gcm', key, nonceOf(i), { authTagLength: TAG_BYTES });
      decipher.setAuthTag(data.subarray(-TAG_BYTES));
      decipher.update(data.subarray(0, -TAG_BYTES));
      decipher.final();
    }
  });
  const epochs = Array.from({ length: Math.ceil(seconds / REKEY_S) }, () => ({
    audio: randomBytes(32),
    video: randomBytes(32),
  }));
  const fromS = cpuS();
  const sealed = await pass('seal', frames, epochs);
  const sealedS = cpuS();
  const opened = await pass('open', sealed, epochs);
  const openedS = cpuS();
  if (opened.length !== frames.length || opened.some(({ data }, i) => Buffer.compare(data, plain[i]!) !== 0))
    throw new NodeError('node/trial', `of ${frames.length} frames ${opened.length} came through as they were`);
  return {
    ...{ seconds, frames: frames.length, bytes: plain.reduce((sum, { length }) => sum + length, 0) },
    ...{ seal: (sealedS - fromS) / seconds, open: (openedS - sealedS) / seconds },
    ...{ bareSeal: bareSeal / seconds, bareOpen: bareOpen / seconds },
  };
}

function costOf(cpuS: () => number, work: () => void): number {
  const fromS = cpuS();
  work();
  return cpuS() - fromS;
}

function nonceOf(i: number): Uint8Array {
  const nonce = Buffer.alloc(12);
  nonce.writeUInt32BE(i, 8);
  return nonce;
}

/** In the order in which they are made; contents are random. */
function framesOf(seconds: number): Frame[] {
  const perKeyFrame = VIDEO_FPS * KEY_FRAME_S;
  const deltaBytes = Math.round((VIDEO_BYTES_PER_S * KEY_FRAME_S) / (perKeyFrame - 1 + KEY_FRAME_TIMES));
  const video = Array.from({ length: Math.round(seconds * VIDEO_FPS) }, (_, i): Frame => {
    const isKey = i % perKeyFrame === 0;
    const data = new Uint8Array(randomBytes(isKey ? KEY_FRAME_TIMES * deltaBytes : deltaBytes));
    return { stream: 'video', atMs: (1000 * i) / VIDEO_FPS, isKey, stamp: i * 3000, data };
  });
  const voice = Array.from({ length: Math.round(seconds * VOICE_FPS) }, (_, i): Frame => {
    const data = new Uint8Array(randomBytes(VOICE_BYTES));
    return { stream: 'audio', atMs: (1000 * i) / VOICE_FPS, isKey: false, stamp: i * 960, data };
  });
  return [...video, ...voice].sort((a, b) => a.atMs - b.atMs);
}

/** All frames through a worker's media, under leases and keys that are renewed as in a call; time is that of the frames. */
async function pass(
  use: 'seal' | 'open',
  frames: readonly Frame[],
  epochs: readonly Readonly<Record<Stream, Uint8Array>>[],
): Promise<Frame[]> {
  let nowMs = 0;
  const media = new CallMedia({ subtle: crypto.subtle, now: () => nowMs, report: () => undefined });
  const out: Frame[] = [];
  const lines = { audio: new TrialLine('audio', use, out), video: new TrialLine('video', use, out) };
  const running = Object.values(lines).map((line) => media.attach(line));
  let renewedMs = Number.NEGATIVE_INFINITY;
  let epoch = -1;
  for (const frame of frames) {
    nowMs = frame.atMs;
    if (nowMs - renewedMs >= 1000 * RENEW_S) {
      renewedMs = nowMs;
      await media.take({ kind: 'renew', askedAtMs: nowMs });
    }
    if (Math.floor(nowMs / 1000 / REKEY_S) > epoch) {
      epoch++;
      for (const stream of ['audio', 'video'] as const) {
        await media.take({ kind: 'key', use, stream, epoch, baseKey: new Uint8Array(epochs[epoch]![stream]) });
      }
    }
    await lines[frame.stream].write(frame);
  }
  for (const line of Object.values(lines)) line.end();
  await Promise.all(running);
  return out;
}

/** Stands where an RTCRtpScriptTransformer stands in a browser; one frame after the other. */
class TrialLine implements Transformer {
  readonly readable: ReadableStream<EncodedFrame>;
  readonly writable: WritableStream<EncodedFrame>;
  readonly options: { readonly use: 'seal' | 'open'; readonly stream: Stream };
  #source!: ReadableStreamDefaultController<EncodedFrame>;
  #current: { readonly frame: Frame; readonly written: () => void } | null = null;

  constructor(stream: Stream, use: 'seal' | 'open', out: Frame[]) {
    this.options = { use, stream };
    this.readable = new ReadableStream({
      start: (source) => {
        this.#source = source;
      },
    });
    this.writable = new WritableStream({
      write: ({ data }) => {
        const { frame, written } = this.#current!;
        out.push({ ...frame, data: new Uint8Array(data) });
        written();
      },
    });
  }

  /** Resolves when it is through; rejects when it was dropped. */
  write(frame: Frame): Promise<void> {
    return new Promise((resolve, reject) => {
      const dropped = (): void => reject(new NodeError('node/trial', 'a frame of the call was dropped'));
      const timer = setTimeout(dropped, PATIENCE_MS);
      const written = (): void => {
        clearTimeout(timer);
        resolve();
      };
      this.#current = { frame, written };
      const { stamp, stream, isKey } = frame;
      this.#source.enqueue({
        data: frame.data.slice().buffer,
        type: isKey ? 'key' : 'delta',
        getMetadata: () => ({ rtpTimestamp: stamp, mimeType: CODECS[stream] }),
      });
    });
  }

  end(): void {
    this.#source.close();
  }
}
