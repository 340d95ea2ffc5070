import { checkTag, tag } from '@skykey/distill';
import { type Vault, VaultError } from '@skykey/vault';
import { KmeError } from './error.ts';
import { peerLane } from './lanes.ts';
import {
  decodeAnswer,
  decodeMessage,
  encodeAnswer,
  encodeMessage,
  fromHex,
  type PeerAnswer,
  type PeerMessage,
  shorten,
  toHex,
} from './message.ts';
import { Reader, Writer } from './wire.ts';

/**
 * The way to the other KME. Rejects when there is none, and after a while when there is no answer: whoever implements it
 * sets the limit. Nothing needs to be trusted of it.
 */
export interface PeerLink {
  call(message: Uint8Array): Promise<Uint8Array>;
}

const TAG_BYTES = 16;
const MAX_PAYLOAD_BYTES = 64 * 1024;
/** Pads that assigning keys leaves for alarms and voids. */
export const PADS_KEPT = 4;
/** Messages that may wait for the one under way. */
const MAX_WAITING = 64;

/** What is remembered of the last request accepted from the peer. */
interface Accepted {
  readonly pad: number;
  readonly tag: string;
  readonly payload: string;
  /** The answer as it was sent; null when there was no pad for it. */
  readonly answer: string | null;
}

/**
 * Authenticated conversation with one peer KME, independent of TLS: every message carries a one-time Wegman–Carter tag.
 * The hash point of `auth/<from>><to>` is recycled, each message spends one pad of that lane.
 *
 * One message is under way at a time, and one that got no authenticated answer is sent again, the same bytes, before any
 * other. So requests arrive in the order of their pads, everything older is a replay, and a peer that is away costs one
 * pad and no more, however often somebody asks. The receiver keeps its last answer: the same request gets the same answer
 * and has no second effect.
 */
export class Peer {
  readonly #vault: Vault;
  readonly #self: string;
  readonly #peer: string;
  readonly #link: PeerLink;
  #unanswered: Uint8Array | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(options: { vault: Vault; self: string; peer: string; link: PeerLink }) {
    this.#vault = options.vault;
    this.#self = options.self;
    this.#peer = options.peer;
    this.#link = options.link;
  }

  /** Messages that can still be authenticated. */
  padsLeft(): number {
    return this.#vault.pads(peerLane(this.#self, this.#peer)).left();
  }

  /**
   * Sends one message and gives the peer's authenticated answer to `settle`, whose result is returned. `build` runs when it
   * is this message's turn, in the transaction that spends the pad: what it reserves is durable before the first byte
   * leaves, and when it throws, nothing was spent. `settle` runs in the transaction that takes the answer in. `padsKept`
   * pads are left for more urgent messages. Rejects with KmeError `kme/unreachable`, `kme/busy`, `kme/no-pads`, or with
   * what `build` or `settle` throws.
   */
  async request<T>(build: () => PeerMessage, padsKept: number, settle: (answer: PeerAnswer) => T): Promise<T> {
    if (this.#waiting >= MAX_WAITING) {
      throw new KmeError('kme/busy', `${MAX_WAITING} messages wait for ${this.#peer} already`);
    }
    this.#waiting++;
    const turn = this.#turn.then(async () => {
      // Whoever asked for this one has given up: its answer only shows that the peer is there again.
      if (this.#unanswered) await this.#deliver(this.#unanswered, () => undefined);
      const frame = this.#vault.atomically(() => {
        if (this.padsLeft() <= padsKept) {
          throw new KmeError('kme/no-pads', `too little key is left to authenticate messages to ${this.#peer}`);
        }
        return this.#sealRequest(build());
      });
      return await this.#deliver(frame, settle);
    });
    this.#turn = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      this.#waiting--;
    }
  }

  /** The lanes were agreed anew: what was sealed before will never be answered. */
  forget(): void {
    this.#unanswered = undefined;
  }

  /** Sends without authentication of its own: for messages that prove themselves. */
  async callUnsealed(message: Uint8Array): Promise<Uint8Array> {
    try {
      return await this.#link.call(message);
    } catch (error) {
      throw new KmeError('kme/unreachable', `the KME of ${this.#peer} does not answer: ${sentence(error)}`, {
        cause: error,
      });
    }
  }

  async #deliver<T>(frame: Uint8Array, settle: (answer: PeerAnswer) => T): Promise<T> {
    this.#unanswered = frame;
    const bytes = await this.callUnsealed(frame);
    return this.#vault.atomically(() => {
      let answer: PeerAnswer;
      try {
        answer = this.#openAnswer(bytes, frame);
      } catch (error) {
        throw new KmeError('kme/unreachable', `no valid answer from the KME of ${this.#peer}: ${sentence(error)}`, {
          cause: error,
        });
      }
      this.#unanswered = undefined;
      return settle(answer);
    });
  }

  /**
   * The other end: checks a request and applies it. `apply` runs in the transaction that spends the pad and records the
   * answer: its effect is durable before the answer leaves, and is there once. A request that is not authentic has no
   * effect, spends nothing, and is answered with a sentence that nobody should trust; `refused` says why.
   */
  receive(
    frame: Uint8Array,
    apply: (message: PeerMessage) => PeerAnswer,
  ): { readonly answer: Uint8Array; readonly refused?: unknown } {
    try {
      return { answer: this.#vault.atomically(() => this.#accept(frame, apply)) };
    } catch (refused) {
      return {
        answer: new Writer()
          .raw(ascii('SKR1'))
          .text(shorten(sentence(refused)))
          .finish(),
        refused,
      };
    }
  }

  #accept(frame: Uint8Array, apply: (message: PeerMessage) => PeerAnswer): Uint8Array {
    const request = readRequest(frame);
    if (request.from !== this.#peer || request.to !== this.#self) {
      throw new KmeError('kme/not-for-us', `a message from ${request.from} to ${request.to} came to ${this.#self}`);
    }
    const name = `peer/${this.#peer}`;
    const last = this.#vault.recall(name) as Accepted | undefined;
    if (last && request.pad === last.pad && toHex(request.tag) === last.tag) {
      // A pad and tag that were accepted once stand for that message, whatever else these bytes say.
      return last.answer === null ? this.#answer(name, last, request.tag) : fromHex(last.answer);
    }
    if (last && request.pad <= last.pad) {
      throw new KmeError('kme/replayed', `message ${request.pad} came after message ${last.pad}`);
    }
    this.#spend(
      peerLane(this.#peer, this.#self),
      request.pad,
      [request.signed],
      `request ${this.#peer}>${this.#self}`,
      request.tag,
    );
    const message = decodeMessage(request.payload, this.#peer, this.#self);
    const payload = toHex(encodeAnswer(apply(message)));
    const accepted = { pad: request.pad, tag: toHex(request.tag), payload, answer: null };
    try {
      return this.#answer(name, accepted, request.tag);
    } catch (error) {
      // An alarm must take effect even when there is no key to say so; keys are assigned only when that can be said.
      if (message.kind === 'assign' || !(error instanceof VaultError && error.code === 'vault/short')) throw error;
      this.#vault.remember(name, accepted);
      return new Writer().raw(ascii('SKR1')).text('done, but no key is left to authenticate the answer').finish();
    }
  }

  #answer(name: string, accepted: Accepted, requestTag: Uint8Array): Uint8Array {
    const lane = peerLane(this.#self, this.#peer);
    const { index, pad } = this.#vault.pads(lane).useNext();
    const head = new Writer().raw(ascii('SKA1')).text(this.#self).text(this.#peer).u53(index).u53(accepted.pad);
    const signed = head.bytes(fromHex(accepted.payload)).finish();
    const point = this.#vault.pads(lane).point();
    const answer = new Writer()
      .raw(signed)
      .raw(tag(point, pad, [signed, requestTag], `skykey-kme/1 answer ${this.#self}>${this.#peer}`))
      .finish();
    point.wipe();
    pad.wipe();
    this.#vault.remember(name, { ...accepted, answer: toHex(answer) });
    return answer;
  }

  #sealRequest(message: PeerMessage): Uint8Array {
    const lane = peerLane(this.#self, this.#peer);
    const { index, pad } = this.#vault.pads(lane).useNext();
    const signed = new Writer()
      .raw(ascii('SKQ1'))
      .text(this.#self)
      .text(this.#peer)
      .u53(index)
      .bytes(encodeMessage(message))
      .finish();
    const point = this.#vault.pads(lane).point();
    const sealed = tag(point, pad, [signed], `skykey-kme/1 request ${this.#self}>${this.#peer}`);
    point.wipe();
    pad.wipe();
    return new Writer().raw(signed).raw(sealed).finish();
  }

  #openAnswer(bytes: Uint8Array, request: Uint8Array): PeerAnswer {
    const signed = bytes.subarray(0, -TAG_BYTES);
    if (startsWith(bytes, 'SKR1')) {
      throw new KmeError('kme/unreachable', new Reader(bytes.subarray(4)).text(4_000));
    }
    const input = new Reader(signed).magic('SKA1');
    const [from, to, pad, requestPad] = [input.text(), input.text(), input.u53(), input.u53()];
    const payload = input.bytes(MAX_PAYLOAD_BYTES);
    input.end();
    const asked = readRequest(request);
    if (from !== this.#peer || to !== this.#self || requestPad !== asked.pad) {
      throw new KmeError('kme/not-for-us', `an answer from ${from} to message ${requestPad} of ${to}`);
    }
    const context = `answer ${this.#peer}>${this.#self}`;
    this.#spend(peerLane(this.#peer, this.#self), pad, [signed, asked.tag], context, bytes.subarray(-TAG_BYTES));
    return decodeAnswer(payload);
  }

  /** Uses up a pad of the peer's for a tag that is right. A wrong one throws, and undoes it with the transaction. */
  #spend(lane: string, index: number, signed: readonly Uint8Array[], context: string, received: Uint8Array): void {
    const point = this.#vault.pads(lane).point();
    const pad = this.#vault.pads(lane).use(index);
    const expected = tag(point, pad, signed, `skykey-kme/1 ${context}`);
    point.wipe();
    pad.wipe();
    if (!checkTag(expected, received))
      throw new KmeError('kme/forged', `the tag of message ${index} is not the one expected`);
  }
}

interface Request {
  readonly from: string;
  readonly to: string;
  readonly pad: number;
  readonly payload: Uint8Array;
  readonly signed: Uint8Array;
  readonly tag: Uint8Array;
}

function readRequest(frame: Uint8Array): Request {
  const signed = frame.subarray(0, -TAG_BYTES);
  const input = new Reader(signed).magic('SKQ1');
  const head = { from: input.text(), to: input.text(), pad: input.u53(), payload: input.bytes(MAX_PAYLOAD_BYTES) };
  input.end();
  return { ...head, signed, tag: frame.subarray(-TAG_BYTES) };
}

export const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Whether a message begins with these four letters. */
export const startsWith = (bytes: Uint8Array, magic: string): boolean =>
  bytes.length >= 4 && ascii(magic).every((byte, i) => bytes[i] === byte);

function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
