import { tag } from '@skykey/distill';
import type { Vault, VaultTransaction } from '@skykey/vault';
import { KmeError } from '../error.ts';
import { CARRIED_LANE, peerLane } from '../lanes.ts';
import {
  ascii,
  KEPT_ANSWERS,
  PADS_KEPT,
  padsKept,
  type Request,
  readRequest,
  refusal,
  spendPad,
  writeList,
} from './frame.ts';
import { encodeAnswer, type PeerAnswer, type PeerMessage } from './message.ts';
import { malformed, Writer } from './wire.ts';

/**
 * What is remembered of a request accepted from the peer, by the number of its pad. Under a pad stand these bytes and no
 * others, compared one by one: a digest would make a one-time tag only as good as itself.
 */
interface Accepted {
  readonly pad: number;
  /** The frame, base64. */
  readonly frame: string;
  /** While words are being heard: the pad set aside for the answer to them. */
  readonly answerPad?: number;
  /** The answers, base64, while there is no pad to send them under. */
  readonly payload?: string;
  /** The frame that was sent with the answers, base64. */
  readonly answer?: string;
}

type Word = PeerMessage & { readonly kind: 'word' };
type Apply = (tx: VaultTransaction, message: PeerMessage) => Promise<PeerAnswer>;
type Hear = (topic: string, body: Uint8Array) => Promise<PeerAnswer>;

/** The receiving half of a conversation (`Peer`): each pad of the sender once, in any order, and the last answers kept. */
export class Reception {
  readonly #vault: Vault;
  readonly #self: string;
  readonly #peer: string;
  /** Frames of words that are being heard, base64: one that comes again meanwhile waits for the same answer. */
  readonly #hearing = new Map<string, Promise<Uint8Array>>();

  constructor(options: { readonly vault: Vault; readonly self: string; readonly peer: string }) {
    this.#vault = options.vault;
    this.#self = options.self;
    this.#peer = options.peer;
  }

  /** See Peer.receive. */
  async receive(
    frame: Uint8Array,
    apply: Apply,
    hear: Hear,
  ): Promise<{ readonly answer: Uint8Array; readonly refused?: unknown }> {
    try {
      const request = readRequest(frame);
      if (request.from !== this.#peer || request.to !== this.#self) {
        throw new KmeError('kme/not-for-us', `a message from ${request.from} to ${request.to} came to ${this.#self}`);
      }
      const words = request.messages.filter((message) => message.kind === 'word');
      if (words.length > 0) {
        if (words.length < request.messages.length) throw malformed('words stand in frames of their own');
        return { answer: await this.#hearOnce(request, words, hear) };
      }
      const scope = request.messages.every(isLocal) ? this.#peer : '';
      return { answer: await this.#vault.atomically((tx) => this.#accept(tx, request, apply), scope) };
    } catch (refused) {
      return { answer: refusal(refused), refused };
    }
  }

  #hearOnce(request: Request, words: readonly Word[], hear: Hear): Promise<Uint8Array> {
    const name = toBase64(request.frame);
    const current = this.#hearing.get(name);
    if (current) return current;
    const heard = (async () => {
      const admitted = await this.#vault.atomically((tx) => this.#admitWords(tx, request), this.#peer);
      if (typeof admitted !== 'number') return admitted;
      const answers = await Promise.all(words.map(({ topic, body }) => hear(topic, body)));
      return this.#vault.atomically(async (tx) => {
        // Another process of this node may have heard the same words meanwhile.
        const kept = await this.#kept(tx, request);
        if (kept?.answer !== undefined) return fromBase64(kept.answer);
        const pad = await tx.pads(peerLane(this.#self, this.#peer)).useSetAside(admitted);
        return this.#seal(tx, request, { index: admitted, pad }, payloadOf(answers));
      }, this.#peer);
    })();
    this.#hearing.set(name, heard);
    return heard.finally(() => this.#hearing.delete(name));
  }

  /** The answer of words that were heard before; else the pad that is set aside for it, before anybody hears them. */
  async #admitWords(tx: VaultTransaction, request: Request): Promise<Uint8Array | number> {
    const kept = await this.#kept(tx, request);
    if (kept?.answer !== undefined) return fromBase64(kept.answer);
    if (kept?.answerPad !== undefined) return kept.answerPad;
    await this.#spend(tx, request);
    await this.#checkPads(tx);
    const answerPad = await tx.pads(peerLane(this.#self, this.#peer)).setAside();
    await this.#keep(tx, { pad: request.pad, frame: toBase64(request.frame), answerPad });
    return answerPad;
  }

  async #accept(tx: VaultTransaction, request: Request, apply: Apply): Promise<Uint8Array> {
    const kept = await this.#kept(tx, request);
    if (kept?.answer !== undefined) return fromBase64(kept.answer);
    if (kept?.payload !== undefined) return this.#answer(tx, request, fromBase64(kept.payload));
    await this.#spend(tx, request);
    // An alarm must take effect even when there is no key to say so; keys are assigned only when that can be said.
    if (padsKept(request.messages) === PADS_KEPT) await this.#checkPads(tx);
    const answers: PeerAnswer[] = [];
    for (const message of request.messages) answers.push(await apply(tx, message));
    return this.#answer(tx, request, payloadOf(answers));
  }

  async #answer(tx: VaultTransaction, request: Request, payload: Uint8Array): Promise<Uint8Array> {
    const pads = tx.pads(peerLane(this.#self, this.#peer));
    if ((await pads.left()) > padsKept(request.messages)) return this.#seal(tx, request, await pads.useNext(), payload);
    await this.#keep(tx, { pad: request.pad, frame: toBase64(request.frame), payload: toBase64(payload) });
    return refusal(new KmeError('kme/no-pads', 'done, but no key is left to authenticate the answer'));
  }

  async #seal(
    tx: VaultTransaction,
    { pad: requestPad, tag: requestTag, frame }: Request,
    { index, pad }: Awaited<ReturnType<ReturnType<VaultTransaction['pads']>['useNext']>>,
    payload: Uint8Array,
  ): Promise<Uint8Array> {
    const head = new Writer().raw(ascii('SKA2')).text(this.#self).text(this.#peer).u53(index).u53(requestPad);
    const signed = head.bytes(payload).finish();
    const point = await tx.pads(peerLane(this.#self, this.#peer)).point();
    const answer = new Writer()
      .raw(signed)
      .raw(tag(point, pad, [signed, requestTag], `skykey-kme/2 answer ${this.#self}>${this.#peer}`))
      .finish();
    point.wipe();
    pad.wipe();
    await this.#keep(tx, { pad: requestPad, frame: toBase64(frame), answer: toBase64(answer) });
    return answer;
  }

  async #checkPads(tx: VaultTransaction): Promise<void> {
    if ((await tx.pads(peerLane(this.#self, this.#peer)).left()) > PADS_KEPT) return;
    throw new KmeError('kme/no-pads', `too little key is left to authenticate answers to ${this.#peer}`);
  }

  #spend(tx: VaultTransaction, { pad, signed, tag: received }: Request): Promise<void> {
    return spendPad(tx, [this.#peer, this.#self], { kind: 'request', index: pad }, [signed], received);
  }

  /** What is remembered of this very frame. */
  async #kept(tx: VaultTransaction, { pad, frame }: Request): Promise<Accepted | undefined> {
    const kept = (await tx.recall(this.#slot(pad))) as Accepted | undefined;
    return kept?.pad === pad && kept.frame === toBase64(frame) ? kept : undefined;
  }

  /** A frame that comes late, by another process of the peer say, must not push out the answer that is waited for since. */
  async #keep(tx: VaultTransaction, accepted: Accepted): Promise<void> {
    const name = this.#slot(accepted.pad);
    const kept = (await tx.recall(name)) as Accepted | undefined;
    if (kept === undefined || kept.pad <= accepted.pad) await tx.remember(name, accepted);
  }

  #slot(pad: number): string {
    return `answered/${this.#peer}/${pad % KEPT_ANSWERS}`;
  }
}

/** Messages that concern nothing but the lanes between the two nodes, and documents. */
const isLocal = (message: PeerMessage): boolean =>
  (message.kind === 'assign' || message.kind === 'void') && message.batches.every(({ lane }) => lane !== CARRIED_LANE);

const payloadOf = (answers: readonly PeerAnswer[]): Uint8Array => writeList(answers.map(encodeAnswer));

const toBase64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
const fromBase64 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'));
