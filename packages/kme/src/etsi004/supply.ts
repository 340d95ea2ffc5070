import { KeyRefusal, type KeyService } from '../service.ts';
import { type ChunkWindow, keyIdsOf, windowOf, withWindow } from './chunks.ts';
import type { StreamEnd } from './end.ts';
import { STATUS, type StreamStatus } from './message.ts';
import type { StreamLimits } from './qos.ts';
import { encodeWord, type NeedReply, type NeedWord, readNeedReply, TOPIC } from './words.ts';

/** Key ids burned in one call. */
const VOID_BATCH = 256;
/** What is said between KMEs is limited in size; who needs more asks again. */
const WINDOWS_PER_REPLY = 256;
/** Chunks are set aside for so long at Max_bps at most, s: what nobody fetches is lost when its TTL ends. */
const AHEAD_S = 10;
/** A window that lasted less than this makes the next one twice as long, else half, ms. */
const BRISK_MS = 5_000;

/**
 * Chunks for the two readers of a stream. The leader sets windows of them aside (`assignKeys`) under key ids that both
 * sites compute; the follower learns from it which windows there are, and fetches nothing that it was not told of. So a
 * window whose assignment went astray is known to nobody and can be replaced under other ids.
 *
 * A window is durable as pending before it is assigned, and durable as assigned before any of its chunks is given out.
 */
export class StreamSupply {
  readonly #service: KeyService;
  readonly #tell: (kmeId: string, topic: string, body: Uint8Array) => Promise<Uint8Array>;
  readonly #now: () => number;
  readonly #limits: StreamLimits;

  constructor(options: {
    readonly service: KeyService;
    readonly tell: (kmeId: string, topic: string, body: Uint8Array) => Promise<Uint8Array>;
    readonly now: () => number;
    readonly limits: StreamLimits;
  }) {
    this.#service = options.service;
    this.#tell = options.tell;
    this.#now = options.now;
    this.#limits = options.limits;
  }

  /** The window of a chunk that can be fetched; undefined: there is none, or it has expired. */
  find(end: StreamEnd, index: number): ChunkWindow | undefined {
    const window = windowOf(end.record.windows, index);
    return window && !this.#expired(end, window) ? window : undefined;
  }

  /** Whether the chunk can be fetched now. A follower that has come far tells the leader, which would wait for it else. */
  isReady(end: StreamEnd, index: number): boolean {
    const ready = this.find(end, index) !== undefined;
    if (ready && !end.record.leads && index - end.reportedTo >= this.#reserve(end) / 2) {
      end.reportedTo = index;
      // The key at hand does not wait for that.
      end.alone(() => this.#ask(end, index)).catch(() => {});
    }
    return ready;
  }

  /** Sees to it that the chunk can be fetched. Rejects with what the key service or the peer reject with. */
  cover(end: StreamEnd, index: number): Promise<StreamStatus> {
    return end.alone(async () => {
      if (this.find(end, index)) return STATUS.successful;
      if (index < end.record.assignedTo) return STATUS.insufficientKey;
      return end.record.leads ? this.#extend(end, index) : this.#ask(end, index);
    });
  }

  /** The leader's answer to a follower in need. */
  async answer(end: StreamEnd, word: NeedWord): Promise<NeedReply> {
    return end.alone(async () => {
      const asked = Math.min(word.index, end.record.assignedTo);
      end.usedAtMs = this.#now();
      end.peerReadTo = Math.max(end.peerReadTo, Math.min(word.readTo, end.record.assignedTo));
      await end.update({ peerConnected: true, peerAskedTo: Math.max(end.record.peerAskedTo, asked) });
      let status: StreamStatus = STATUS.successful;
      if (word.index >= end.record.assignedTo) {
        status = await this.#extend(end, word.index).catch((error: unknown) => {
          if (error instanceof KeyRefusal) return statusOf(error);
          throw error;
        });
      }
      const { assignedTo, windows, closed, peerClosed } = end.record;
      const news = windows
        .filter((window) => window.to > word.known && !this.#expired(end, window))
        .map(({ from, to, shift }) => [Math.max(from, word.known), to, shift] as const);
      const some = news.slice(0, WINDOWS_PER_REPLY);
      const toldTo = some.length < news.length ? some.at(-1)![1] : assignedTo;
      return { status, assignedTo: toldTo, windows: some, closed: closed || peerClosed };
    });
  }

  /** Burns what has outlived its TTL. Within `alone`. */
  async expire(end: StreamEnd): Promise<void> {
    const old = end.record.windows.filter((window) => this.#expired(end, window));
    if (old.length === 0) return;
    for (const window of old) await this.#burn(keyIdsOf(end.record.ksid, window, unreadFrom(end)));
    await end.update({ windows: end.record.windows.filter((window) => !old.includes(window)) });
    end.readTo = Math.max(end.readTo, old.at(-1)!.to);
    end.peerReadTo = Math.max(end.peerReadTo, old.at(-1)!.to);
  }

  /** Burns everything that is left. Within `alone`. */
  async burnAll(end: StreamEnd): Promise<void> {
    const { ksid, windows } = end.record;
    for (const window of windows) await this.#burn(keyIdsOf(ksid, window, unreadFrom(end)));
    await this.#burn(keyIdsOf(ksid, pendingWindow(end, 0)));
  }

  #expired(end: StreamEnd, window: ChunkWindow): boolean {
    return this.#now() - window.atMs >= 1000 * end.record.qos.ttlS;
  }

  async #burn(keyIds: readonly string[]): Promise<void> {
    for (let at = 0; at < keyIds.length; at += VOID_BATCH) {
      await this.#service.voidKeys(keyIds.slice(at, at + VOID_BATCH));
    }
  }

  /** Chunks that may lie between the slower reader and the last one set aside. */
  #reserve(end: StreamEnd): number {
    const { reserveChunks, reserveBytes } = this.#limits;
    return Math.max(2, Math.min(reserveChunks, Math.floor(reserveBytes / end.record.qos.chunkBytes)));
  }

  async #extend(end: StreamEnd, index: number): Promise<StreamStatus> {
    const { assignedTo, peerAskedTo, closed, peerClosed, sae, peer, qos } = end.record;
    if (closed || peerClosed) return STATUS.insufficientKey;
    if (end.refused) return STATUS.noConnection;
    const need = index - assignedTo + 1;
    const last = Math.min(end.askedTo, peerAskedTo) + this.#reserve(end);
    if (need > this.#limits.windowChunks || assignedTo + need > last) return STATUS.insufficientKey;
    if (end.record.pending > 0) await this.#abandon(end);

    const stock = await this.#service.stock(sae, peer);
    const held = stock.keysOf(qos.chunkBytes);
    if (held === 0 && stock.alarms.length > 0) return STATUS.noConnection;
    const brisk = this.#now() - end.reachedAtMs < BRISK_MS;
    end.reach = brisk ? Math.min(2 * end.reach, this.#limits.windowChunks) : Math.max(1, end.reach >> 1);
    // A stream of priority p leaves all but a 2^(p+1)-th of the stock to others when it provides for later.
    const share = Math.floor(held / 2 ** (qos.priority + 1));
    const soon = Math.ceil((qos.maxBps * AHEAD_S) / (8 * qos.chunkBytes));
    const count = Math.max(need, Math.min(end.reach, last - assignedTo, share, soon));
    try {
      await this.#assign(end, count);
    } catch (error) {
      const code = error instanceof KeyRefusal ? error.code : undefined;
      // Ids used before, in another life of this KSID: the next ones are not.
      if (code === 'argument') await this.#abandon(end);
      else if (code !== 'short' || count === need) throw error;
      await this.#assign(end, need).catch((again: unknown) => {
        end.refused = code === 'argument' && again instanceof KeyRefusal && again.code === 'argument';
        throw again;
      });
    }
    end.reachedAtMs = this.#now();
    return STATUS.successful;
  }

  async #assign(end: StreamEnd, count: number): Promise<void> {
    await end.update({ pending: count });
    const { ksid, sae, peer, qos, assignedTo, windows, shift } = end.record;
    const window = pendingWindow(end, this.#now());
    try {
      const keyIds = keyIdsOf(ksid, window);
      await this.#service.assignKeys({ master: sae, slaves: [peer], count, bytes: qos.chunkBytes, keyIds });
    } catch (error) {
      // These say that nothing was taken, so the ids are still good; of anything else that is not known.
      if (error instanceof KeyRefusal && CLEAN.has(error.code)) await end.update({ pending: 0 });
      throw error;
    }
    await end.update({
      pending: 0,
      assignedTo: assignedTo + count,
      windows: withWindow(unread(end, windows), { ...window, shift }, 1000 * qos.ttlS),
    });
  }

  /** Burns a window that may have been assigned and that nobody was told of; its chunks get other key ids. */
  async #abandon(end: StreamEnd): Promise<void> {
    const window = pendingWindow(end, 0);
    await this.#burn(keyIdsOf(end.record.ksid, window));
    await end.update({ pending: 0, shift: window.shift + window.to - window.from });
  }

  async #ask(end: StreamEnd, index: number): Promise<StreamStatus> {
    const { ksid, sae, peer, peerKme, peerClosed, qos } = end.record;
    if (peerClosed || end.record.closed) return STATUS.insufficientKey;
    const known = end.record.assignedTo;
    end.reportedTo = index;
    const reply = readNeedReply(
      await this.#tell(peerKme, TOPIC.need, encodeWord({ ksid, sae, peer, index, known, readTo: end.readTo })),
    );
    let windows = unread(end, end.record.windows);
    let assignedTo = known;
    for (const [from, to, shift] of reply.windows) {
      // Chunks known before keep the ids they had, whatever the leader says.
      if (from < assignedTo) continue;
      windows = withWindow(windows, { from, to, shift, atMs: this.#now() }, 1000 * qos.ttlS);
      assignedTo = to;
    }
    assignedTo = Math.max(assignedTo, reply.assignedTo);
    const gone = reply.status === STATUS.notConnected;
    await end.update({ windows, assignedTo, peerConnected: true, peerClosed: gone || reply.closed });
    if (this.find(end, index)) return STATUS.successful;
    return reply.status === STATUS.successful || gone ? STATUS.insufficientKey : reply.status;
  }
}

/** Refusals after which nothing is set aside anywhere. */
const CLEAN: ReadonlySet<string> = new Set(['short', 'quota', 'demand', 'alarm', 'unauthorized', 'unknown-sae']);

/** What a refusal of the key service means in ETSI GS QKD 004. */
export function statusOf({ code }: KeyRefusal): StreamStatus {
  return code === 'short' || code === 'quota' || code === 'not-found' ? STATUS.insufficientKey : STATUS.noConnection;
}

/** Below this nothing is left to burn. The leader answers for both sides, since the follower may not know of a window. */
function unreadFrom(end: StreamEnd): number {
  return end.record.leads ? Math.min(end.readTo, end.peerReadTo) : end.readTo;
}

/** Those of the windows of which something may be left. */
function unread(end: StreamEnd, windows: readonly ChunkWindow[]): ChunkWindow[] {
  return windows.filter(({ to }) => to > unreadFrom(end));
}

function pendingWindow(end: StreamEnd, atMs: number): ChunkWindow {
  const { assignedTo, pending, shift } = end.record;
  return { from: assignedTo, to: assignedTo + pending, shift, atMs };
}
