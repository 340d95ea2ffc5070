import type { PairStock } from '../service.ts';
import type { Qos } from './message.ts';

/** What this KME offers to key streams at most. */
export interface StreamLimits {
  readonly minChunkBytes: number;
  readonly defaultChunkBytes: number;
  /** The default keeps an answer within one TLS record of 2^14 bytes: the C client reads no more at once. */
  readonly maxChunkBytes: number;
  readonly maxBps: number;
  readonly defaultTimeoutMs: number;
  readonly maxTimeoutMs: number;
  readonly defaultTtlS: number;
  readonly maxTtlS: number;
  /** Streams that one application may have open. */
  readonly streamsPerSae: number;
  /** Chunks of a stream that may wait for the slower of its two readers; a stream of long chunks gets fewer. */
  readonly reserveChunks: number;
  readonly reserveBytes: number;
  /** Chunks set aside in one step at most. */
  readonly windowChunks: number;
}

export const DEFAULT_STREAM_LIMITS: StreamLimits = {
  minChunkBytes: 8,
  defaultChunkBytes: 32,
  maxChunkBytes: 15_360,
  maxBps: 0xffff_ffff,
  defaultTimeoutMs: 5_000,
  maxTimeoutMs: 600_000,
  defaultTtlS: 3_600,
  maxTtlS: 7 * 86_400,
  streamsPerSae: 256,
  reserveChunks: 256,
  reserveBytes: 1 << 20,
  windowChunks: 64,
};

export const LOWEST_PRIORITY = 7;
const METADATA_TYPE = 'application/json';

/**
 * The quality of service nearest to what is asked, and whether it is all of it (ETSI GS QKD 004 V2.1.1, status 7). Zeros
 * are ours to choose. Min_bps is met when what the pair has, and what is expected (its 5 % quantile) before the stream's
 * TTL ends, lasts for the TTL at that rate.
 */
export function settle(asked: Qos, stock: PairStock, nowMs: number, limits: StreamLimits): { qos: Qos; met: boolean } {
  const ttlS = within(asked.ttlS || limits.defaultTtlS, 1, limits.maxTtlS);
  const maxBps = within(asked.maxBps || limits.maxBps, 1, limits.maxBps);
  const qos: Qos = {
    chunkBytes: within(asked.chunkBytes || limits.defaultChunkBytes, limits.minChunkBytes, limits.maxChunkBytes),
    maxBps,
    minBps: within(asked.minBps, 0, Math.min(maxBps, sustainableBps(stock, nowMs, ttlS))),
    jitterBps: asked.jitterBps || maxBps,
    priority: within(asked.priority, 0, LOWEST_PRIORITY),
    timeoutMs: within(asked.timeoutMs || limits.defaultTimeoutMs, 1, limits.maxTimeoutMs),
    ttlS,
    metadataType: asked.metadataType === '' ? '' : METADATA_TYPE,
  };
  const met = (Object.keys(qos) as (keyof Qos)[]).every(
    (field) =>
      asked[field] === 0 ||
      asked[field] === qos[field] ||
      (field === 'metadataType' && asked.metadataType.toLowerCase() === METADATA_TYPE),
  );
  return { qos, met };
}

function within(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

/** Bits a second that the pair's key, held and forecast, lasts for `ttlS` seconds. */
function sustainableBps(stock: PairStock, nowMs: number, ttlS: number): number {
  const { forecast } = stock;
  const expected = forecast && forecast.readyAtMs <= nowMs + 1000 * ttlS ? forecast.bits[0] : 0;
  return Math.floor((stock.bits + expected) / ttlS);
}

/**
 * A token bucket: over any time T no more than Max_bps · T + depth bits pass, where the depth is Jitter bits (a second's
 * deviation from Max_bps), but never less than a chunk.
 */
export class RateLimit {
  readonly #bitsPerMs: number;
  readonly #depthBits: number;
  #bits: number;
  #atMs: number;

  constructor(qos: Qos, nowMs: number) {
    this.#bitsPerMs = qos.maxBps / 1000;
    this.#depthBits = Math.max(qos.jitterBps, 8 * qos.chunkBytes);
    this.#bits = this.#depthBits;
    this.#atMs = nowMs;
  }

  /** Takes the bits, and returns how many ms to wait before using them; null, and takes nothing, when that is too long. */
  take(bits: number, nowMs: number, longestMs: number): number | null {
    this.#fill(nowMs);
    const waitMs = Math.max(0, Math.ceil((bits - this.#bits) / this.#bitsPerMs));
    if (waitMs > longestMs) return null;
    this.#bits -= bits;
    return waitMs;
  }

  giveBack(bits: number, nowMs: number): void {
    this.#fill(nowMs);
    this.#bits = Math.min(this.#depthBits, this.#bits + bits);
  }

  #fill(nowMs: number): void {
    // A clock that was set back gives nothing.
    const elapsedMs = Math.max(0, nowMs - this.#atMs);
    this.#atMs = nowMs;
    this.#bits = Math.min(this.#depthBits, this.#bits + elapsedMs * this.#bitsPerMs);
  }
}
