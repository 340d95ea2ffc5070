import { HotlineError } from '../error.ts';
import { CALL_ID_BYTES, mediaBaseKeyContext, type Stream } from '../media/call-keys.ts';
import type { Sealing } from '../sealed/index.ts';
import type { Direction, Epoch } from '../secret/index.ts';
import { type CallBody, MAX_SIGNAL_BYTES, readCall, readPad, writeCall, writePad } from './call-notice.ts';
import type { SessionContext } from './context.ts';
import type { SessionCall } from './ports.ts';
import { type LeasedPad, SpeechPads } from './speech-pads.ts';

/** Media flow for so long after each renewal of a lease. */
export const LEASE_MS = 900;
/** A call that nobody accepts, and one whose page does not ask for its lease, ends after so long. */
const RING_MS = 45_000;
const LAPSE_MS = 30_000;
const STREAMS: Readonly<Record<Sealing, readonly Stream[]>> = { hybrid: ['audio', 'video'], sealed: ['audio'] };
/** Media epochs within one epoch of the line; the number of the latter is above them. */
const INDEXES = 256;
const EPOCHS = 2 ** 24;

/** A base key for the page's own browser, which is in this site's trust zone. */
export interface LeasedKey {
  /** Names it among those that the page has. */
  readonly keyId: string;
  readonly mediaEpoch: number;
  readonly stream: Stream;
  readonly use: 'send' | 'receive';
  /** 32 bytes; the caller wipes them. */
  readonly baseKey: Uint8Array;
}

export interface Lease {
  readonly leaseMs: number;
  /** Media epoch to send in. */
  readonly sendEpoch: number;
  readonly keys: readonly LeasedKey[];
  /** Of a call by one-time pad; of every other none. */
  readonly pads: readonly LeasedPad[];
}

interface Running {
  shown: SessionCall;
  readonly sinceMs: number;
  leasedMs: number;
  /** Keys of the line that media keys come from now, and how often they were renewed since. */
  epoch: Epoch | null;
  index: number;
  indexSinceMs: number;
  /** Media epochs whose keys for sending were handed out: a page that lost them gets others. */
  readonly given: Set<number>;
  /** What the peer sends in; null before it has said. */
  peerEpoch: number | null;
  /** Null: by renewed keys alone. */
  readonly pads: SpeechPads | null;
}

/** How the telephone reaches the other desk. */
export interface CallWays {
  /** A notice: once, and in order. */
  readonly tell: (body: Uint8Array) => void;
  /** A message about pads: at once, and maybe lost. */
  readonly post: (body: Uint8Array) => void;
}

/** The telephone: one call at a time. It rings only while calls are allowed, and is silent the moment they are not. */
export class Calls {
  readonly #context: SessionContext;
  readonly #epoch: () => Epoch | null;
  readonly #ways: CallWays;
  #call: Running | null = null;

  constructor(context: SessionContext, epoch: () => Epoch | null, ways: CallWays) {
    this.#context = context;
    this.#epoch = epoch;
    this.#ways = ways;
  }

  get shown(): SessionCall | null {
    return this.#call?.shown ?? null;
  }

  /** Media epoch that this desk sends in, for the peer; null without a call. */
  get sending(): { readonly callId: string; readonly mediaEpoch: number } | null {
    const call = this.#live;
    return call?.epoch ? { callId: call.shown.id, mediaEpoch: mediaEpochOf(call) } : null;
  }

  /** Within a step: a person here rings. `sealed`: by one-time pad, and by nothing else. Throws HotlineError. */
  ring(kind: SessionCall['kind'], sealing: Sealing): SessionCall {
    if (kind === 'video' && sealing === 'sealed') {
      throw new HotlineError('hotline/not-permitted', 'only voice goes by one-time pad: call without a picture');
    }
    this.#checkAllowed(sealing);
    if (this.#live) {
      throw new HotlineError('hotline/not-permitted', 'a call is under way already: end it before you begin another');
    }
    const id = Buffer.from(this.#context.ports.random(CALL_ID_BYTES)).toString('hex');
    this.#begin(id, 'outgoing', kind, sealing);
    this.#say(id, { type: 'ring', kind, sealing });
    return this.#call!.shown;
  }

  /** Within a step: a person here takes it. Throws HotlineError. */
  accept(id: string): SessionCall {
    const call = this.#of(id);
    this.#checkAllowed(call.shown.sealing);
    if (call.shown.direction !== 'incoming' || call.shown.state !== 'ringing') {
      throw new HotlineError('hotline/not-permitted', 'this call does not ring here');
    }
    this.#say(id, { type: 'accept' });
    this.#change({ state: 'connecting' });
    return this.#call!.shown;
  }

  /** Within a step: a person here, or the page, ends it. */
  end(id: string, reason: string): void {
    if (this.#call?.shown.id !== id || !this.#live) return;
    this.#say(id, { type: 'end', reason });
    this.#ended(reason || 'The call was ended here.');
  }

  /** Within a step: an offer, answer or candidate of the page, JSON. Throws HotlineError. */
  signal(id: string, signal: string): void {
    this.#of(id);
    if (Buffer.byteLength(signal) > MAX_SIGNAL_BYTES) {
      throw new HotlineError(
        'hotline/too-long',
        `what the browser wants to tell has more than ${MAX_SIGNAL_BYTES} bytes`,
      );
    }
    this.#say(id, { type: 'signal', signal });
  }

  /**
   * Within a step: the page asks to go on for `LEASE_MS`, and gets what keys it lacks. Keys for sending are handed out
   * once: a page that lost them goes on in a new media epoch, so that no frame number is used twice under one key
   * (RFC 9605, 9.1). Throws HotlineError; then media stop.
   */
  lease(id: string, have: ReadonlySet<string>): Lease {
    const call = this.#of(id);
    const { shown, pads } = call;
    // Whether more pad may be drawn is another question: what is drawn is spoken.
    this.#checkAllowed('hybrid');
    const epoch = this.#epoch();
    if (!epoch || !['connecting', 'running', 'reconnecting'].includes(shown.state)) {
      throw new HotlineError('hotline/not-permitted', 'the call is not connected');
    }
    const nowMs = this.#context.ports.nowMs();
    call.leasedMs = nowMs;
    this.#renew(call, epoch, nowMs);
    const streams = STREAMS[shown.sealing];
    const lacks = (use: 'send' | 'receive', mediaEpoch: number): readonly Stream[] =>
      streams.filter((stream) => !have.has(keyIdOf(use, mediaEpoch, stream)));
    if (call.given.has(mediaEpochOf(call)) && lacks('send', mediaEpochOf(call)).length > 0) this.#next(call, nowMs);
    const sendEpoch = mediaEpochOf(call);
    const keys: LeasedKey[] = [];
    if (!call.given.has(sendEpoch)) {
      call.given.add(sendEpoch);
      for (const stream of streams) keys.push(this.#key(call, epoch, 'send', sendEpoch, stream));
    }
    for (const mediaEpoch of this.#expected(call, epoch)) {
      for (const stream of lacks('receive', mediaEpoch))
        keys.push(this.#key(call, epoch, 'receive', mediaEpoch, stream));
    }
    const given = pads?.give(have) ?? [];
    pads?.draw(nowMs);
    if (shown.state === 'connecting') this.#change({ state: 'running', startedUtcMs: nowMs });
    return { leaseMs: LEASE_MS, sendEpoch, keys, pads: given };
  }

  /** Within a step: what the peer says about the pads of a call. Throws HotlineError `hotline/malformed`. */
  padsArrive(bytes: Uint8Array): void {
    const { id, body } = readPad(bytes);
    const call = this.#live;
    // Before the word that it was taken: then the offer comes again.
    if (call?.shown.id === id && call.shown.state !== 'ringing') call.pads?.arrive(body);
  }

  /** Within a step: what the peer says that it sends in. */
  peerSends(callId: string, mediaEpoch: number): void {
    if (this.#live?.shown.id === callId) this.#live.peerEpoch = mediaEpoch;
  }

  /** Within a step: the body of a notice `call`. Throws HotlineError. */
  arrive(bytes: Uint8Array): void {
    const { id, body } = readCall(bytes);
    const ours = this.#live?.shown.id === id;
    switch (body.type) {
      case 'ring':
        if (this.#call?.shown.id === id) return;
        if (this.#live) {
          this.#say(id, { type: 'end', reason: 'The line is busy.' });
          return;
        }
        if (!this.#context.may().call.allowed) {
          this.#say(id, { type: 'end', reason: 'No call is possible there now.' });
        } else if (body.sealing === 'sealed' && !this.#context.may().sealedSpeech.allowed) {
          this.#say(id, { type: 'end', reason: this.#context.may().sealedSpeech.reason });
        } else {
          this.#begin(id, 'incoming', body.kind, body.sealing);
        }
        return;
      case 'accept':
        if (ours && this.#call!.shown.direction === 'outgoing' && this.#call!.shown.state === 'ringing') {
          this.#change({ state: 'connecting' });
        }
        return;
      case 'end':
        if (ours) this.#ended(body.reason || 'The other side ended the call.');
        return;
      case 'signal': {
        if (!ours) return;
        const { steps, ports } = this.#context;
        steps.after(() => ports.tell({ kind: 'call-signal', callId: id, signal: body.signal }));
      }
    }
  }

  /** Within a step: silence, at once. */
  stop(reason: string): void {
    if (!this.#live) return;
    const { ports } = this.#context;
    // Not after the commit: taking away needs no disk.
    ports.tell({ kind: 'call-stop', reason });
    this.#ended(reason);
  }

  /** Within a step: the other site was started anew: it knows of no call. */
  peerStarted(): void {
    if (this.#live) this.stop('The other site was started anew; call again.');
  }

  tick(nowMs: number): void {
    const call = this.#live;
    if (!call) return;
    const { shown, sinceMs, leasedMs, pads } = call;
    const padless = this.#padless(call);
    if (padless !== null) {
      this.end(shown.id, padless);
    } else if (shown.state === 'ringing' && nowMs - sinceMs > RING_MS) {
      this.end(shown.id, 'Nobody answered.');
    } else if (shown.state !== 'ringing' && nowMs - Math.max(sinceMs, leasedMs) > LAPSE_MS) {
      this.end(shown.id, 'The call was interrupted for too long.');
    } else if (pads && shown.state !== 'ringing') {
      if (leasedMs !== sinceMs && Math.abs(nowMs - leasedMs) < LEASE_MS) pads.draw(nowMs);
      pads.tell(nowMs);
    }
  }

  /** Why a call by one-time pad ends: it never goes on without. Null while it goes on, and while the peer is silent. */
  #padless({ shown, pads }: Running): string | null {
    if (!pads) return null;
    const { failure } = pads;
    // What is drawn is spoken first.
    if (failure !== null && pads.isDry) {
      return `The call had no one-time pad any more: ${failure}. Call again when the key manager delivers, or without pad.`;
    }
    const { joint, peer } = this.#context.line();
    const { allowed, reason } = this.#context.may().sealedSpeech;
    if (allowed) return null;
    if (joint.level !== 'green') return reason;
    return peer.reachable && (shown.state === 'ringing' || pads.isDry) ? reason : null;
  }

  get #live(): Running | null {
    return this.#call && this.#call.shown.state !== 'ended' ? this.#call : null;
  }

  #of(id: string): Running {
    if (this.#live?.shown.id === id) return this.#live;
    throw new HotlineError('hotline/not-permitted', this.#call?.shown.reason ?? 'there is no such call any more');
  }

  #checkAllowed(sealing: Sealing): void {
    const { call, sealedSpeech } = this.#context.may();
    const { allowed, reason } = call.allowed && sealing === 'sealed' ? sealedSpeech : call;
    if (!allowed) throw new HotlineError('hotline/not-permitted', reason);
  }

  #begin(id: string, direction: SessionCall['direction'], kind: SessionCall['kind'], sealing: Sealing): void {
    const nowMs = this.#context.ports.nowMs();
    const pads = () => new SpeechPads(this.#context, (body) => this.#ways.post(writePad(id, body)));
    const rekeySeconds = this.#context.may().rekeySeconds;
    this.#call = {
      shown: { id, direction, kind, sealing, state: 'ringing', reason: null, startedUtcMs: null, rekeySeconds },
      sinceMs: nowMs,
      leasedMs: nowMs,
      epoch: null,
      index: 0,
      indexSinceMs: nowMs,
      given: new Set(),
      peerEpoch: null,
      pads: sealing === 'sealed' ? pads() : null,
    };
    this.#change({});
  }

  #renew(call: Running, epoch: Epoch, nowMs: number): void {
    if (call.epoch !== epoch) {
      call.epoch = epoch;
      call.index = 0;
      call.indexSinceMs = nowMs;
      this.#context.beatSoon();
      return;
    }
    const { rekeySeconds } = this.#context.may();
    if (Math.abs(nowMs - call.indexSinceMs) >= 1000 * rekeySeconds) this.#next(call, nowMs);
  }

  #next(call: Running, nowMs: number): void {
    if (call.index + 1 >= INDEXES) {
      throw new HotlineError('hotline/spent', 'this call has renewed its keys as often as it may; call again');
    }
    call.index++;
    call.indexSinceMs = nowMs;
    this.#context.beatSoon();
  }

  /** Media epochs that the peer may send in: what it said, and the one after; before that, the first two. */
  #expected({ peerEpoch }: Running, epoch: Epoch): readonly number[] {
    const first = mediaEpoch(epoch, 0);
    const from = peerEpoch !== null && peerEpoch >= first && peerEpoch < first + INDEXES ? peerEpoch : first;
    return [from, from + 1].filter((wanted) => wanted < first + INDEXES);
  }

  #key(call: Running, epoch: Epoch, use: 'send' | 'receive', wanted: number, stream: Stream): LeasedKey {
    const direction: Direction = use === 'send' ? epoch.directions.out : epoch.directions.in;
    const callId = new Uint8Array(Buffer.from(call.shown.id, 'hex'));
    const key = epoch.mediaBaseKey(mediaBaseKeyContext({ callId, direction, stream, epoch: wanted }), direction);
    const baseKey = key.open((bytes) => bytes.slice());
    key.wipe();
    return { keyId: keyIdOf(use, wanted, stream), mediaEpoch: wanted, stream, use, baseKey };
  }

  #ended(reason: string): void {
    this.#call?.pads?.wipe();
    this.#change({ state: 'ended', reason });
  }

  #change(news: Partial<SessionCall>): void {
    const call = this.#call!;
    call.shown = { ...call.shown, ...news };
    const { shown } = call;
    const { steps, ports } = this.#context;
    steps.after(() => ports.tell({ kind: 'call', call: shown }));
  }

  #say(id: string, body: CallBody): void {
    this.#ways.tell(writeCall(id, body));
  }
}

function mediaEpoch(epoch: Epoch, index: number): number {
  return ((epoch.number % EPOCHS) * INDEXES + index) >>> 0;
}

function mediaEpochOf({ epoch, index }: Running): number {
  return mediaEpoch(epoch!, index);
}

function keyIdOf(use: string, mediaEpoch: number, stream: Stream): string {
  return `${use}/${mediaEpoch}/${stream}`;
}
