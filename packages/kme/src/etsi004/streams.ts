import { KmeError } from '../error.ts';
import { KeyRefusal, type KeyService, type Notebook, type PairStock, type PeerWords } from '../service.ts';
import { chunkKeyId, randomUuid } from './chunks.ts';
import type { EndRecord, StreamEnd } from './end.ts';
import { StreamEnds } from './ends.ts';
import {
  type CloseRequest,
  type CloseResponse,
  type GetRequest,
  type GetResponse,
  type OpenRequest,
  type OpenResponse,
  STATUS,
  type StreamRequest,
  type StreamResponse,
  type StreamStatus,
} from './message.ts';
import { DEFAULT_STREAM_LIMITS, type StreamLimits, settle } from './qos.ts';
import { saeOfUri } from './source.ts';
import { StreamSupply, statusOf } from './supply.ts';
import {
  encodeWord,
  type OpenReply,
  type OpenWord,
  readCloseReply,
  readCloseWord,
  readNeedWord,
  readOpenReply,
  readOpenWord,
  TOPIC,
} from './words.ts';

/** Room that metadata may take at most: `{"age":4294967295,"hops":4294967295}`. */
export const METADATA_BYTES = 36;
const U32_MAX = 0xffff_ffff;

export interface KeyStreamsOptions {
  readonly service: KeyService;
  readonly words: PeerWords;
  readonly notebook: Notebook;
  /** Ms UTC. */
  readonly now: () => number;
  /** Resolves after so many ms, or as soon as the signal aborts. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Bytes from a cryptographic generator. */
  readonly random: (bytes: number) => Uint8Array;
  /** The application that a URI names; null: none. */
  readonly saeOf?: (uri: string) => string | null;
  readonly limits?: Partial<StreamLimits>;
  /** Sizes of key that policy allows two applications, bytes; within `limits` besides. */
  readonly chunkBytes?: (saeId: string, peerId: string) => { readonly min: number; readonly max: number };
  /** Told what went wrong inside; holds no key. */
  readonly onFault: (error: unknown) => void;
}

/**
 * Key streams of ETSI GS QKD 004 V2.1.1: chunks of key, by index, for two applications. State is tied to the stream and
 * the application, never to a connection. The end whose application opened without a KSID leads: it sets chunks aside;
 * when both came with one (predefined), the one whose id comes first does. Each chunk is delivered at most once to each
 * side. One process of a KME runs this: two on one notebook would lead the same streams.
 *
 * `tick` is to be called about once a second: it burns what has outlived its TTL and retries what could not be told.
 */
export class KeyStreams {
  readonly #options: KeyStreamsOptions;
  readonly #saeOf: (uri: string) => string | null;
  readonly #limits: StreamLimits;
  readonly #supply: StreamSupply;
  readonly #ends: StreamEnds;

  private constructor(options: KeyStreamsOptions) {
    this.#options = options;
    this.#saeOf = options.saeOf ?? saeOfUri;
    this.#limits = { ...DEFAULT_STREAM_LIMITS, ...options.limits };
    this.#ends = new StreamEnds(options);
    const { service, now } = options;
    this.#supply = new StreamSupply({ service, now, limits: this.#limits, tell: this.#tell });
    for (const topic of Object.values(TOPIC)) {
      options.words.hear(topic, (from, body) => this.#hear(topic, from, body));
    }
  }

  /** Takes up every stream that the notebook holds. Rejects with KmeError when it holds something else. */
  static async open(options: KeyStreamsOptions): Promise<KeyStreams> {
    const streams = new KeyStreams(options);
    await streams.#ends.recallAll();
    return streams;
  }

  /**
   * Answers a call of an application, never with an exception. `signal` aborts when nobody waits for the answer any more:
   * then no key is spent on it.
   */
  async handle(saeId: string, request: StreamRequest, signal?: AbortSignal): Promise<StreamResponse> {
    const gone = signal ?? new AbortController().signal;
    try {
      if (request.call === 'open') return await this.#open(saeId, request, gone);
      if (request.call === 'get') return await this.#get(saeId, request, gone);
      return await this.#close(saeId, request);
    } catch (error) {
      const status = this.#statusOf(error);
      if (request.call === 'open') return opened(request, status);
      if (request.call === 'get') return { ...this.#nothing(saeId, request), status };
      return { call: 'close', status };
    }
  }

  /** Streams that this KME holds an end of. */
  get count(): number {
    return this.#ends.list().length;
  }

  async tick(): Promise<void> {
    for (const end of this.#ends.list()) {
      try {
        await end.alone(() => this.#supply.expire(end));
        await this.#tellClosed(end);
        const { closed, peerClosed, windows, qos } = end.record;
        const idle = windows.length === 0 && this.#options.now() - end.usedAtMs >= 1000 * qos.ttlS;
        if (idle || (closed && peerClosed)) await this.#end(end);
      } catch (error) {
        this.#statusOf(error);
      }
    }
  }

  async #open(saeId: string, request: OpenRequest, gone: AbortSignal): Promise<OpenResponse> {
    const destination = this.#saeOf(request.destination);
    const mine = request.source === saeId || this.#saeOf(request.source) === saeId;
    if (!mine || destination === null || destination === saeId) return opened(request, STATUS.noConnection);
    const startedMs = this.#options.now();
    const timeoutMs = Math.min(request.qos.timeoutMs || this.#limits.defaultTimeoutMs, this.#limits.maxTimeoutMs);
    const established = await this.#within(timeoutMs, gone, this.#establish(saeId, destination, request));
    if (established === null) return opened(request, STATUS.timeout);
    const { status, end } = established;
    if (!end) return opened(request, status);
    const answer = { ...opened(request, status), qos: end.record.qos, ksid: end.record.ksid };
    if (status !== STATUS.successful || request.ksid === null || end.record.peerConnected) return answer;
    const leftMs = Math.max(0, end.record.qos.timeoutMs - (this.#options.now() - startedMs));
    const stop = new AbortController();
    await this.#within(leftMs, gone, end.peerArrives(stop.signal));
    stop.abort();
    return end.record.peerConnected ? answer : { ...answer, status: STATUS.peerNotConnected };
  }

  /** The caller's end of the stream, known to the other site: made, or found. */
  async #establish(
    sae: string,
    peer: string,
    request: OpenRequest,
  ): Promise<{ status: StreamStatus; end?: StreamEnd }> {
    const stock = await this.#options.service.stock(sae, peer);
    if (stock.bits === 0 && stock.alarms.length > 0) return { status: STATUS.noConnection };
    const ksid = request.ksid ?? randomUuid(this.#options.random(16));
    const { end, isNew, met } = await this.#findOrMake(sae, peer, ksid, request, stock);
    if (end === 'in-use') return { status: STATUS.ksidInUse };
    if (end === 'too-many') return { status: STATUS.noConnection };
    let reply: OpenReply;
    try {
      const { qos, leads, peerKme } = end.record;
      const word: OpenWord = { ksid, sae, peer, qos, leads };
      reply = readOpenReply(await this.#tell(peerKme, TOPIC.open, encodeWord(word)));
    } catch (error) {
      // The other site knew of it before: its application may go on with what was set aside.
      if (!isNew) return { status: STATUS.successful, end };
      await this.#ends.drop(end);
      throw error;
    }
    if (reply.outcome !== 'joined') {
      if (isNew) await this.#ends.drop(end);
      return { status: reply.outcome === 'in-use' ? STATUS.ksidInUse : STATUS.noConnection };
    }
    const { connected, assignedTo } = reply;
    const leads = isNew ? reply.leads : end.record.leads;
    const terms: Partial<EndRecord> = { leads, connected: true, ...(connected ? { peerConnected: true } : {}) };
    // To an end just made, what the other site held before is the truth; of two just made, the leader's.
    const known = isNew && (connected || assignedTo > 0 || leads !== end.record.leads);
    const adopts = isNew && (!leads || assignedTo > 0);
    await end.update(adopts ? { ...terms, qos: reply.qos, assignedTo: leads ? assignedTo : 0 } : terms);
    return { status: known || met ? STATUS.successful : STATUS.qosNotMet, end };
  }

  #findOrMake(
    sae: string,
    peer: string,
    ksid: string,
    request: OpenRequest,
    stock: PairStock,
  ): Promise<{ end: StreamEnd | 'in-use' | 'too-many'; isNew: boolean; met: boolean }> {
    return this.#ends.alone(async () => {
      const own = this.#ends.get(ksid, sae);
      if (own ? own.record.peer !== peer || own.record.closed : !this.#ends.isFree(ksid, sae, peer)) {
        return { end: 'in-use', isNew: false, met: true };
      }
      if (own) {
        own.usedAtMs = this.#options.now();
        await own.update({ connected: true, dialect: request.dialect });
        return { end: own, isNew: false, met: true };
      }
      if (this.#ends.countOf(sae) >= this.#limits.streamsPerSae) return { end: 'too-many', isNew: false, met: true };
      const { qos, met } = settle(request.qos, stock, this.#options.now(), this.#limitsOf(sae, peer));
      const isFresh = request.ksid === null;
      const known = { ksid, sae, peer, peerKme: stock.targetKmeId, qos, dialect: request.dialect };
      const end = await this.#ends.make({ ...known, leads: isFresh || sae < peer, isFresh, peerConnected: false });
      return { end, isNew: true, met };
    });
  }

  async #get(saeId: string, request: GetRequest, gone: AbortSignal): Promise<GetResponse> {
    const { ksid, index } = request;
    const answer = this.#nothing(saeId, request);
    const end = this.#ends.open(ksid, saeId);
    if (!end) return { ...answer, status: STATUS.notConnected };
    const { qos } = end.record;
    const withMetadata = qos.metadataType !== '' && request.metadataRoom > 0;
    if (withMetadata && request.metadataRoom < METADATA_BYTES) {
      return { ...answer, status: STATUS.metadataTooSmall, metadataNeeded: METADATA_BYTES };
    }
    end.usedAtMs = this.#options.now();
    end.askedTo = Math.max(end.askedTo, Math.min(index, end.record.assignedTo));
    if (!this.#supply.isReady(end, index)) {
      const status = await this.#within(qos.timeoutMs, gone, this.#supply.cover(end, index));
      if (status !== STATUS.successful) return { ...answer, status: status ?? STATUS.timeout };
    }

    const bits = 8 * qos.chunkBytes;
    const waitMs = end.rate.take(bits, this.#options.now(), qos.timeoutMs);
    if (waitMs === null) return answer;
    if (waitMs > 0) await this.#options.wait(waitMs, gone);
    const window = this.#supply.find(end, index);
    if (!window || end.record.closed || gone.aborted) {
      end.rate.giveBack(bits, this.#options.now());
      return { ...answer, status: end.record.closed ? STATUS.notConnected : STATUS.insufficientKey };
    }
    try {
      const keyIds = [chunkKeyId(ksid, index + window.shift)];
      const [delivered] = await this.#options.service.getKeysWithIds({ caller: saeId, keyIds });
      const { key, labels } = delivered!;
      if (index === end.readTo) end.readTo++;
      const metadata = withMetadata ? metadataOf(labels.createdAtMs, labels.routes, this.#options.now()) : '';
      return { ...answer, status: STATUS.successful, key, metadata };
    } catch (error) {
      end.rate.giveBack(bits, this.#options.now());
      throw error;
    }
  }

  async #close(saeId: string, { ksid }: CloseRequest): Promise<CloseResponse> {
    const end = this.#ends.open(ksid, saeId);
    if (!end) return { call: 'close', status: STATUS.notConnected };
    end.usedAtMs = this.#options.now();
    await end.update({ closed: true });
    const settled = this.#tellClosed(end).then(() => (end.record.peerClosed ? this.#end(end) : undefined));
    const { timeoutMs } = end.record.qos;
    // The close is durable; what cannot be told now is told by a later tick.
    await this.#within(timeoutMs, new AbortController().signal, settled).catch((error) => this.#statusOf(error));
    return { call: 'close', status: STATUS.successful };
  }

  async #tellClosed(end: StreamEnd): Promise<void> {
    const { ksid, sae, peer, peerKme, closed, closeTold } = end.record;
    if (!closed || closeTold) return;
    const reply = readCloseReply(await this.#tell(peerKme, TOPIC.close, encodeWord({ ksid, sae, peer })));
    await end.update({ closeTold: true, ...(reply.closed ? { peerClosed: true } : {}) });
  }

  /** Burns what is left, then forgets the end. */
  async #end(end: StreamEnd): Promise<void> {
    await end.alone(async () => {
      await this.#supply.burnAll(end);
      await this.#ends.drop(end);
    });
  }

  async #hear(
    topic: string,
    from: { readonly kmeId: string; saysFor(saeId: string): boolean },
    body: Uint8Array,
  ): Promise<Uint8Array> {
    if (topic === TOPIC.open) return encodeWord(await this.#join(from, readOpenWord(body)));
    const need = topic === TOPIC.need ? readNeedWord(body) : null;
    const word = need ?? readCloseWord(body);
    const held = this.#ends.get(word.ksid, word.peer);
    const theirs = held?.record.peer === word.sae && held.record.peerKme === from.kmeId && from.saysFor(word.sae);
    const end = theirs ? held : undefined;
    if (need) {
      if (end?.record.leads) return encodeWord(await this.#supply.answer(end, need));
      return encodeWord({ status: STATUS.notConnected, assignedTo: need.known, windows: [], closed: true });
    }
    if (end) {
      await end.update({ peerClosed: true });
      // Not waited for: the other site may be at work on the same stream.
      if (end.record.closed) this.#end(end).catch((error) => this.#statusOf(error));
    }
    return encodeWord({ closed: end?.record.closed ?? true });
  }

  /** An application of another site has opened a stream with one of ours. */
  async #join(from: { readonly kmeId: string; saysFor(saeId: string): boolean }, word: OpenWord): Promise<OpenReply> {
    const { ksid, sae: peer, peer: sae, qos } = word;
    const none = { qos, leads: word.leads, connected: false, assignedTo: 0 };
    const stock = from.saysFor(peer) ? await this.#options.service.stock(sae, peer).catch(refusedOnly) : null;
    if (!stock || stock.targetKmeId !== from.kmeId || !this.#isSound(word)) return { outcome: 'refused', ...none };
    return this.#ends.alone(async () => {
      const own = this.#ends.get(ksid, sae);
      if (own ? own.record.peer !== peer : !this.#ends.isFree(ksid, sae, peer)) return { outcome: 'in-use', ...none };
      if (!own && this.#ends.countOf(sae) >= this.#limits.streamsPerSae) return { outcome: 'refused', ...none };
      if (own) await own.update({ peerConnected: true });
      const known = { ksid, sae, peer, peerKme: from.kmeId, qos, dialect: null };
      const end = own ?? (await this.#ends.make({ ...known, leads: !word.leads, isFresh: false, peerConnected: true }));
      const { leads, connected, assignedTo } = end.record;
      return { outcome: 'joined', qos: end.record.qos, leads: !leads, connected, assignedTo };
    });
  }

  #limitsOf(sae: string, peer: string): StreamLimits {
    const { minChunkBytes, maxChunkBytes } = this.#limits;
    const { min, max } = this.#options.chunkBytes?.(sae, peer) ?? { min: minChunkBytes, max: maxChunkBytes };
    return {
      ...this.#limits,
      minChunkBytes: Math.max(min, minChunkBytes),
      maxChunkBytes: Math.min(max, maxChunkBytes),
    };
  }

  /** Whether these are terms that this site would have settled on. */
  #isSound({ qos, sae, peer }: OpenWord): boolean {
    const { minChunkBytes, maxChunkBytes, maxTimeoutMs, maxTtlS } = this.#limitsOf(peer, sae);
    const { chunkBytes, maxBps, timeoutMs, ttlS } = qos;
    const sizes = chunkBytes >= minChunkBytes && chunkBytes <= maxChunkBytes && maxBps >= 1;
    return sizes && timeoutMs >= 1 && timeoutMs <= maxTimeoutMs && ttlS >= 1 && ttlS <= maxTtlS;
  }

  #nothing(saeId: string, { dialect, ksid, index }: GetRequest): GetResponse {
    return {
      call: 'get',
      dialect: dialect ?? this.#ends.open(ksid, saeId)?.record.dialect ?? null,
      status: STATUS.insufficientKey,
      index,
      key: null,
      metadata: '',
      metadataNeeded: 0,
    };
  }

  /** Words to the site of the other application, which may be this one. */
  #tell = (kmeId: string, topic: string, body: Uint8Array): Promise<Uint8Array> => {
    if (kmeId !== this.#options.service.kmeId) return this.#options.words.tell(kmeId, topic, body);
    return this.#hear(topic, { kmeId, saysFor: () => true }, body);
  };

  /** null: not within the time; the work goes on. */
  async #within<T>(ms: number, gone: AbortSignal, work: Promise<T>): Promise<T | null> {
    const stop = new AbortController();
    // Whoever was not waited for may still fail.
    work.catch(() => {});
    try {
      const late = this.#options.wait(ms, AbortSignal.any([gone, stop.signal])).then(() => null);
      return await Promise.race([work, late]);
    } finally {
      stop.abort();
    }
  }

  #statusOf(error: unknown): StreamStatus {
    if (error instanceof KeyRefusal) return statusOf(error);
    if (!(error instanceof KmeError && error.code === 'kme/unreachable')) this.#options.onFault(error);
    return STATUS.noConnection;
  }
}

function opened({ dialect, qos, ksid }: OpenRequest, status: StreamStatus): OpenResponse {
  return { call: 'open', dialect, status, qos, ksid };
}

/** A pair that may not is answered; what fails inside is passed on. */
function refusedOnly(error: unknown): null {
  if (error instanceof KeyRefusal) return null;
  throw error;
}

/** ETSI GS QKD 004 V2.1.1, metadata: `age` in ms, `hops` the trusted nodes on the longest of the ways it took. */
function metadataOf(createdAtMs: number, routes: readonly (readonly string[])[], nowMs: number): string {
  const age = Math.min(Math.max(0, Math.floor(nowMs - createdAtMs)), U32_MAX);
  const hops = Math.max(0, ...routes.map((route) => route.length - 2));
  return JSON.stringify({ age, hops });
}
