import { createHash } from 'node:crypto';
import { checkTag, tag } from '@skykey/distill';
import { type Vault, VaultError, type VaultTransaction } from '@skykey/vault';
import { KmeError } from '../error.ts';
import { peerLane } from '../lanes.ts';
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
import { malformed, Reader, Writer } from './wire.ts';

/**
 * The way to another node. Rejects when there is none, and after a while when there is no answer: whoever implements it
 * sets the limit. Nothing needs to be trusted of it.
 */
export interface PeerLink {
  call(message: Uint8Array): Promise<Uint8Array>;
}

/** One message to a peer and what becomes of it. */
export interface PeerRequest<T> {
  /**
   * Runs when it is this message's turn, in the transaction that spends the pad: what it reserves is durable before the
   * first byte leaves, and when it throws, this message is not sent and nothing of it was done.
   */
  build(tx: VaultTransaction): Promise<PeerMessage>;
  /** Runs in the transaction that takes the answer in; its result is what `request` resolves to. */
  settle(tx: VaultTransaction, answer: PeerAnswer): Promise<T>;
  /** Alarms and voids: they may spend the last pads, take effect even when no pad is left to answer, and go before others. */
  readonly urgent?: boolean;
  /** Whether `build` or `settle` touches more than the lanes between the two nodes. */
  readonly wholeStore?: boolean;
  /** Words travel in frames of their own. */
  readonly word?: boolean;
}

const TAG_BYTES = 16;
/** What the messages of one frame may take together; one alone may take as much again. */
const FRAME_BYTES = 320 * 1024;
const MAX_PAYLOAD_BYTES = 2 * FRAME_BYTES + 4_096;
/** Pads that everything but alarms and voids leaves: the reserve that traffic cannot spend. */
export const PADS_KEPT = 4;
/** Messages in one frame, hence under one tag. */
const MAX_MESSAGES = 128;
/** Words in one frame: the answers to all of them fit into one, too. */
const MAX_WORDS = 16;
/** Messages that may wait for the frame under way. */
const MAX_WAITING = 512;
/** Answers kept for requests that come again: of the last so many pads, one each. */
const KEPT_ANSWERS = 16;

/** What is remembered of a request accepted from the peer, by the number of its pad. */
interface Accepted {
  readonly pad: number;
  /** SHA-256 of the frame: any other bytes are another frame, whatever tag they bear. */
  readonly frame: string;
  /** The answers; null while words are being heard. */
  readonly payload: string | null;
  /** The frame that was sent with them; null when there was no pad for it, or not yet. */
  readonly answer: string | null;
}

interface Waiting {
  readonly request: PeerRequest<unknown>;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/**
 * Authenticated conversation with one other node, independent of TLS: every frame carries a one-time Wegman–Carter tag.
 * The hash point of `auth/<from>><to>` is recycled, each frame spends one pad of that lane.
 *
 * One frame is under way at a time, and whatever is asked meanwhile goes into the next one: a hundred messages cost one
 * round trip and two pads. A frame that got no authenticated answer is sent again, the same bytes, before any other: a
 * peer that is away costs one pad and no more, however often somebody asks. The receiver takes each pad once and keeps
 * its last answers: the same frame gets the same answer and has no second effect. Several processes of one node may talk
 * to the same peer at once, since nothing rests on the order of frames.
 */
export class Peer {
  readonly #vault: Vault;
  readonly #self: string;
  readonly #peer: string;
  readonly #link: PeerLink;
  /** Frames without an answer. An alarm does not wait for what the peer cannot answer. */
  readonly #unanswered: { usual?: Uint8Array | undefined; urgent?: Uint8Array | undefined } = {};
  #waiting: Waiting[] = [];
  #running = false;
  /** Frames of words that are being heard, by their digest: one that comes again meanwhile waits for the same answer. */
  readonly #hearing = new Map<string, Promise<Uint8Array>>();

  constructor(options: { vault: Vault; self: string; peer: string; link: PeerLink }) {
    this.#vault = options.vault;
    this.#self = options.self;
    this.#peer = options.peer;
    this.#link = options.link;
  }

  /** Node at the other end. */
  get id(): string {
    return this.#peer;
  }

  /** Frames that can still be authenticated. */
  padsLeft(tx: VaultTransaction): Promise<number> {
    return tx.pads(peerLane(this.#self, this.#peer)).left();
  }

  /**
   * Sends one message and resolves to what `settle` makes of the peer's authenticated answer, once that is durable.
   * Rejects with KmeError `kme/unreachable`, `kme/busy`, `kme/no-pads`, or with what `build` or `settle` throws.
   */
  request<T>(request: PeerRequest<T>): Promise<T> {
    if (this.#waiting.length >= MAX_WAITING && !request.urgent) {
      return Promise.reject(new KmeError('kme/busy', `${MAX_WAITING} messages wait for ${this.#peer} already`));
    }
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ request, resolve: resolve as (value: unknown) => void, reject });
      if (!this.#running) void this.#run();
    });
  }

  /** The lanes were agreed anew: what was sealed before will never be answered. */
  forget(): void {
    this.#unanswered.usual = this.#unanswered.urgent = undefined;
  }

  /** Sends without authentication of its own: for messages that prove themselves. Rejects with `kme/unreachable`. */
  async callUnsealed(message: Uint8Array): Promise<Uint8Array> {
    try {
      return await this.#link.call(message);
    } catch (error) {
      throw new KmeError('kme/unreachable', `the node ${this.#peer} does not answer: ${sentence(error)}`, {
        cause: error,
      });
    }
  }

  async #run(): Promise<void> {
    this.#running = true;
    try {
      while (this.#waiting.length > 0) await this.#turn();
    } finally {
      this.#running = false;
    }
  }

  async #turn(): Promise<void> {
    const next = (): 'usual' | 'urgent' => (this.#waiting.some(({ request }) => request.urgent) ? 'urgent' : 'usual');
    const kind = next();
    const before = this.#unanswered[kind];
    if (before) {
      try {
        await this.#giveUpIfForgotten(kind, before);
        // Whoever asked for this one has given up: its answer only shows that the peer is there again.
        if (this.#unanswered[kind]) await this.#deliver(kind, before, '', async () => undefined);
      } catch (error) {
        const isKind = ({ request }: Waiting): boolean => (request.urgent === true) === (kind === 'urgent');
        const gone = this.#waiting.filter(isKind);
        this.#waiting = this.#waiting.filter((waiting) => !isKind(waiting));
        for (const waiting of gone) waiting.reject(error);
        return;
      }
      if (next() !== kind) return;
    }
    const batch = this.#take();
    const scope = batch.some(({ request }) => request.wholeStore) ? '' : this.#peer;
    const built: Waiting[] = [];
    const failed: { waiting: Waiting; error: unknown }[] = [];
    let deferred: Waiting[] = [];
    let frame: Uint8Array;
    try {
      frame = await this.#vault.atomically(async (tx) => {
        // The store may run this work again: nothing of an earlier attempt counts.
        built.length = 0;
        failed.length = 0;
        deferred = [];
        const left = await this.padsLeft(tx);
        const payload: Uint8Array[] = [];
        let size = 0;
        for (const waiting of batch) {
          if (size > FRAME_BYTES) {
            deferred = batch.slice(built.length + failed.length);
            break;
          }
          try {
            if (left <= (waiting.request.urgent ? 0 : PADS_KEPT)) {
              throw new KmeError('kme/no-pads', `too little key is left to authenticate messages to ${this.#peer}`);
            }
            const bytes = await tx.atomically(async () =>
              encodeMessage(await waiting.request.build(tx), this.#self, this.#peer),
            );
            if (bytes.length > FRAME_BYTES) throw new KmeError('kme/argument', 'the message is too long for one frame');
            size += bytes.length;
            payload.push(bytes);
            built.push(waiting);
          } catch (error) {
            failed.push({ waiting, error });
          }
        }
        if (built.length === 0) throw new NothingToSend();
        return this.#sealRequest(tx, payload);
      }, scope);
    } catch (error) {
      for (const { waiting, error: own } of failed) waiting.reject(own);
      // Those that failed by themselves have heard so already.
      for (const waiting of batch) waiting.reject(error);
      return;
    }
    this.#waiting.unshift(...deferred);
    for (const { waiting, error } of failed) waiting.reject(error);
    try {
      const outcomes = await this.#deliver(kind, frame, scope, (tx, answers) => settleAll(tx, built, answers));
      built.forEach((waiting, i) => {
        const outcome = outcomes[i]!;
        if ('error' in outcome) waiting.reject(outcome.error);
        else waiting.resolve(outcome.value);
      });
    } catch (error) {
      for (const waiting of built) waiting.reject(error);
    }
  }

  /** What goes into the next frame: urgent messages alone, or else words alone, or others; whoever waits longest first. */
  #take(): Waiting[] {
    const kindOf = ({ request }: Waiting): string => (request.urgent ? 'urgent' : request.word ? 'word' : 'other');
    const kind = this.#waiting.some(({ request }) => request.urgent) ? 'urgent' : kindOf(this.#waiting[0]!);
    const most = kind === 'word' ? MAX_WORDS : MAX_MESSAGES;
    const batch: Waiting[] = [];
    const rest: Waiting[] = [];
    for (const waiting of this.#waiting) {
      const fits = batch.length < most && kindOf(waiting) === kind;
      (fits ? batch : rest).push(waiting);
    }
    this.#waiting = rest;
    return batch;
  }

  async #deliver<T>(
    kind: 'usual' | 'urgent',
    frame: Uint8Array,
    scope: string,
    settle: (tx: VaultTransaction, answers: readonly PeerAnswer[]) => Promise<T>,
  ): Promise<T> {
    this.#unanswered[kind] = frame;
    const bytes = await this.callUnsealed(frame);
    let isAuthentic = false;
    try {
      return await this.#vault.atomically(async (tx) => {
        isAuthentic = false;
        let answers: PeerAnswer[];
        try {
          answers = await this.#openAnswer(tx, bytes, frame);
        } catch (error) {
          throw new KmeError('kme/unreachable', `no valid answer from ${this.#peer}: ${sentence(error)}`, {
            cause: error,
          });
        }
        isAuthentic = true;
        return settle(tx, answers);
      }, scope);
    } finally {
      // When the vault fails after that, nobody knows whether the answer's pad is spent; if it is, the same frame would be
      // answered under it for ever.
      if (isAuthentic) this.#unanswered[kind] = undefined;
    }
  }

  /** The peer keeps its answers to the last pads. Other processes of this node may have used more since than it keeps. */
  async #giveUpIfForgotten(kind: 'usual' | 'urgent', frame: Uint8Array): Promise<void> {
    const { pad } = readRequest(frame);
    const next = await this.#vault.atomically((tx) => tx.pads(peerLane(this.#self, this.#peer)).next(), this.#peer);
    if (next > pad + KEPT_ANSWERS) this.#unanswered[kind] = undefined;
  }

  /**
   * The other end: checks a frame and applies its messages. `apply` runs in the transaction that spends the pad and
   * records the answer: its effect is durable before the answer leaves, and is there once. A frame that is not authentic
   * has no effect, spends nothing, and is answered with a sentence that nobody should trust; `refused` says why.
   * Words are heard between two transactions, since they may need the vault or the peer themselves: `hear` gets the same
   * words again when the process dies in between, and must bear that.
   */
  async receive(
    frame: Uint8Array,
    apply: (tx: VaultTransaction, message: PeerMessage) => Promise<PeerAnswer>,
    hear: (topic: string, body: Uint8Array) => Promise<PeerAnswer>,
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
      const scope = request.messages.every(({ kind }) => isLocal(kind)) ? this.#peer : '';
      return { answer: await this.#vault.atomically((tx) => this.#accept(tx, request, apply), scope) };
    } catch (refused) {
      return { answer: refusal(shorten(sentence(refused))), refused };
    }
  }

  #hearOnce(
    request: Request,
    words: readonly (PeerMessage & { readonly kind: 'word' })[],
    hear: (topic: string, body: Uint8Array) => Promise<PeerAnswer>,
  ): Promise<Uint8Array> {
    const name = request.digest;
    const current = this.#hearing.get(name);
    if (current) return current;
    const heard = (async () => {
      const known = await this.#vault.atomically((tx) => this.#admit(tx, request), this.#peer);
      if (known) return known;
      const answers = await Promise.all(words.map(({ topic, body }) => hear(topic, body)));
      return this.#vault.atomically((tx) => this.#conclude(tx, request, answers), this.#peer);
    })();
    this.#hearing.set(name, heard);
    return heard.finally(() => this.#hearing.delete(name));
  }

  async #accept(
    tx: VaultTransaction,
    request: Request,
    apply: (tx: VaultTransaction, message: PeerMessage) => Promise<PeerAnswer>,
  ): Promise<Uint8Array> {
    const known = await this.#admit(tx, request);
    if (known) return known;
    const answers: PeerAnswer[] = [];
    for (const message of request.messages) answers.push(await apply(tx, message));
    return this.#conclude(tx, request, answers);
  }

  /** The kept answer of a frame that was accepted before; else spends its pad if the tag is right, and takes that down. */
  async #admit(tx: VaultTransaction, request: Request): Promise<Uint8Array | undefined> {
    const name = this.#memoryOf(request);
    const kept = (await tx.recall(name)) as Accepted | undefined;
    if (kept && kept.pad === request.pad && kept.frame === request.digest) {
      if (kept.answer !== null) return fromHex(kept.answer);
      return kept.payload === null ? undefined : this.#answer(tx, name, kept, request.tag);
    }
    const use = { index: request.pad, context: `request ${this.#peer}>${this.#self}` };
    await this.#spend(tx, use, [request.signed], request.tag);
    await tx.remember(name, { pad: request.pad, frame: request.digest, payload: null, answer: null });
    return undefined;
  }

  async #conclude(tx: VaultTransaction, request: Request, answers: readonly PeerAnswer[]): Promise<Uint8Array> {
    const name = this.#memoryOf(request);
    const payload = toHex(writeList(answers.map(encodeAnswer)));
    const accepted = { pad: request.pad, frame: request.digest, payload, answer: null };
    const mustBeSaid = request.messages.some(({ kind }) => kind !== 'alarm' && kind !== 'void');
    if (mustBeSaid && (await this.padsLeft(tx)) <= PADS_KEPT) {
      throw new KmeError('kme/no-pads', `too little key is left to authenticate answers to ${this.#peer}`);
    }
    try {
      return await this.#answer(tx, name, accepted, request.tag);
    } catch (error) {
      // An alarm must take effect even when there is no key to say so; keys are assigned only when that can be said.
      if (mustBeSaid || !(error instanceof VaultError && error.code === 'vault/short')) throw error;
      await tx.remember(name, accepted);
      return refusal('done, but no key is left to authenticate the answer');
    }
  }

  #memoryOf({ pad }: Request): string {
    return `answered/${this.#peer}/${pad % KEPT_ANSWERS}`;
  }

  async #answer(tx: VaultTransaction, name: string, accepted: Accepted, requestTag: Uint8Array): Promise<Uint8Array> {
    const pads = tx.pads(peerLane(this.#self, this.#peer));
    const { index, pad } = await pads.useNext();
    const head = new Writer().raw(ascii('SKA2')).text(this.#self).text(this.#peer).u53(index).u53(accepted.pad);
    const signed = head.bytes(fromHex(accepted.payload!)).finish();
    const point = await pads.point();
    const answer = new Writer()
      .raw(signed)
      .raw(tag(point, pad, [signed, requestTag], `skykey-kme/2 answer ${this.#self}>${this.#peer}`))
      .finish();
    point.wipe();
    pad.wipe();
    await tx.remember(name, { ...accepted, answer: toHex(answer) });
    return answer;
  }

  async #sealRequest(tx: VaultTransaction, messages: readonly Uint8Array[]): Promise<Uint8Array> {
    const pads = tx.pads(peerLane(this.#self, this.#peer));
    const { index, pad } = await pads.useNext();
    const signed = new Writer()
      .raw(ascii('SKQ2'))
      .text(this.#self)
      .text(this.#peer)
      .u53(index)
      .bytes(writeList(messages))
      .finish();
    const point = await pads.point();
    const sealed = tag(point, pad, [signed], `skykey-kme/2 request ${this.#self}>${this.#peer}`);
    point.wipe();
    pad.wipe();
    return new Writer().raw(signed).raw(sealed).finish();
  }

  async #openAnswer(tx: VaultTransaction, bytes: Uint8Array, request: Uint8Array): Promise<PeerAnswer[]> {
    const signed = bytes.subarray(0, -TAG_BYTES);
    if (startsWith(bytes, 'SKR1')) throw new KmeError('kme/unreachable', new Reader(bytes.subarray(4)).text(4_000));
    const input = new Reader(signed).magic('SKA2');
    const [from, to, pad, requestPad] = [input.text(), input.text(), input.u53(), input.u53()];
    const payload = input.bytes(MAX_PAYLOAD_BYTES);
    input.end();
    const asked = readRequest(request);
    if (from !== this.#peer || to !== this.#self || requestPad !== asked.pad) {
      throw new KmeError('kme/not-for-us', `an answer from ${from} to message ${requestPad} of ${to}`);
    }
    const use = { index: pad, context: `answer ${this.#peer}>${this.#self}` };
    await this.#spend(tx, use, [signed, asked.tag], bytes.subarray(-TAG_BYTES));
    const answers = readList(payload).map(decodeAnswer);
    if (answers.length !== asked.messages.length)
      throw malformed(`${answers.length} answers to ${asked.messages.length} messages`);
    return answers;
  }

  /** Uses up a pad of the peer's for a tag that is right. A wrong one throws, and undoes it with the transaction. */
  async #spend(
    tx: VaultTransaction,
    { index, context }: { readonly index: number; readonly context: string },
    signed: readonly Uint8Array[],
    received: Uint8Array,
  ): Promise<void> {
    const pads = tx.pads(peerLane(this.#peer, this.#self));
    const point = await pads.point();
    let pad: Awaited<ReturnType<typeof pads.use>>;
    try {
      pad = await pads.use(index);
    } catch (error) {
      if (!(error instanceof VaultError && error.code === 'vault/taken')) throw error;
      throw new KmeError('kme/replayed', `the pad of message ${index} was used before`, { cause: error });
    }
    const expected = tag(point, pad, signed, `skykey-kme/2 ${context}`);
    point.wipe();
    pad.wipe();
    if (!checkTag(expected, received))
      throw new KmeError('kme/forged', `the tag of message ${index} is not the one expected`);
  }
}

/** Nothing was built, so nothing is to be sealed: the transaction is undone. */
class NothingToSend extends Error {}

type Outcome = { readonly value: unknown } | { readonly error: unknown };

async function settleAll(
  tx: VaultTransaction,
  built: readonly Waiting[],
  answers: readonly PeerAnswer[],
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const [i, { request }] of built.entries()) {
    try {
      outcomes.push({ value: await tx.atomically(() => request.settle(tx, answers[i]!)) });
    } catch (error) {
      outcomes.push({ error });
    }
  }
  return outcomes;
}

/** Messages that concern nothing but the lanes between the two nodes, and documents. */
const isLocal = (kind: PeerMessage['kind']): boolean => kind === 'assign' || kind === 'void';

interface Request {
  readonly from: string;
  readonly to: string;
  readonly pad: number;
  readonly messages: readonly PeerMessage[];
  readonly signed: Uint8Array;
  readonly tag: Uint8Array;
  /** SHA-256 of the whole frame, tag included. */
  readonly digest: string;
}

function readRequest(frame: Uint8Array): Request {
  const signed = frame.subarray(0, -TAG_BYTES);
  const input = new Reader(signed).magic('SKQ2');
  const head = { from: input.text(), to: input.text(), pad: input.u53() };
  const payload = input.bytes(MAX_PAYLOAD_BYTES);
  input.end();
  const messages = readList(payload).map((bytes) => decodeMessage(bytes, head.from, head.to));
  const digest = createHash('sha256').update(frame).digest('hex');
  return { ...head, messages, signed, tag: frame.subarray(-TAG_BYTES), digest };
}

function writeList(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Writer().u32(parts.length);
  for (const part of parts) out.bytes(part);
  return out.finish();
}

function readList(bytes: Uint8Array): Uint8Array[] {
  const input = new Reader(bytes);
  const count = input.u32();
  if (count < 1 || count > MAX_MESSAGES) throw malformed(`${count} messages in one frame`);
  const parts = Array.from({ length: count }, () => input.bytes(MAX_PAYLOAD_BYTES));
  input.end();
  return parts;
}

const refusal = (reason: string): Uint8Array => new Writer().raw(ascii('SKR1')).text(reason, 4_000).finish();

export const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Whether a message begins with these four letters. */
export const startsWith = (bytes: Uint8Array, magic: string): boolean =>
  bytes.length >= 4 && ascii(magic).every((byte, i) => bytes[i] === byte);

export function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
